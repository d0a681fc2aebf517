"""Databases to test on: a server, a database migrated once, and copies of it, which cost a twentieth of a second."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


END_MONTH = """
CREATE SCHEMA testing;
GRANT USAGE ON SCHEMA testing TO "{role}";
-- A month takes too long: the open period of a licence ends now.
CREATE FUNCTION testing.end_month(p_licence uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    UPDATE public.licence_counters SET period_ends_at = clock_timestamp()
     WHERE licence_id = p_licence AND period_ends_at > clock_timestamp()
$$;
"""


WITHOUT_NOTICE = """
-- Ten working days take too long: what passes the formal review is registered at once. Tests of the notice set rules of
-- their own.
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status)
SELECT gen_random_uuid(), key, 2, '0', now(), 'For tests', 'house' FROM rulebook_parameters
 WHERE key LIKE 'registration.%_notice_days' AND value <> '0'
"""


@dataclass(frozen=True, slots=True)
class TestServer:
    """A server with a migrated database that nobody uses, for copying. All fields are plain text.

    :ivar url: address of any database there, as one who may create databases and roles.
    :ivar template: name of the migrated database.
    :ivar role: the service's login in the template and in every copy of it.
    """

    __test__ = False

    url: str
    template: str
    role: str
    password: str

    @classmethod
    async def prepare(cls, url: str) -> "TestServer":
        """Migrate a template on a server."""
        name = fresh_name()
        made = cls(url, name, f"{name}_service", secrets.token_hex(16))
        await execute(url, f'CREATE DATABASE "{name}"')
        owner_url = made.address(name).owner_url
        await runner.upgrade(owner_url, runner.ServiceLogin(made.role, made.password))
        await execute(owner_url, END_MONTH.format(role=made.role))
        await execute(owner_url, WITHOUT_NOTICE)
        return made

    async def remove(self) -> None:
        """Drop the template and the service's login."""
        await drop_database(self.url, self.template)
        await execute(self.url, f'DROP ROLE "{self.role}"')

    def address(self, name: str) -> TestDatabase:
        """Addresses of the template or a copy."""
        owner = sa.make_url(self.url).set(database=name)
        service = owner.set(username=self.role, password=self.password)
        return TestDatabase(
            owner.render_as_string(hide_password=False), service.render_as_string(hide_password=False)
        )

    @asynccontextmanager
    async def copy(self, template: str | None = None) -> AsyncIterator[TestDatabase]:
        """A database of one's own, dropped at the end.

        :param template: the database to copy, to which nobody may be connected; the migrated, empty one without it.
        """
        name = fresh_name()
        await execute(self.url, f'CREATE DATABASE "{name}" TEMPLATE "{template or self.template}"')
        try:
            yield self.address(name)
        finally:
            await drop_database(self.url, name)

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[tuple[str, runner.ServiceLogin]]:
        """The owner's address of a database without a schema, and a login for its service; both dropped at the end."""
        name = fresh_name()
        login = runner.ServiceLogin(f"{name}_service", "not-secret")
        url = self.address(name).owner_url
        await execute(self.url, f'CREATE DATABASE "{name}"')
        try:
            await runner.ensure_service_login(url, login)
            yield url, login
        finally:
            await drop_database(self.url, name)
            await execute(self.url, f'DROP ROLE IF EXISTS "{login.role}"')


def fresh_name() -> str:
    """A name for a database that no other run uses."""
    return f"market_test_{secrets.token_hex(4)}"


async def execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def drop_database(url: str, name: str) -> None:
    """Drop a database that the caller has left.

    Without FORCE: an owner may not end an autovacuum worker by it, and is refused; without it PostgreSQL waits five
    seconds for sessions that are closing and ends the worker itself.
    """
    await execute(url, f'DROP DATABASE IF EXISTS "{name}"')
