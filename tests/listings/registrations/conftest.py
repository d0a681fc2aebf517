"""The registration office and a resource that waits for it."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from infra.db import SessionMaker
from tests.support.database import TestDatabase
from tests.support.parties import Party
from tests.support.products import resource_body
from tests.support.registrations import Office, registration_officer, set_notice_days


@pytest.fixture(scope="module")
async def officer(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Party]:
    """A person of the registration office."""
    async with registration_officer(app, sessions) as made:
        yield made


@pytest.fixture
async def office(owner: Party, officer: Party, database: TestDatabase) -> Office:
    """The registration office, an owner and its draft."""
    draft = await owner.post("/v1/resources", resource_body())
    return Office(owner, officer, draft["id"], database.owner_url)


@pytest.fixture
async def notice(database: TestDatabase) -> AsyncIterator[None]:
    """Public notices of ten working days, as the rules of the release have them."""
    await set_notice_days(database.owner_url, 10)
    yield
    await set_notice_days(database.owner_url, 0)
