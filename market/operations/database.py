"""The database a command works on: a server of yours, or the embedded one, and its schema brought up to date."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import asyncpg
import sqlalchemy as sa
from alembic.util import CommandError
from pydantic import SecretStr

from infra.addresses import owner_url, service_login, service_url
from infra.migrations import runner
from infra.postgres import EmbeddedPostgres, ServerAddress
from infra.settings import Settings
from market.operations.errors import CommandFailed

if TYPE_CHECKING:
    from infra.db import AsyncSession

ResultT = TypeVar("ResultT")


def with_server(settings: Settings, address: ServerAddress) -> Settings:
    """The same settings, with the embedded server's address where a server of yours would stand."""
    return settings.model_copy(update={"database_url": SecretStr(address.url("postgresql"))})


async def probe(url: str) -> None:
    """Make sure that a database answers at an address.

    :raises CommandFailed: nothing answers there, or it is no address of PostgreSQL.
    """
    try:
        address = sa.make_url(url)
        known = address.get_backend_name() in {"postgresql", "postgres"}
    except (sa.exc.ArgumentError, ValueError):
        known = False
    if not known:
        # What was written is not shown: it may hold the password.
        raise CommandFailed(
            "DATABASE_URL is no address of a PostgreSQL database: write it like "
            "postgresql://user:password@host:5432/database, or leave it out to use the embedded server."
        )
    try:
        connection = await asyncpg.connect(address.set(drivername="postgresql").render_as_string(False))
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        raise CommandFailed(
            f"PostgreSQL cannot be reached ({error or type(error).__name__}): start it, or correct DATABASE_URL."
        ) from error
    await connection.close()


def require_data(settings: Settings) -> None:
    """Make sure that there is a market to work on: a database of yours, or a data folder with the embedded one.

    :raises CommandFailed: there is neither; a mistyped folder would be filled with a service that nobody wanted.
    """
    external = settings.database_url is not None or settings.database_service_url is not None
    if not external and not (settings.data_dir / "postgres.json").exists():
        raise CommandFailed(
            f"There is no market's data in {settings.data_dir}: name its folder with --data-dir or MARKET_DATA_DIR, "
            "or make one with `market up`."
        )


@contextmanager
def reachable(settings: Settings, *, start: bool) -> Iterator[Settings]:
    """Settings whose database answers: as given, or on the embedded server.

    :param start: start the embedded server where it does not run, and stop it again afterwards.
    :raises PostgresError: the embedded server is needed and does not run, or cannot be started.
    :raises CommandFailed: nothing answers at the address that is set.
    """
    if settings.database_url is not None or (settings.database_service_url is not None and not start):
        address = settings.database_url if start else settings.database_service_url or settings.database_url
        asyncio.run(probe(address.get_secret_value() if address is not None else ""))
        make_data_folder(settings)
        yield settings
        return
    server = EmbeddedPostgres(settings.data_dir)
    if server.running() or not start:
        yield with_server(settings, server.address)
        return
    try:
        yield with_server(settings, server.start())
    finally:
        server.stop()


def make_data_folder(settings: Settings) -> None:
    """Make the data folder (0700) where it does not exist.

    :raises CommandFailed: it cannot be made.
    """
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(
            f"Cannot make the data folder {settings.data_dir}: {error.strerror}. Choose another with --data-dir."
        ) from error


async def migrate(settings: Settings) -> None:
    """Create the service's login and bring the schema to what this version needs.

    :raises SchemaMismatch: the schema is of a newer version of the service.
    """
    url = owner_url(settings)
    make_data_folder(settings)
    login = await asyncio.to_thread(service_login, settings)
    try:
        await runner.upgrade(url, login, time_zone=settings.time_zone)
    except CommandError:
        # Alembic does not know the revision it found: check() has the words for that.
        await runner.check(url, time_zone=settings.time_zone)
        raise


async def bring_up_to_date(settings: Settings) -> None:
    """Migrate when there is something to migrate; otherwise only see to the service's login.

    :raises CommandFailed: the database cannot be reached.
    :raises SchemaMismatch: the schema is of a newer version of the service.
    """
    url = owner_url(settings)
    await probe(url)
    try:
        await runner.check(url, time_zone=settings.time_zone)
    except runner.SchemaMismatch:
        await migrate(settings)
    else:
        await runner.ensure_service_login(url, service_login(settings))


async def restore_administrator(settings: Settings, email: str) -> str:
    """Let an address in to administer the platform again; the generated password.

    :raises CommandFailed: the address is none, or there is no platform yet.
    :raises SchemaMismatch: the schema is not that of this version of the service.
    """
    from market.participants.platform_administrators import restore

    return await _for_platform(settings, email, restore)


async def issue_password_reset(settings: Settings, email: str) -> str:
    """A one-time link for a new password of somebody who runs the market; its token.

    :raises CommandFailed: the address is none, nobody has it there, or there is no platform yet.
    :raises SchemaMismatch: the schema is not that of this version of the service.
    """
    from market.participants.platform_administrators import issue_password_reset as issue

    return await _for_platform(settings, email, issue)


async def reset_second_factor(settings: Settings, email: str) -> bool:
    """Take the second factor of somebody who runs the market away; whether there was one.

    :raises CommandFailed: the address is none, nobody has it there, or there is no platform yet.
    :raises SchemaMismatch: the schema is not that of this version of the service.
    """
    from market.participants.platform_administrators import reset_second_factor as reset

    return await _for_platform(settings, email, reset)


async def _for_platform(
    settings: Settings, email: str, work: Callable[["AsyncSession", Settings, str], Awaitable[ResultT]]
) -> ResultT:
    from infra.db import create_engine, create_sessions, transaction
    from infra.errors import NotFound

    await runner.check(service_url(settings), time_zone=settings.time_zone)
    engine = create_engine(service_url(settings), pool_size=1)
    try:
        async with transaction(create_sessions(engine)) as session:
            return await work(session, settings, email)
    except ValueError as error:
        raise CommandFailed(f"{email} {error}.") from error
    except NotFound as error:
        raise CommandFailed(
            f"{error.detail} `market migrate --administrator` makes the first administrator,"
            " `market restore-administrator` lets a further one in."
        ) from error
    finally:
        await engine.dispose()


async def first_administrator(settings: Settings) -> str | None:
    """Make the first platform administrator; the generated password, or None when there is one already."""
    from infra.db import create_engine, create_sessions, transaction
    from infra.identity.service import bootstrap_administrator

    engine = create_engine(service_url(settings), pool_size=1)
    try:
        async with transaction(create_sessions(engine)) as session:
            return await bootstrap_administrator(session, settings.admin_email)
    finally:
        await engine.dispose()
