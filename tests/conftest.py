"""What every test stands on: a real PostgreSQL, migrated once; a rolled-back session; the real application.

``DATABASE_URL`` runs the suite against a server of your own: a database is created there and dropped at the end.
Fixtures only: what a test imports is in ``tests/support``.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import argon2
import httpx
import hypothesis
import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.auth import OrganisationKind
from infra.db import AsyncSession, SessionMaker, create_engine, create_sessions
from infra.identity import credentials
from infra.postgres import throwaway
from infra.settings import Settings
from tests.support import schedule
from tests.support.application import running
from tests.support.bargain import Bargain, a_bargain
from tests.support.command import MarketCommand
from tests.support.conversions import converted_once
from tests.support.database import TestDatabase, TestServer
from tests.support.parties import Party, PartyMaker, parties
from tests.support.products import published

# `--hypothesis-profile`: how many examples a property gets. A failure prints what repeats it.
hypothesis.settings.register_profile("fast", max_examples=10)
# In CI the examples are the same each time, so that a change is judged by what it changes; by hand they are new ones.
hypothesis.settings.register_profile(
    "deep", max_examples=2_000, deadline=None, derandomize="CI" in os.environ
)

SERVER = pytest.StashKey[TestServer]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they cost; on workers, start with what takes long."""
    schedule.mark(items)
    if hasattr(config, "workerinput"):
        schedule.order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> schedule.Together:
    """Keep on one worker what shares a costly fixture."""
    return schedule.Together(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every worker of pytest-xdist the one server, which is started with the first of them."""
    if SERVER not in node.config.stash:
        running = ExitStack()
        node.config.add_cleanup(running.close)
        node.config.stash[SERVER] = running.enter_context(prepared_server())
    node.workerinput["test_server"] = asdict(node.config.stash[SERVER])


@contextmanager
def prepared_server() -> Iterator[TestServer]:
    """The server at ``DATABASE_URL``, or one that is thrown away; with the template migrated."""
    with ExitStack() as running:
        url = os.environ.get("DATABASE_URL")
        made = asyncio.run(
            TestServer.prepare(url or running.enter_context(throwaway()).address.url("postgresql"))
        )
        yield made
        if url:
            asyncio.run(made.remove())


@pytest.fixture(scope="session")
def test_server(request: pytest.FixtureRequest) -> Iterator[TestServer]:
    """A server to make databases on."""
    if (shared := getattr(request.config, "workerinput", None)) is not None:
        yield TestServer(**shared["test_server"])
    else:
        with prepared_server() as made:
            yield made


@pytest.fixture(scope="session")
async def database(test_server: TestServer) -> AsyncIterator[TestDatabase]:
    """One migrated database for the whole run, or for this worker's part of it."""
    async with test_server.copy() as made:
        yield made


@pytest.fixture
async def nobody(test_server: TestServer) -> AsyncIterator[TestDatabase]:
    """A database in which nobody is."""
    async with test_server.copy() as made:
        yield made


@pytest.fixture
async def fresh(nobody: TestDatabase) -> AsyncIterator[SessionMaker]:
    """Sessions on a database in which nobody is."""
    engine = create_engine(nobody.service_url)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture(scope="session")
async def engine(database: TestDatabase) -> AsyncIterator[AsyncEngine]:
    """Connections as the service's own role, which owns nothing."""
    made = create_engine(database.service_url, pool_size=10)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def sessions(engine: AsyncEngine) -> SessionMaker:
    """Sessions that really commit, for tests of concurrency; use ids of your own."""
    return create_sessions(engine)


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session whose transaction is rolled back at the end of the test."""
    async with engine.connect() as connection:
        outer = await connection.begin()
        async with AsyncSession(
            bind=connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as made:
            yield made
        await outer.rollback()


@pytest.fixture(scope="session", autouse=True)
def production_hasher() -> Iterator[argon2.PasswordHasher]:
    """What passwords are hashed with outside of tests; in them a hash takes no time and no memory."""
    kept = credentials._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            credentials, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        )
        yield kept


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder of the application under test."""
    return tmp_path_factory.mktemp("market-data")


@pytest.fixture(scope="session")
def settings(data_dir: Path, database: TestDatabase) -> Settings:
    """Settings of the application under test."""
    return Settings(
        _env_file=None,
        data_dir=data_dir,
        database_url=database.owner_url,
        database_service_url=database.service_url,
        public_base_url="http://market.test",
        log_level="ERROR",
        metrics_port=0,
        worker_metrics_port=0,
        # All tests come from one address; those about its limits set their own.
        sign_ins_per_minute=1_000_000,
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The real application, its lifespan running."""
    from market.app import create_app

    made = create_app(settings)
    async with running(made):
        yield made


@pytest.fixture(scope="session")
def market_command() -> Iterator[MarketCommand]:
    """The `market` command."""
    with MarketCommand() as made:
        yield made


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the real application that nobody is signed in on."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://market.test") as made:
        yield made


@pytest.fixture(scope="session")
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Files that tests upload are converted in this process, and the same one for the first of them only."""
    with converted_once(tmp_path_factory.mktemp("converted")):
        yield


@pytest.fixture
async def party(app: Litestar, sessions: SessionMaker, conversions: None) -> AsyncIterator[PartyMaker]:
    """Makes a party of a kind, verified unless told otherwise; committed."""
    async with parties(app, sessions) as made:
        yield made


@pytest.fixture
async def owner(party: PartyMaker) -> Party:
    """A verified data owner."""
    return await party(OrganisationKind.OWNER)


@pytest.fixture
async def operator(party: PartyMaker) -> Party:
    """A verified operator."""
    return await party(OrganisationKind.OPERATOR)


@pytest.fixture
async def buyer(party: PartyMaker) -> Party:
    """A verified buyer."""
    return await party(OrganisationKind.BUYER)


@pytest.fixture
async def regulator(party: PartyMaker) -> Party:
    """A regulator."""
    return await party(OrganisationKind.REGULATOR)


@pytest.fixture
async def bargain(owner: Party, operator: Party, buyer: Party, regulator: Party) -> Bargain:
    """A product on the market, with its parties."""
    return Bargain(owner, operator, buyer, regulator, await published(owner, operator, regulator))


@pytest.fixture(scope="session")
async def untouched_bargain(
    app: Litestar, sessions: SessionMaker, conversions: None
) -> AsyncIterator[Bargain]:
    """The same, once for all tests that leave it as it is: what they ask is refused, or rolled back."""
    async with a_bargain(app, sessions) as made:
        yield made
