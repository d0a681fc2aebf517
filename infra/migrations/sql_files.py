"""Functions and triggers of the database, read from versioned ``.sql`` files that lie beside their slice.

``market/metering/admit_calls.v1`` is ``market/metering/sql/admit_calls.v1.sql``. A file names no schema but its own and
takes what differs from one installation to another as parameters, written ``@name@``:

=================  =====================================================================================
``@schema@``       the schema that the function lives in and works on: ``SET search_path = @schema@, pg_temp``
``@planner@``      planner settings that the function fixes for itself
``@service_role@`` the role that the service connects as
=================  =====================================================================================

A released file never changes; see :mod:`infra.migrations.frozen`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder that the floors lie in."""

_PARAMETER = re.compile("@([a-z_]+)@")


def path_of(name: str) -> Path:
    """Where a file lies: ``path_of("market/metering/admit_calls.v1")``."""
    folder, _, file = name.rpartition("/")
    return ROOT / folder / "sql" / f"{file}.sql"


def render(
    name: str, *, schema: str, planner: Mapping[str, str] | None = None, service_role: str | None = None
) -> str:
    """The statements of a file, its parameters filled in.

    :param schema: quoted where it needs to be.
    :param planner: setting → value, in the order they are fixed.
    :param service_role: quoted name.
    :raises KeyError: the file takes a parameter that was not given.
    """
    values = {
        "schema": schema,
        "planner": " ".join(f"SET {setting} = {value}" for setting, value in (planner or {}).items()),
    }
    if service_role is not None:
        values["service_role"] = service_role
    return _PARAMETER.sub(lambda found: values[found[1]], path_of(name).read_text(encoding="utf-8"))
