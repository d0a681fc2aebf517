"""Alembic's environment: runs as the owner of the schema, on asyncpg, in one transaction per upgrade."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from infra.db import create_engine
from infra.migrations import installs

config = context.config

# Tables of a kept library, which are not ours to compare.
FOREIGN_TABLES = ("pgqueuer",)


def include_name(name: str | None, kind: str, _: Any) -> bool:
    """Leave out what the job queue's library and the partitions of our own tables bring along."""
    if kind != "table" or name is None:
        return True
    return not name.startswith(FOREIGN_TABLES) and "_p_" not in name


def run(connection: Connection) -> None:
    """Run the migrations that were asked for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        include_name=include_name,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        # Two processes that start at once migrate one after the other; a busy table fails soon, not never.
        connection.execute(text("SELECT pg_advisory_xact_lock(7263541)"))
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()
        if context.get_context().get_current_revision() == context.get_head_revision():
            driver = connection.connection.dbapi_connection
            assert driver is not None
            role = connection.dialect.identifier_preparer.quote(config.attributes["service_role"])
            time_zone = config.attributes["time_zone"]
            driver.run_async(lambda raw: installs.install(raw, role, time_zone=time_zone))


async def main() -> None:
    """Connect as the owner and run."""
    engine = create_engine(config.attributes["owner_url"], pool_size=1)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


if (given := config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(main())
