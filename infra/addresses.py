"""Where the database is: worked out from the settings, in one place."""

from dataclasses import dataclass

import sqlalchemy as sa

from infra.secrets import SecretBox
from infra.settings import Settings

SERVICE_SUFFIX = "_service"


@dataclass(frozen=True, slots=True)
class ServiceLogin:
    """The role that the service connects as.

    :param password: set on the role at each migration; None leaves an existing role as it is.
    """

    role: str
    password: str | None


class NoDatabase(RuntimeError):
    """No database address is set and no embedded server was started; the text says what to do."""


def secret_box(settings: Settings) -> SecretBox:
    """The installation's secret box, from its setting or its key file."""
    given = settings.master_key.get_secret_value() if settings.master_key else None
    return SecretBox.load(settings.data_dir, given)


def owner_url(settings: Settings) -> str:
    """Address that migrations use.

    :raises NoDatabase: none is set.
    """
    if settings.database_url is None:
        raise NoDatabase("DATABASE_URL is not set: set it, or run `market up`, which starts its own server.")
    return settings.database_url.get_secret_value()


def service_login(settings: Settings) -> ServiceLogin:
    """The role the service connects as.

    With ``DATABASE_SERVICE_URL`` it is that one, with whatever password it has. Without, it is
    ``<database>_service`` with a password derived from the master key, set again at each migration.
    """
    if settings.database_service_url is not None:
        role = sa.make_url(settings.database_service_url.get_secret_value()).username
        if not role:
            raise NoDatabase("DATABASE_SERVICE_URL names no user.")
        return ServiceLogin(role, None)
    database = sa.make_url(owner_url(settings)).database or "market"
    return ServiceLogin(
        database + SERVICE_SUFFIX, secret_box(settings).derive(b"database service login").hex()
    )


def service_url(settings: Settings) -> str:
    """Address that the API and the worker connect to.

    :raises NoDatabase: neither address is set.
    """
    if settings.database_service_url is not None:
        return settings.database_service_url.get_secret_value()
    login = service_login(settings)
    address = sa.make_url(owner_url(settings)).set(username=login.role, password=login.password)
    return address.render_as_string(hide_password=False)
