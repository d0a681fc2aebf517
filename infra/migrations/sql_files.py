"""Functions and triggers of the database, read from versioned ``.sql`` files that lie beside their slice.

``market/metering/admit_calls.v1`` is ``market/metering/sql/admit_calls.v1.sql``. A file names no schema but its own and
takes what differs from one installation to another as parameters, written ``@name@``:

=================  =====================================================================================
``@schema@``       the schema that the function lives in and works on: ``SET search_path = @schema@, pg_temp``
``@planner@``      planner settings that the function fixes for itself
``@service_role@`` the role that the service connects as
``@time_zone@``    IANA name of the time zone that billing months are in
=================  =====================================================================================

What a function does to each of several numbered columns is written once, with ``#`` for the number, and comes in lists
of numbers: ``@each units: v_units_# bigint[]; @end`` is repeated as it stands, ``@list units: p_units_# bigint[]@end``
with commas between. ``#type`` is the type of the column with that number.

A released file never changes; see :mod:`infra.migrations.frozen`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder that the floors lie in."""

_PARAMETER = re.compile("@([a-z_]+)@")
_REPEATED = re.compile("@(each|list) ([a-z]+):(.*?)@end", re.DOTALL)
_NO_SLOTS: Mapping[str, Sequence[int]] = {}
_NO_TYPES: Mapping[int, str] = {}


def path_of(name: str) -> Path:
    """Where a file lies: ``path_of("market/metering/admit_calls.v1")``."""
    folder, _, file = name.rpartition("/")
    return ROOT / folder / "sql" / f"{file}.sql"


def render(
    name: str,
    *,
    schema: str,
    planner: Mapping[str, str] | None = None,
    service_role: str | None = None,
    time_zone: str | None = None,
    slots: Mapping[str, Sequence[int]] = _NO_SLOTS,
    types: Mapping[int, str] = _NO_TYPES,
) -> str:
    """The statements of a file, its parameters filled in.

    :param schema: quoted where it needs to be.
    :param planner: setting → value, in the order they are fixed.
    :param service_role: quoted name.
    :param time_zone: IANA name.
    :param slots: the lists of numbers that parts of the file are repeated for.
    :param types: number → the type of its column.
    :raises KeyError: the file takes a parameter that was not given.
    """
    values = {
        "schema": schema,
        "planner": " ".join(f"SET {setting} = {value}" for setting, value in (planner or {}).items()),
    }
    if service_role is not None:
        values["service_role"] = service_role
    if time_zone is not None:
        values["time_zone"] = time_zone

    def repeat(found: re.Match[str]) -> str:
        pieces = [
            found[3].replace("#type", types.get(slot, "")).replace("#", str(slot)) for slot in slots[found[2]]
        ]
        return (", " if found[1] == "list" else "").join(pieces)

    text = _REPEATED.sub(repeat, path_of(name).read_text(encoding="utf-8"))
    return _PARAMETER.sub(lambda found: values[found[1]], text)
