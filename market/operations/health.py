"""Liveness and readiness probes."""

import asyncio
from datetime import datetime

from litestar import get
from litestar.datastructures import State
from pydantic import Field

from infra.errors import Unavailable
from infra.guards import public
from infra.heartbeats import service as heartbeats
from infra.messages import Message
from infra.query_parameters import IGNORED
from infra.schema import Output
from market.operations.readiness import (
    DATABASE,
    WORKER,
    Component,
    ComponentState,
    ReadinessStatus,
    failing,
    of_tasks,
    of_workers,
    status_of,
)

_DATABASE_SECONDS = 3


class Health(Output):
    """The outcome of a probe."""

    status: str


class ComponentHealth(Output):
    """How one part of the service stands."""

    status: ComponentState
    since: datetime | None = Field(None, description="Since when it is not up, where that is known")


class Readiness(Output):
    """The service can serve."""

    status: ReadinessStatus = Field(
        description="`degraded`: calls are answered; a component that they do not need is not up"
    )
    components: dict[str, ComponentHealth] = Field(description="The parts of the service by name")


@get(
    "/health/live",
    opt={**public("probes sign in nowhere"), IGNORED: "probes add what keeps caches away"},
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
    opt={**public("probes sign in nowhere"), IGNORED: "probes add what keeps caches away"},
    tags=["Health"],
    summary="Readiness",
    operation_id="getReadiness",
)
async def ready(state: State) -> Readiness:
    """The service can serve: the database answers, and what this process does all the time runs.

    503 names the component that is down. A worker that is away delays background work and no call, so it makes the
    service `degraded`: take an API out of rotation by the status code alone.
    """
    components = of_tasks(state.tasks.components())
    try:
        async with asyncio.timeout(_DATABASE_SECONDS), state.sessions() as session:
            workers = await heartbeats.list_workers(session)
    except Exception as error:
        components[DATABASE] = Component(ComponentState.DOWN)
        raise Unavailable(
            Message("The database cannot be reached."),
            remedy=Message("The service recovers by itself."),
            components=_told(components),
        ) from error
    components |= {DATABASE: Component(ComponentState.UP), WORKER: of_workers(workers)}
    if down := failing(components):
        raise Unavailable(
            Message("A component is down: {components}.", components=", ".join(down)),
            remedy=Message("It is started again by itself; the log says why it ended."),
            components=_told(components),
        )
    return Readiness(
        status=status_of(components),
        components={
            name: ComponentHealth(status=part.state, since=part.since) for name, part in components.items()
        },
    )


def _told(components: dict[str, Component]) -> dict[str, dict[str, str | None]]:
    """The same for a problem document. Why one is down is in the log and not for everybody."""
    return {
        name: {"status": part.state.value, "since": part.since.isoformat() if part.since else None}
        for name, part in components.items()
    }
