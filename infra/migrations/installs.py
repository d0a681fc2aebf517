"""Database functions that are rendered for this release's metered units and the market's time zone.

Migrations are frozen, the registry of units and the settings are not: a further unit is an entry there, and the
functions that count it are installed by the next ``market migrate``. What is installed is known by the digest in the
function's comment.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import asyncpg

from infra import units
from infra.migrations import sql_files
from infra.settings import DEFAULT_TIME_ZONE

# What every function of the hot path fixes for itself. Statistics of tables that were empty at the first call, or that
# grow by a thousand rows a second, must not choose its plans: every look-up is by a primary key or a partial index, so
# index scans in nested loops are always right here, and one generic plan is kept per connection.
HOT_PATH_PLANNER: Mapping[str, str] = MappingProxyType(
    {
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "jit": "off",
    }
)

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "admit_calls": "market/metering/admit_calls.v8",
        "confirm_period": "market/metering/confirm_period.v1",
        "credit_calls": "market/metering/credit_calls.v2",
        "cut_periods": "market/metering/cut_periods.v2",
        "market_time_zone": "market/metering/market_time_zone.v1",
        "month_ends_at": "market/metering/month_ends_at.v1",
        "month_of": "market/metering/month_of.v1",
    }
)
"""Function → the file it is rendered from."""


def rendered(
    schema: str, planner: Mapping[str, str] = HOT_PATH_PLANNER, time_zone: str = DEFAULT_TIME_ZONE
) -> dict[str, str]:
    """Function → its statement, for the units of the registry.

    :param schema: quoted where it needs to be.
    :param time_zone: IANA name of the zone that billing months are in.
    """
    slots = units.UNITS.slots()
    types = {unit.slot: unit.column_type for unit in units.UNITS.summed}
    return {
        function: sql_files.render(
            file, schema=schema, planner=planner, time_zone=time_zone, slots=slots, types=types
        )
        for function, file in FUNCTIONS.items()
    }


async def install(
    connection: "asyncpg.Connection[Any]",
    service_role: str,
    *,
    schema: str = "public",
    planner: Mapping[str, str] = HOT_PATH_PLANNER,
    time_zone: str = DEFAULT_TIME_ZONE,
) -> list[str]:
    """Install the functions that are absent or rendered for other units, or another time zone.

    Call it as their owner, in a transaction.

    :param service_role: quoted name of the role that may call them.
    :param schema: where the tables lie that they work on, quoted where it needs to be.
    :param time_zone: IANA name of the zone that billing months are in; periods that are open keep their end.
    :return: the functions that were installed.
    """
    await connection.execute(f"SET LOCAL search_path = {schema}, pg_temp")
    wanted = rendered(schema, planner, time_zone)
    made = await _differing(connection, schema, wanted)
    for function in made:
        for row in await connection.fetch(_OVERLOADS, schema, function):
            await connection.execute(f"DROP FUNCTION {row['signature']}")
        await connection.execute(wanted[function])
        await connection.execute(f"COMMENT ON FUNCTION {function} IS '{_digest(wanted[function])}'")
        await connection.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        await connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {service_role}")
    return made


async def outdated(
    connection: "asyncpg.Connection[Any]", schema: str = "public", *, time_zone: str = DEFAULT_TIME_ZONE
) -> list[str]:
    """The functions that are absent or rendered for other units than the registry's, or another time zone."""
    return await _differing(connection, schema, rendered(schema, time_zone=time_zone))


_OVERLOADS = """
SELECT oid::regprocedure::text AS signature, obj_description(oid, 'pg_proc') AS digest
  FROM pg_proc WHERE pronamespace = to_regnamespace($1) AND proname = $2
"""


async def _differing(
    connection: "asyncpg.Connection[Any]", schema: str, wanted: Mapping[str, str]
) -> list[str]:
    differing = []
    for function, statement in wanted.items():
        found = [row["digest"] for row in await connection.fetch(_OVERLOADS, schema, function)]
        if found != [_digest(statement)]:
            differing.append(function)
    return differing


def _digest(statement: str) -> str:
    return sha256(statement.encode()).hexdigest()
