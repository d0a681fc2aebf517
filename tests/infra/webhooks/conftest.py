"""The application and its administrators, where receivers on this machine may be called and retries come soon."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from infra.settings import Settings
from market.app import create_app
from tests.support.application import running
from tests.support.database import TestDatabase
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.webhooks import Administrator, sending

AdministratorMaker = Callable[..., Awaitable[Administrator]]


@pytest.fixture(scope="session")
def local_settings(settings: Settings) -> Settings:
    """This machine's network is listed; three quick retries."""
    return settings.model_copy(
        update={
            "outgoing_networks": "127.0.0.0/8",
            "webhook_retry_delays_s": "0.1,0.1,0.1",
            "webhook_timeout_s": 2.0,
        }
    )


@pytest.fixture(scope="session")
async def local_app(local_settings: Settings) -> AsyncIterator[Litestar]:
    """The application with these settings."""
    made = create_app(local_settings)
    async with running(made):
        yield made


@pytest.fixture
async def administrator(local_app: Litestar, sessions: SessionMaker) -> AsyncIterator[AdministratorMaker]:
    """Makes an organisation with somebody who manages its endpoints."""
    opened: list[httpx.AsyncClient] = []

    async def make(kind: OrganisationKind = OrganisationKind.BUYER) -> Administrator:
        organisation_id = await make_organisation(sessions, kind)
        someone = await make_person(sessions, organisation_id, [Role.ORGANISATION_ADMIN])
        http = await sign_in(local_app, someone.email)
        opened.append(http)
        return Administrator(organisation_id, http)

    yield make
    for http in opened:
        await http.aclose()


@pytest.fixture
async def worker(
    database: TestDatabase, local_settings: Settings, sessions: SessionMaker
) -> AsyncIterator[None]:
    """A worker that delivers events and sends webhooks."""
    async with sending(database, local_settings, sessions):
        yield
