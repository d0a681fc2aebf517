"""Liveness and readiness probes."""

import asyncio

import sqlalchemy as sa
from litestar import get
from litestar.datastructures import State

from infra.auth import public
from infra.errors import Unavailable
from infra.messages import Message
from infra.schema import Output


class Health(Output):
    """The outcome of a probe."""

    status: str


@get(
    "/health/live",
    opt=public("probes sign in nowhere"),
    tags=["Health"],
    summary="Liveness",
    operation_id="getLiveness",
    sync_to_thread=False,
)
def live() -> Health:
    """The process is running."""
    return Health(status="live")


@get(
    "/health/ready",
    opt=public("probes sign in nowhere"),
    tags=["Health"],
    summary="Readiness",
    operation_id="getReadiness",
)
async def ready(state: State) -> Health:
    """The service can serve: the database answers. 503 while it does not."""
    try:
        async with asyncio.timeout(3), state.sessions() as session:
            await session.execute(sa.select(1))
    except Exception as error:
        raise Unavailable(
            Message("The database cannot be reached."), remedy=Message("The service recovers by itself.")
        ) from error
    return Health(status="ready")
