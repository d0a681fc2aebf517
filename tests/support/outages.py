"""A database that takes no connections for a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.support.database import TestDatabase


@asynccontextmanager
async def refusing_connections(database: TestDatabase) -> AsyncIterator[None]:
    """Refuse the service's new connections, with an error that in the middle of a statement is a fault of ours."""
    owner = await asyncpg.connect(database.owner_url)
    service = await asyncpg.connect(database.service_url)
    name, role = (
        await owner.fetchval("SELECT current_database()"),
        await service.fetchval("SELECT current_user"),
    )
    await service.close()
    try:
        await owner.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC, "{role}"')
        yield
    finally:
        await owner.execute(f'GRANT CONNECT ON DATABASE "{name}" TO PUBLIC, "{role}"')
        await owner.close()
