"""The tables in the code and the tables that the migrations make are the same."""

import asyncio
import sys
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from infra.db import create_engine
from infra.migrations import runner
from tests.support.database import TestDatabase, TestServer

ROOT = Path(__file__).parents[2]
FLOORS = ("infra", "pricing", "quality", "listings", "contracts", "market")
# Written by hand or by a kept library: the queue's tables, and partitions, which follow their parent.
FOREIGN = ("pgqueuer", "usage_records_p")


def import_all_tables() -> None:
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            if "table=True)" in path.read_text(encoding="utf-8"):
                import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


async def test_tables_equal_migrations(database: TestDatabase) -> None:
    import_all_tables()

    def compare(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or not (name or "").startswith(FOREIGN),
            },
        )
        return list(compare_metadata(context, SQLModel.metadata))

    engine = create_engine(database.owner_url)
    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()
    assert [d for d in differences if "alembic_version" not in str(d)] == []


async def test_two_processes_migrate_at_once(test_server: TestServer) -> None:
    async with test_server.empty() as (url, login):
        code = (
            "import asyncio, sys; from infra.migrations import runner;"
            "asyncio.run(runner.upgrade(sys.argv[1], runner.ServiceLogin(sys.argv[2], 'not-secret')))"
        )
        both = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, login.role)
            for _ in range(2)
        ]
        assert [await process.wait() for process in both] == [0, 0]
        await runner.check(url)


async def test_another_schema_is_told_in_one_line(test_server: TestServer, database: TestDatabase) -> None:
    with pytest.raises(runner.SchemaMismatch, match="run `market migrate`"):
        await runner.check(test_server.url)
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(runner.SchemaMismatch, match="newer than this version"):
            await runner.check(database.service_url)
    finally:
        await owner.execute("UPDATE alembic_version SET version_num = $1", runner.head())
        await owner.close()
