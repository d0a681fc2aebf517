"""What the data plane of one process hears of revisions: that others are read now, that data was purged.

It only makes a process quicker. What a process remembers of revisions is good for a second in any case, and admission
asks the database whether a revision was stopped; but purged data is kept nowhere, so what may have been missed while
nobody listened is made up for by keeping nothing at all.
"""

import asyncio
from uuid import UUID

import asyncpg
import structlog

from infra.outages import UNAVAILABLE
from listings.revisions.domain import CHANNEL, PURGED
from market.delivery.service import DataPlane

RECONNECT_SECONDS = 1.0
_ALIVE_SECONDS = 15.0

log = structlog.get_logger()


async def listen(dsn: str, plane: DataPlane) -> None:
    """Listen for as long as the process lives; when the database goes away, wait for it.

    :param dsn: address of the service's own login, as libpq writes it.
    """
    missed = False
    while True:
        try:
            await _listen(dsn, plane, missed=missed)
        except UNAVAILABLE as error:
            log.warning("database_unavailable", channel=CHANNEL, error=type(error).__name__)
        missed = True
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen(dsn: str, plane: DataPlane, *, missed: bool) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.add_listener(CHANNEL, lambda *said: heard(plane, str(said[-1])))
        if missed:
            plane.forget_data()
        while True:
            await asyncio.sleep(_ALIVE_SECONDS)
            await connection.execute("SELECT 1", timeout=10)
    finally:
        await connection.close(timeout=5)


def heard(plane: DataPlane, said: str) -> None:
    """Take in one notification: a product's id, or that data was purged."""
    if said == PURGED:
        plane.forget_data()
    else:
        plane.revision_changed(UUID(said))
