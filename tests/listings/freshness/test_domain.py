"""When data is due, late, and how often it was in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from listings.freshness.domain import (
    PROMISES,
    Freshness,
    Lapse,
    Promise,
    PromiseRules,
    assess,
    find_lapse,
    freshness_of,
    late_from,
    shifted,
)
from listings.resources.domain import UpdateFrequency

RULES = PromiseRules(tolerance_percent=50, periods=4)
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
F = UpdateFrequency


@pytest.mark.parametrize(
    ("frequency", "periods", "day"),
    [
        (F.HOURLY, 1, "2026-03-31T13"),
        (F.REALTIME, 1, "2026-03-31T13"),
        (F.DAILY, -1, "2026-03-30T12"),
        (F.WEEKLY, 2, "2026-04-14T12"),
        (F.MONTHLY, 1, "2026-04-30T12"),
        (F.MONTHLY, -1, "2026-02-28T12"),
        (F.MONTHLY, -3, "2025-12-31T12"),
        (F.QUARTERLY, 1, "2026-06-30T12"),
        (F.YEARLY, 1, "2027-03-31T12"),
    ],
)
def test_periods_follow_the_calendar(frequency: UpdateFrequency, periods: int, day: str) -> None:
    assert shifted(NOON, frequency, periods).isoformat().startswith(day)


def test_a_leap_day_has_an_anniversary() -> None:
    assert shifted(datetime(2024, 2, 29, tzinfo=UTC), F.YEARLY, 1) == datetime(2025, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arrived", "frequency", "due"),
    [
        ("2026-02-28T09:00", F.MONTHLY, "2026-03-31T09:00"),
        ("2026-04-30T09:00", F.MONTHLY, "2026-05-31T09:00"),
        ("2026-02-28T09:00", F.QUARTERLY, "2026-05-31T09:00"),
        ("2026-04-29T09:00", F.MONTHLY, "2026-05-29T09:00"),
        ("2025-02-28T09:00", F.YEARLY, "2026-02-28T09:00"),
        # The first of March at half past midnight in Shanghai: the next is due on the first of April there.
        ("2026-02-28T16:30", F.MONTHLY, "2026-03-31T16:30"),
    ],
)
def test_what_comes_at_the_end_of_a_month_is_due_at_the_end_of_the_next(
    arrived: str, frequency: UpdateFrequency, due: str
) -> None:
    moment = datetime.fromisoformat(arrived).replace(tzinfo=UTC)
    assert shifted(moment, frequency, 1) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_month_end_data_is_in_time_all_year() -> None:
    ends = [
        datetime(2025, month, day, 9, tzinfo=UTC)
        for month, day in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31))
    ]
    for arrived, following in pairwise(ends):
        assert freshness_of(F.MONTHLY, arrived, following - timedelta(seconds=1), 0) is Freshness.ON_TIME
    promise = assess(F.MONTHLY, ends, ends[-1], PromiseRules(tolerance_percent=1, periods=7))
    assert (promise.in_time, promise.periods) == (7, 7)


def test_static_and_irregular_data_promise_nothing() -> None:
    assert set(UpdateFrequency) - PROMISES == {F.STATIC, F.IRREGULAR}
    for frequency in (F.STATIC, F.IRREGULAR):
        assert late_from(frequency, NOON, 50) is None
        old = assess(frequency, [NOON - 1000 * DAY], NOON, RULES)
        assert old == Promise(Freshness.NO_PROMISE, NOON - 1000 * DAY)


def test_data_is_late_once_the_tolerance_is_over_to_the_second() -> None:
    late = late_from(F.DAILY, NOON, 50)
    assert late == NOON + timedelta(hours=36)
    second = timedelta(seconds=1)
    assert freshness_of(F.DAILY, NOON, late - second, 50) is Freshness.ON_TIME
    assert freshness_of(F.DAILY, NOON, late, 50) is Freshness.LATE
    assert freshness_of(F.DAILY, NOON, NOON + DAY - second, 0) is Freshness.ON_TIME
    assert freshness_of(F.DAILY, NOON, NOON + DAY, 0) is Freshness.LATE
    assert freshness_of(F.DAILY, None, NOON, 50) is Freshness.LATE


def test_a_promise_that_is_kept() -> None:
    arrivals = [NOON - n * DAY - HOUR for n in range(10)]
    assert assess(F.DAILY, arrivals, NOON, RULES) == Promise(
        Freshness.ON_TIME, NOON - HOUR, NOON - HOUR + DAY, None, in_time=4, periods=4
    )


def test_many_files_in_one_period_do_not_make_up_for_none_in_others() -> None:
    padded = [NOON - timedelta(minutes=n) for n in range(50)] + [NOON - 6 * DAY]
    promise = assess(F.DAILY, padded, NOON, RULES)
    assert (promise.status, promise.in_time, promise.periods) == (Freshness.ON_TIME, 1, 4)


def test_periods_before_the_first_data_do_not_count() -> None:
    promise = assess(F.DAILY, [NOON - 5 * DAY / 2], NOON, RULES)
    assert (promise.status, promise.late_since) == (Freshness.LATE, NOON - 3 * DAY / 2)
    assert (promise.in_time, promise.periods) == (1, 3)
    assert assess(F.DAILY, [], NOON, RULES) == Promise(Freshness.LATE)


def test_what_arrives_later_does_not_count_yet() -> None:
    promise = assess(F.DAILY, [NOON + HOUR, NOON - 3 * DAY], NOON, RULES)
    assert (promise.status, promise.last_arrival) == (Freshness.LATE, NOON - 3 * DAY)


def test_a_lapse_begins_with_the_tolerance_and_counts_from_the_promise() -> None:
    first = datetime(2026, 1, 31, 16, tzinfo=UTC)
    long_ago, day, hour = first - timedelta(days=99), timedelta(days=1), timedelta(hours=1)

    def lapse(next_at: datetime | None, since: datetime = long_ago, **later: timedelta) -> Lapse | None:
        moment = first + later.get("later", timedelta(days=9))
        return find_lapse(UpdateFrequency.DAILY, first, next_at, since, moment, 50)

    assert lapse(first + 36 * hour - timedelta(microseconds=1)) is None
    late = Lapse(first, first + day, first + 36 * hour)
    assert lapse(first + 36 * hour) == replace(late, ended_at=first + 36 * hour)
    assert lapse(None, later=35 * hour) is None
    assert lapse(None, later=36 * hour) == late
    # What became a promise later is due a period after that.
    assert lapse(None, since=first + 5 * day) == Lapse(first, first + 6 * day, first + 6 * day + 12 * hour)
    assert lapse(first + 4 * day, since=first + 5 * day) is None
    assert find_lapse(UpdateFrequency.STATIC, first, None, long_ago, first + 99 * day, 0) is None
    # A month is one of UTC: in Shanghai it is midnight of the first of February.
    monthly = find_lapse(UpdateFrequency.MONTHLY, first, None, long_ago, first + 99 * day, 0)
    assert monthly is not None
    assert monthly.due_at == datetime(2026, 2, 28, 16, tzinfo=UTC)
