"""The admission function installed once more, into a schema of its own with tables of its own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import sqlalchemy as sa

from infra.migrations import installs
from infra.units import UnitVector
from market.metering.admission_sql import admit
from market.metering.domain import Outcome
from tests.support.database import TestDatabase
from tests.support.metering import Connection, LicenceMaker, call_for, counted, recorded

SCHEMA = "bucket_7"
TABLES = (
    "licence_counters",
    "usage_records",
    "usage_credits",
    "usage_keys",
    "usage_periods",
    "usage_purposes",
    "usage_repeats",
    "licence_tokens",
    "stops",
)
# A distributed server takes no plan_cache_mode.
PLANNER = {name: value for name, value in installs.HOT_PATH_PLANNER.items() if name != "plan_cache_mode"}


@pytest.fixture
async def bucket(database: TestDatabase) -> AsyncIterator[Connection]:
    """A connection of the service's role that works in the second schema."""
    owner = await asyncpg.connect(database.owner_url)
    role = f'"{sa.make_url(database.service_url).username}"'
    try:
        await owner.execute(f"CREATE SCHEMA {SCHEMA}; GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
        for table in TABLES:
            await owner.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
            await owner.execute(f"GRANT SELECT ON {SCHEMA}.{table} TO {role}")
        async with owner.transaction():
            assert await installs.install(owner, role, schema=SCHEMA, planner=PLANNER) == [
                "admit_calls",
                "confirm_period",
                "credit_calls",
                "cut_periods",
                "market_time_zone",
                "month_ends_at",
                "month_of",
            ]
        made = await asyncpg.connect(database.service_url, server_settings={"search_path": SCHEMA})
        yield made
        await made.close()
    finally:
        await owner.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await owner.close()


async def test_calls_are_admitted_there_and_the_first_schema_is_untouched(
    database: TestDatabase, bucket: Connection, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 2})
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(
        f"INSERT INTO {SCHEMA}.licence_counters SELECT * FROM public.licence_counters WHERE licence_id = $1",
        licence_id,
    )
    await owner.close()
    calls = [call_for(licence_id, key=key) for key in ("a", "a", "b", "c")]
    decisions = await admit(bucket, calls, seconds=10)
    assert [decision.outcome for decision in decisions] == [
        Outcome.ADMITTED,
        Outcome.REPEATED,
        Outcome.ADMITTED,
        Outcome.QUOTA_EXCEEDED,
    ]
    used = UnitVector(calls=2, rows=20, bytes=2000)
    assert await counted(bucket, licence_id) == await recorded(bucket, licence_id) == used
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(f"UPDATE {SCHEMA}.licence_counters SET period_ends_at = clock_timestamp()")
    await owner.close()
    assert await bucket.fetchval("SELECT cut_periods($1, NULL, NULL)", licence_id) == 1
    closed = await bucket.fetchrow("SELECT * FROM usage_periods WHERE licence_id = $1", licence_id)
    assert (closed["period_no"], closed["units_1"]) == (1, 2)
    assert await counted(connection, licence_id) == await recorded(connection, licence_id) == UnitVector()
    assert await connection.fetchval("SELECT count(*) FROM usage_keys WHERE licence_id = $1", licence_id) == 0
    (decision,) = await admit(connection, [call_for(licence_id, key="a")], seconds=10)
    assert (decision.outcome, decision.period_no) == (Outcome.ADMITTED, 1)
