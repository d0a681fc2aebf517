"""Bring a database to the schema this version of the service needs, and say how it stands."""

import asyncio
from pathlib import Path

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from infra.addresses import ServiceLogin
from infra.migrations import installs
from infra.settings import DEFAULT_TIME_ZONE

__all__ = ["SchemaMismatch", "ServiceLogin", "check", "ensure_service_login", "head", "upgrade"]

FOLDER = Path(__file__).parent


class SchemaMismatch(RuntimeError):
    """The database's schema is older or newer than this version of the service; the text says what to do."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def head() -> str:
    """The newest revision that this version of the service knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


async def ensure_service_login(owner_url: str, login: ServiceLogin) -> None:
    """Create the service's role when it is absent and set its password; it owns nothing and inherits nothing.

    :raises asyncpg.InsufficientPrivilegeError: the owner may not create roles.
    """
    connection = await asyncpg.connect(_plain(owner_url))
    try:
        async with connection.transaction():
            # Changing a role twice at once fails in PostgreSQL; two processes take turns instead.
            await connection.execute("SELECT pg_advisory_xact_lock(7263543)")
            quoted = '"' + login.role.replace('"', '""') + '"'
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", login.role):
                await connection.execute(
                    f"CREATE ROLE {quoted} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
                )
            if login.password is not None:
                secret = await connection.fetchval("SELECT quote_literal($1)", login.password)
                await connection.execute(f"ALTER ROLE {quoted} PASSWORD {secret}")
            database = await connection.fetchval("SELECT quote_ident(current_database())")
            await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {quoted}")
            await connection.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    finally:
        await connection.close()


async def upgrade(owner_url: str, login: ServiceLogin, *, time_zone: str = DEFAULT_TIME_ZONE) -> None:
    """Create the service's login and run every migration that is missing. Safe to run twice, also at once.

    :param time_zone: IANA name of the zone in which billing months begin and end.
    """
    await ensure_service_login(owner_url, login)
    config = _config()
    config.attributes["owner_url"] = owner_url
    config.attributes["service_role"] = login.role
    config.attributes["time_zone"] = time_zone
    await asyncio.to_thread(command.upgrade, config, "head")


async def check(url: str, *, time_zone: str = DEFAULT_TIME_ZONE) -> None:
    """Make sure that the database has exactly the schema this version needs.

    :param time_zone: IANA name of the zone in which billing months begin and end.

    :raises SchemaMismatch: it has not.
    """
    connection = await asyncpg.connect(_plain(url))
    try:
        present = await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
        found = await connection.fetchval("SELECT version_num FROM alembic_version") if present else None
        outdated = await installs.outdated(connection, time_zone=time_zone) if found == head() else []
    finally:
        await connection.close()
    if outdated == ["market_time_zone"]:
        raise SchemaMismatch(
            f"The database's billing months are those of another time zone than {time_zone} (MARKET_TIME_ZONE): run"
            " `market migrate`. Billing periods that are open keep the end that they have."
        )
    if outdated:
        raise SchemaMismatch(
            f"The database's functions ({', '.join(outdated)}) are made for other metered units than this version's:"
            " run `market migrate`."
        )
    if found == head():
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is None or found in known:
        raise SchemaMismatch(
            f"The database's schema is at {found or 'nothing'}, this version needs {head()}: run `market migrate`."
        )
    raise SchemaMismatch(
        f"The database's schema ({found}) is newer than this version of the service ({head()}):"
        " install the newer version."
    )


def _plain(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
