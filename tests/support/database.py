"""Migrated databases to test on."""

import secrets
from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa

from infra.migrations import runner


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A migrated database: the owner's address and the service's."""

    __test__ = False

    owner_url: str
    service_url: str


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
