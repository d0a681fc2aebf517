"""Licences to meter, and a connection to look at what was recorded."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.support.database import TestDatabase
from tests.support.metering import Connection, LicenceMaker, licences


@pytest.fixture
def make_licence(database: TestDatabase) -> LicenceMaker:
    """Opens the counters of a licence; committed."""
    return licences(database.owner_url)


@pytest.fixture
async def connection(database: TestDatabase) -> AsyncIterator[Connection]:
    """A connection of the service's own role, without a transaction around it."""
    made = await asyncpg.connect(database.service_url)
    yield made
    await made.close()
