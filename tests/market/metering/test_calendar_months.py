"""What lies in which month, by the clocks of any zone: the database's functions beside what Python's zones say."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra import months
from infra.migrations import installs, runner
from infra.settings import Settings
from tests.support.database import TestDatabase

# Whole hours east and west, quarters of an hour, clocks that go forward at midnight of a first (Asuncion 2017, Amman,
# Sao Paulo), back over it (Havana 2015 and 2026, St. John's), a day that never was (Apia 2011), and no clock changes.
ZONES = (
    "Africa/Cairo", "America/Asuncion", "America/Havana", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
    "Antarctica/Troll", "Asia/Amman", "Asia/Kathmandu", "Asia/Shanghai", "Asia/Tehran", "Asia/Urumqi",
    "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "UTC",
)  # fmt: skip
MONTHS = [date(year, month, 1) for year in range(2000, 2027) for month in range(1, 13)]
LATELY = [month for month in MONTHS if month.year in (2009, 2015, 2017, 2020, 2024)]


def begin(month: date, zone: str) -> datetime:
    """The first moment of a month: of two midnights the first, and of none the change of the clocks."""
    return datetime(month.year, month.month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.fixture(scope="module")
async def connection(database: TestDatabase) -> AsyncIterator["asyncpg.Connection[Any]"]:
    made = await asyncpg.connect(database.owner_url)
    yield made
    await made.close()


@pytest.mark.parametrize("zone", ZONES)
async def test_months_follow_each_other_without_a_gap_and_begin_on_the_first(
    connection: "asyncpg.Connection[Any]", zone: str
) -> None:
    rows = await connection.fetch(
        "SELECT month, month_ends_at(month, $2) AS ends_at,"
        "       month_of(month_ends_at(month, $2) - interval '1 microsecond', $2) AS last,"
        "       month_of(month_ends_at(month, $2), $2) AS next"
        "  FROM unnest($1::date[]) AS month",
        MONTHS,
        zone,
    )
    for row in rows:
        assert row["ends_at"] == begin(months.following(row["month"]), zone), row
        assert (row["last"], row["next"]) == (row["month"], months.following(row["month"]))
    for before, after in pairwise(rows):
        assert (
            timedelta(days=27, hours=22)
            <= after["ends_at"] - before["ends_at"]
            <= timedelta(days=31, hours=2)
        )


async def test_the_hours_that_come_twice_or_never_at_a_month_s_end(
    connection: "asyncpg.Connection[Any]",
) -> None:
    ends = "SELECT month_ends_at($1, $2)"
    # Clocks went from 1:00 back to 0:00: the first midnight ends the month, an hour before the second.
    assert await connection.fetchval(ends, date(2015, 10, 1), "America/Havana") == datetime(
        2015, 11, 1, 4, tzinfo=UTC
    )
    # Clocks went from 0:00 to 1:00: there was no midnight, and the month ended with the change.
    assert await connection.fetchval(ends, date(2017, 9, 1), "America/Asuncion") == datetime(
        2017, 10, 1, 4, tzinfo=UTC
    )
    # Clocks went from 0:01 back to 23:01 of the last day: what came again belongs to the month that had begun.
    again = datetime(2009, 11, 1, 2, 45, tzinfo=UTC)
    assert again.astimezone(ZoneInfo("America/St_Johns")).date() == date(2009, 10, 31)
    assert await connection.fetchval("SELECT month_of($1, 'America/St_Johns')", again) == date(2009, 11, 1)


async def test_every_moment_lies_in_one_month(connection: "asyncpg.Connection[Any]") -> None:
    """Moments of the months of years with and without a leap day, most of them near its ends."""
    near = [timedelta(seconds=seconds) for seconds in (-7_200, -1, 0, 3_599, 86_400 * 27)]
    for zone in ZONES:
        moments = [begin(month, zone) + offset for month in LATELY for offset in near]
        wrong = await connection.fetch(
            "SELECT moment FROM unnest($1::timestamptz[]) AS moment, LATERAL (SELECT month_of(moment, $2) AS month) m"
            " WHERE NOT (moment < month_ends_at(month, $2)"
            "            AND moment >= month_ends_at((month - interval '1 month')::date, $2))",
            moments,
            zone,
        )
        assert wrong == [], zone


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_the_following_month_begins_after_the_last_day(day: date) -> None:
    month = day.replace(day=1)
    following = months.following(month)
    assert (following - timedelta(days=1)).month == month.month
    assert following.day == 1
    assert months.label(month) == day.isoformat()[:7]


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "", "../Shanghai", "UTC+8", "'; DROP TABLE invoices"])
def test_a_zone_that_is_none_is_refused_at_the_start(zone: str) -> None:
    with pytest.raises(ValidationError, match="there is no time zone"):
        Settings(_env_file=None, time_zone=zone)


async def test_another_zone_needs_a_migration_and_leaves_what_is_open_as_it_is(
    database: TestDatabase,
) -> None:
    await runner.check(database.service_url)
    with pytest.raises(
        runner.SchemaMismatch, match=r"another time zone than Europe/Berlin .* run `market migrate`"
    ):
        await runner.check(database.service_url, time_zone="Europe/Berlin")
    owner = await asyncpg.connect(database.owner_url)
    role = "service_of_nobody"
    ends = "SELECT licence_id, period_month, period_ends_at FROM licence_counters ORDER BY 1"
    before = await owner.fetch(ends)
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(f"CREATE ROLE {role}")
    assert await installs.install(owner, role, time_zone="Europe/Berlin") == ["market_time_zone"]
    assert await owner.fetchval("SELECT market_time_zone()") == "Europe/Berlin"
    assert await owner.fetch(ends) == before
    await transaction.rollback()
    await owner.close()
