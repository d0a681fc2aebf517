"""What a caller is told when the database cuts a request off, or gives it up for another one."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar, get
from litestar.di import Provide
from sqlalchemy.ext.asyncio import AsyncEngine

from infra import problems
from infra.db import AsyncSession, SessionMaker, transaction
from infra.errors import NotFound
from infra.messages import Message
from market.app import provide_session
from tests.support.database import TestDatabase
from tests.support.outages import refusing_connections


async def _cut(sessions: SessionMaker, *victims: AsyncSession) -> None:
    async with transaction(sessions) as killing:
        for victim in victims:
            pid = (await victim.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
            await killing.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


@pytest.fixture
async def caller(sessions: SessionMaker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that has handlers for every bad end."""

    @get("/absent")
    async def absent(session: AsyncSession) -> None:
        await _cut(sessions, session)
        raise NotFound(Message("There is nothing at this address."))

    @get("/apart")
    async def apart(session: AsyncSession) -> None:
        async with transaction(sessions) as other:
            await _cut(sessions, session, other)
            await other.execute(sa.text("SELECT 1"))

    @get("/deadlock")
    async def deadlock(session: AsyncSession) -> None:
        async with transaction(sessions) as other:
            lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 3))")
            await session.execute(lock, {"name": "first"})
            await other.execute(lock, {"name": "second"})
            one = asyncio.create_task(session.execute(lock, {"name": "second"}))
            two = asyncio.create_task(other.execute(lock, {"name": "first"}))
            done, _ = await asyncio.wait({one, two}, return_when=asyncio.FIRST_EXCEPTION)
            # What was given up holds its lock until it is rolled back, and the other waits for that.
            await (session if one in done else other).rollback()
            await asyncio.gather(one, two)

    app = Litestar(
        [absent, apart, deadlock],
        dependencies={"session": Provide(provide_session)},
        exception_handlers=problems.HANDLERS,
        openapi_config=None,
    )
    app.state.sessions = sessions
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_refusal_stays_one_when_the_connection_is_lost_meanwhile(caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/absent")
    assert answer.status_code == 404, answer.text


async def test_two_connections_lost_by_one_request_are_an_outage(caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/apart")
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"


async def test_a_server_that_takes_no_connection_is_an_outage_whatever_its_reason(
    caller: httpx.AsyncClient, database: TestDatabase, engine: AsyncEngine
) -> None:
    async with refusing_connections(database):
        await engine.dispose()
        answer = await caller.get("/apart")
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"


async def test_a_deadlock_is_to_be_tried_again(caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/deadlock")
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"
    assert "at the same time" in answer.json()["detail"]
