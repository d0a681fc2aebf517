"""Which errors say that the database, or the room to write, is away for the moment: what failed may be tried again."""

import errno

import asyncpg
import sqlalchemy as sa

UNAVAILABLE = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # A connection that is cut at a bad moment leaves asyncpg's own protocol in a state it did not foresee.
    asyncpg.InternalClientError,
    sa.exc.DBAPIError,
    sa.exc.TimeoutError,
)
"""What a loop that only talks to the database may meet when that goes away."""

_OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    sa.exc.TimeoutError,
)
_FATAL = ("FATAL", "PANIC")
_COLLISIONS = (
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.TransactionRollbackError,
)
_NO_ROOM = (
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)
_NO_ROOM_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.EMFILE})


def is_outage(error: BaseException) -> bool:
    """Whether the database was away: the connection was lost, or none could be had."""
    if isinstance(error, sa.exc.DBAPIError):
        found = _cause(error)
        return error.connection_invalidated or isinstance(found, (*_OUTAGES, OSError)) or is_fatal(found)
    return isinstance(error, _OUTAGES) or is_fatal(error)


def is_fatal(error: BaseException | None) -> bool:
    """Whether the server refused or ended the connection with this error, whatever its code.

    A full volume, for one, keeps PostgreSQL from writing what each new connection needs, and has no code for it.
    """
    return isinstance(error, asyncpg.PostgresError) and getattr(error, "severity_en", None) in _FATAL


def is_out_of_room(error: BaseException) -> bool:
    """Whether the database, or a volume of this machine, takes nothing more for the moment."""
    found = _cause(error) if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(found, OSError):
        return found.errno in _NO_ROOM_NUMBERS
    return isinstance(found, _NO_ROOM)


def is_collision(error: BaseException) -> bool:
    """Whether the database gave a transaction up for the sake of another one: a deadlock, most of all."""
    return isinstance(_cause(error) if isinstance(error, sa.exc.DBAPIError) else error, _COLLISIONS)


def _cause(error: sa.exc.DBAPIError) -> BaseException | None:
    return error.orig.__cause__ if error.orig is not None else None
