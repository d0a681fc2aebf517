"""A concluded agreement with its licence, metered use, and somebody who calls about it."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.memory_budget import Claim
from market.settlement.rails.bank.files import reading
from tests.support.database import TestDatabase
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.settlement import Caller, Meter, Trade, TradeMaker, a_trade, callers, metering


@pytest.fixture(scope="module", autouse=True)
def read_here() -> Iterator[None]:
    """Bank statements are read in this process; what the process of their own is for, test_reading.py tests."""

    async def answer(document: bytes, home: Path, _: Claim) -> dict[str, Any]:
        path = home / "statement.xml"
        path.write_bytes(document)
        answer: dict[str, Any] = json.loads(json.dumps(reading._answer({"path": str(path)})))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_ask", answer)
        yield


@pytest.fixture
def trade_of(sessions: SessionMaker) -> TradeMaker:
    """Makes a trade; committed."""

    async def make(**wishes: Any) -> Trade:
        async with transaction(sessions) as session:
            return await a_trade(session, **wishes)

    return make


@pytest.fixture
async def meter(database: TestDatabase) -> AsyncIterator[Meter]:
    """Admits and records calls on a licence as the data plane does; committed."""
    async with metering(database) as made:
        yield made


@pytest.fixture
async def caller(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Caller]:
    """Makes a client that calls the real application as a program of somebody's organisation and role."""
    async with callers(app, sessions) as made:
        yield made


@pytest.fixture
async def officers(app: Litestar, sessions: SessionMaker) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Two finance officers and a platform administrator, signed in."""
    home = await make_organisation(sessions, OrganisationKind.PLATFORM)
    roles = (Role.FINANCE_OFFICER, Role.FINANCE_OFFICER, Role.PLATFORM_ADMIN)
    people = [await make_person(sessions, home, [role]) for role in roles]
    made = [await sign_in(app, person.email) for person in people]
    yield made
    for client in made:
        await client.aclose()
