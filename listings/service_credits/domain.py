"""Which promise was missed, and over which period. Pure."""

from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction

from quality.observations.domain import CallCounts


class PromiseKind(StrEnum):
    """What was promised and missed."""

    FRESHNESS = "freshness"
    AVAILABILITY = "availability"


def last_month(moment: datetime) -> tuple[datetime, datetime]:
    """The calendar month (UTC) before the one that a moment lies in, half-open."""
    end = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    years, month = divmod(end.year * 12 + end.month - 2, 12)
    return end.replace(year=years, month=month + 1), end


def misses_availability(calls: CallCounts, percent: Fraction, least_calls: int) -> bool:
    """Whether fewer calls were answered than promised; too few calls say nothing.

    :param percent: least share of calls that are answered.
    """
    enough = calls.calls >= max(least_calls, 1)
    return enough and Fraction(calls.succeeded * 100, calls.calls) < percent
