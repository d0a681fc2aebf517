"""The people of a small market, signed in."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from tests.support.people import Someone, make_organisation, make_person, sign_in


@pytest.fixture
async def administrator(sessions: SessionMaker) -> Someone:
    """An administrator of the platform."""
    organisation_id = await make_organisation(sessions, OrganisationKind.PLATFORM)
    return await make_person(sessions, organisation_id, [Role.PLATFORM_ADMIN, Role.ORGANISATION_ADMIN])


@pytest.fixture
async def platform(app: Litestar, administrator: Someone) -> AsyncIterator[httpx.AsyncClient]:
    """The platform administrator's browser."""
    made = await sign_in(app, administrator.email)
    yield made
    await made.aclose()


@pytest.fixture
async def buyer(sessions: SessionMaker) -> Someone:
    """The administrator of a verified buyer."""
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    return await make_person(sessions, organisation_id, [Role.BUYER, Role.ORGANISATION_ADMIN])


@pytest.fixture
async def buyers(app: Litestar, buyer: Someone) -> AsyncIterator[httpx.AsyncClient]:
    """The buyer's administrator's browser."""
    made = await sign_in(app, buyer.email)
    yield made
    await made.aclose()


@pytest.fixture
async def regulator(app: Litestar, sessions: SessionMaker) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a regulator's officer who is also its administrator."""
    organisation_id = await make_organisation(sessions, OrganisationKind.REGULATOR)
    someone = await make_person(sessions, organisation_id, [Role.REGULATOR_OFFICER, Role.ORGANISATION_ADMIN])
    made = await sign_in(app, someone.email)
    yield made
    await made.aclose()


@pytest.fixture
async def empty(sessions: SessionMaker) -> str:
    """Where an organisation is found that nobody belongs to yet."""
    return f"/v1/organisations/{await make_organisation(sessions, OrganisationKind.BUYER)}"


@pytest.fixture
async def second(
    app: Litestar, administrator: Someone, sessions: SessionMaker
) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of another administrator of the platform."""
    other = await make_person(sessions, administrator.organisation_id, [Role.PLATFORM_ADMIN])
    made = await sign_in(app, other.email)
    yield made
    await made.aclose()


@pytest.fixture
def home(buyer: Someone) -> str:
    """Where the organisation is found whose administrator is lost."""
    return f"/v1/organisations/{buyer.organisation_id}"
