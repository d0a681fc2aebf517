"""What a person at a terminal reads when a command cannot do its work: one line that says what to do."""


class CommandFailed(RuntimeError):
    """A command cannot go on; the text is the one line to show."""


def one_line(error: BaseException) -> str | None:
    """The line for an error that a person can mend; None for a fault of ours, which deserves its traceback."""
    # Imported here: every process of the service knows CommandFailed, and few ever come this far.
    import pydantic
    import sqlalchemy.exc

    from infra.addresses import NoDatabase
    from infra.errors import MarketError
    from infra.key_folder import KeyFolderError
    from infra.migrations.runner import SchemaMismatch
    from infra.postgres import PostgresError
    from infra.secrets import MasterKeyError

    told = (
        CommandFailed,
        KeyFolderError,
        MarketError,
        MasterKeyError,
        NoDatabase,
        PostgresError,
        SchemaMismatch,
    )
    if isinstance(error, told):
        return " ".join(str(error).split())
    if isinstance(error, pydantic.ValidationError) and error.title == "Settings":
        from infra.validation import pydantic_finding

        first = error.errors()[0]
        found = pydantic_finding(first)
        name = str(first["loc"][0]) if first["loc"] else "?"
        variable = name if name.isupper() else f"MARKET_{name.upper()}"
        return (
            f"The setting {variable} cannot be used: {found[:1].lower()}{found[1:]}. "
            "Change it in the environment or in .env."
        )
    if isinstance(error, sqlalchemy.exc.DBAPIError) and isinstance(error.orig, BaseException):
        return one_line(error.orig.__cause__ or error.orig)
    return _of_database(error)


def _of_database(error: BaseException) -> str | None:
    import asyncpg

    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return f"PostgreSQL refuses the login: {error}. Check user and password in DATABASE_URL."
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return f"PostgreSQL has no such database: {error}. Create it, or correct DATABASE_URL."
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return (
            f"The owner in DATABASE_URL lacks a right ({error}): let it create roles and own its database, "
            "or create the service's role yourself and set DATABASE_SERVICE_URL."
        )
    if isinstance(error, asyncpg.TooManyConnectionsError | asyncpg.CannotConnectNowError):
        return f"PostgreSQL takes no connection at the moment ({error}): try again."
    if isinstance(error, asyncpg.DiskFullError):
        return f"PostgreSQL's disk is full ({error}): free some space, then start again."
    if isinstance(error, asyncpg.PostgresConnectionError):
        return f"PostgreSQL cannot be reached ({error}): start it, or correct DATABASE_URL."
    return None
