"""What every test stands on: a real PostgreSQL, migrated once; a rolled-back session; the real application.

``DATABASE_URL`` runs the suite against a server of your own: a database is created there and dropped at the end.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.db import AsyncSession, SessionMaker, create_engine, create_sessions
from infra.migrations import runner
from infra.postgres import throwaway
from infra.settings import Settings


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A migrated database: the owner's address and the service's."""

    __test__ = False

    owner_url: str
    service_url: str


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Owner's address of a server to make databases on."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with throwaway() as server:
        yield server.address.url("postgresql")


async def make_database(server_url: str) -> TestDatabase:
    """A fresh, migrated database on the server."""
    name = f"market_test_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    owner = sa.make_url(server_url).set(database=name)
    login = runner.ServiceLogin(f"{name}_service", secrets.token_hex(16))
    owner_url = owner.render_as_string(hide_password=False)
    await runner.upgrade(owner_url, login)
    service = owner.set(username=login.role, password=login.password)
    return TestDatabase(owner_url, service.render_as_string(hide_password=False))


async def drop_database(server_url: str, database: TestDatabase) -> None:
    """Remove a test's database and its login."""
    name = sa.make_url(database.owner_url).database
    role = sa.make_url(database.service_url).username
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.execute(f'DROP ROLE "{role}"')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def database(server_url: str) -> AsyncIterator[TestDatabase]:
    """One migrated database for the whole run."""
    made = await make_database(server_url)
    yield made
    await drop_database(server_url, made)


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
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The real application, its lifespan running."""
    from market.app import create_app

    made = create_app(settings)
    up, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # A lifespan ends in the task it began in, which a fixture's two halves are not.
        async with made.lifespan():
            up.set()
            await done.wait()

    life = asyncio.create_task(live())
    begun = asyncio.create_task(up.wait())
    await asyncio.wait({life, begun}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    yield made
    done.set()
    await life


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the real application that nobody is signed in on."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://market.test") as made:
        yield made
