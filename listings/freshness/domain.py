"""When new data is due by a promise, when it is late, and how often it came in time. Pure.

A promise of daily data says: the next data arrives within a day of the last. What is late by less than the tolerance, a
share of the period, is not counted as broken.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from infra.rulebook.domain import Rules
from listings.resources.domain import UpdateFrequency


class Freshness(StrEnum):
    """Whether new data has come as often as was promised."""

    ON_TIME = "on_time"
    LATE = "late"
    NO_PROMISE = "no_promise"


_SPANS: Mapping[UpdateFrequency, timedelta] = {
    # Data comes in files; what is promised in real time is looked at by the hour.
    UpdateFrequency.REALTIME: timedelta(hours=1),
    UpdateFrequency.HOURLY: timedelta(hours=1),
    UpdateFrequency.DAILY: timedelta(days=1),
    UpdateFrequency.WEEKLY: timedelta(weeks=1),
}
_MONTHS: Mapping[UpdateFrequency, int] = {
    UpdateFrequency.MONTHLY: 1,
    UpdateFrequency.QUARTERLY: 3,
    UpdateFrequency.YEARLY: 12,
}

PROMISES = frozenset({*_SPANS, *_MONTHS})
"""The frequencies that promise something; static and irregular data promise nothing."""


@dataclass(frozen=True, slots=True)
class PromiseRules:
    """What the rules in force say of the promise; read with :func:`promise_rules`.

    :ivar tolerance_percent: of a period, by which data may be late.
    :ivar periods: how many of the last periods the share in time is of.
    """

    tolerance_percent: int
    periods: int


@dataclass(frozen=True, slots=True)
class Promise:
    """How a promise stands.

    :ivar last_arrival: when the newest data arrived that passed its check and is not suspended.
    :ivar due_at: when the next is due; None where nothing is promised, or nothing has arrived.
    :ivar late_since: as `due_at` once the tolerance is over; None while it is not.
    :ivar in_time: at how many ends of the last `periods` periods the data was not late.
    """

    status: Freshness
    last_arrival: datetime | None = None
    due_at: datetime | None = None
    late_since: datetime | None = None
    in_time: int = 0
    periods: int = 0


@dataclass(frozen=True, slots=True)
class Lapse:
    """A time in which promised data was overdue.

    :ivar arrived_at: of the last data before it; a lapse is told from others by it.
    :ivar due_at: when the next was due: a period after the last, or after the promise took effect if that is later.
    :ivar late_at: when the tolerance was over as well.
    :ivar ended_at: when the next arrived; None while none has.
    """

    arrived_at: datetime
    due_at: datetime
    late_at: datetime
    ended_at: datetime | None = None


def promise_rules(rules: Rules) -> PromiseRules:
    """What the rules in force say of the promise."""
    return PromiseRules(
        tolerance_percent=rules.integer("freshness.tolerance_percent"),
        periods=rules.integer("freshness.periods"),
    )


def shifted(moment: datetime, frequency: UpdateFrequency, periods: int) -> datetime:
    """So many periods later, or earlier where the number is negative; by the calendar (UTC) for months and years.

    A 31st becomes the last day of a shorter month, and the last day of a month the last day of every other: what comes
    at the end of February is due at the end of March.

    :param frequency: one of :data:`PROMISES`.
    """
    if frequency in _SPANS:
        return moment + _SPANS[frequency] * periods
    year, month = divmod(moment.year * 12 + moment.month - 1 + _MONTHS[frequency] * periods, 12)
    last = calendar.monthrange(year, month + 1)[1]
    ends_month = moment.day == calendar.monthrange(moment.year, moment.month)[1]
    day = last if ends_month else min(moment.day, last)
    return moment.replace(year=year, month=month + 1, day=day)


def late_from(frequency: UpdateFrequency, arrived_at: datetime, tolerance_percent: int) -> datetime | None:
    """When data that arrived then is late; None where nothing is promised."""
    if frequency not in PROMISES:
        return None
    due_at = shifted(arrived_at, frequency, 1)
    return due_at + (due_at - arrived_at) * tolerance_percent / 100


def freshness_of(
    frequency: UpdateFrequency, arrived_at: datetime | None, moment: datetime, tolerance_percent: int
) -> Freshness:
    """Whether data that arrived last then is late now; with a promise and no data it is."""
    if frequency not in PROMISES:
        return Freshness.NO_PROMISE
    late = None if arrived_at is None else late_from(frequency, arrived_at, tolerance_percent)
    return Freshness.ON_TIME if late is not None and moment < late else Freshness.LATE


def assess(
    frequency: UpdateFrequency, arrivals: Sequence[datetime], moment: datetime, rules: PromiseRules
) -> Promise:
    """How a promise stands at a moment.

    The share in time looks at the ends of the last periods, counted back from the moment: many files in one period
    make up for none in another. Ends from before the first arrival do not count.

    :param arrivals: of data that passed its check, in any order.
    """
    known = sorted(at for at in arrivals if at <= moment)
    last = known[-1] if known else None
    status = freshness_of(frequency, last, moment, rules.tolerance_percent)
    if status is Freshness.NO_PROMISE or last is None:
        return Promise(status, last)
    due_at = shifted(last, frequency, 1)
    in_time = counted = 0
    for back in range(rules.periods):
        end = shifted(moment, frequency, -back)
        before = [at for at in known if at <= end]
        if not before:
            break
        counted += 1
        in_time += freshness_of(frequency, before[-1], end, rules.tolerance_percent) is Freshness.ON_TIME
    return Promise(
        status,
        last,
        due_at,
        due_at if status is Freshness.LATE else None,
        in_time=in_time,
        periods=counted,
    )


def find_lapse(
    frequency: UpdateFrequency,
    arrived_at: datetime,
    next_at: datetime | None,
    since: datetime,
    moment: datetime,
    tolerance_percent: int,
) -> Lapse | None:
    """Whether the data that followed some other was late, or is while none has followed; None where it was not.

    :param since: when the promise took effect: before that nobody was promised anything.
    """
    start = max(arrived_at, since)
    late_at = late_from(frequency, start, tolerance_percent)
    if late_at is None or (next_at or moment) < late_at:
        return None
    return Lapse(arrived_at, shifted(start, frequency, 1), late_at, next_at)
