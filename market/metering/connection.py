"""A connection of the hot path: plain asyncpg, made when it is needed and made anew after it was lost."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

STATEMENT_SECONDS = 10.0
"""Server and client give a statement up after so long."""

_CONNECT_SECONDS = 5.0

# The database is away, ending, out of something, or asks for another try: what was sent may be sent again.
TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.TransactionRollbackError,
)


class Connection:
    """One connection at a time.

    :param name: what the server shows it as.
    :param prepare: what is done first on each new connection.
    """

    def __init__(
        self,
        dsn: str,
        name: str,
        prepare: Callable[["asyncpg.Connection[Any]"], Awaitable[None]] | None = None,
    ) -> None:
        self._dsn = dsn
        self._name = name
        self._prepare = prepare
        self._connection: asyncpg.Connection[Any] | None = None

    async def get(self) -> "asyncpg.Connection[Any]":
        """The connection; a new one when there is none that lives."""
        if self._connection is None or self._connection.is_closed():
            made = await asyncpg.connect(
                self._dsn,
                timeout=_CONNECT_SECONDS,
                server_settings={
                    "application_name": self._name,
                    # An answer means durable, whatever the server's own default is.
                    "synchronous_commit": "on",
                    "default_transaction_isolation": "read committed",
                    "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
                },
            )
            self._connection = made
            if self._prepare is not None:
                try:
                    await self._prepare(made)
                except BaseException:
                    await self.close()
                    raise
        return self._connection

    async def close(self) -> None:
        """Drop the connection, without waiting for a server that does not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
