"""How the statements of one account, in one currency, follow each other, pure: their order, overlaps and gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Period:
    """What a statement says of its time and its balances.

    :param continues_from: the balance that the statement before it must have closed with, in minor units.
    :param place: where it stands among the others; None: not decided yet.
    """

    statement_id: str
    digest: bytes
    continues_from: int
    closing: int
    first_day: date | None
    last_day: date | None
    covers_from: datetime | None
    covers_to: datetime | None
    sequence: int | None
    place: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing between two statements.

    :param minor: by how much the account moved in between; zero where only the bank's own count says so.
    :param days: first and last day that no statement covers, where the bank says which days it covers.
    """

    earlier: Period
    later: Period
    minor: int
    days: tuple[date, date] | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a statement goes.

    :param misfit: the statements follow each other without it, so that nothing can lie between them.
    """

    before: Period | None
    after: Period | None
    place: Decimal
    gap: Gap | None
    misfit: bool = False


def overlapping(new: Period, series: Sequence[Period]) -> Period | None:
    """The first statement that covers a time which the new one covers too.

    Where banks state days only, statements that meet on one day do not overlap, nor do several of one and the same day:
    they cannot say it better, and the balances tell the rest.
    """
    return next((other for other in series if _overlap(new, other)), None)


def position(new: Period, series: Sequence[Period]) -> Position:
    """Where a statement goes among those that are there, and what is missing next to it then.

    :param series: in order; none overlaps with the new one.
    """
    last = _index(new, series, strictly=False)
    first = _index(new, series, strictly=True)
    slot = next((slot for slot in range(last, first - 1, -1) if _fits(new, *_neighbours(series, slot))), last)
    before, after = _neighbours(series, slot)
    gap, misfit = _missing(new, before, after)
    return Position(before, after, _between(before, after), gap, misfit)


def corrects(new: Period, known: Period) -> bool:
    """Whether a statement is a newer version of another: of its id, or of exactly its days.

    Banks that count their statements anew each year use an id again for other days: that is a further statement.
    """
    days = (new.first_day, new.last_day) == (known.first_day, known.last_day)
    if known.statement_id == new.statement_id and (days or not _disjoint(new, known)):
        return True
    return days and _overlap(new, known)


def _index(new: Period, series: Sequence[Period], *, strictly: bool) -> int:
    """How many statements come before it: at least (strictly) or at most."""
    return max((place for place, other in enumerate(series, 1) if _precedes(other, new, strictly)), default=0)


def _precedes(other: Period, new: Period, strictly: bool) -> bool:
    if other.covers_from and new.covers_from and other.covers_from != new.covers_from:
        return other.covers_from < new.covers_from
    if other.first_day is None or new.first_day is None:
        return True  # nothing tells better than the order of arrival
    if strictly:
        return other.first_day < new.first_day
    return other.first_day <= new.first_day


def _neighbours(series: Sequence[Period], slot: int) -> tuple[Period | None, Period | None]:
    return series[slot - 1] if slot else None, series[slot] if slot < len(series) else None


def _fits(new: Period, before: Period | None, after: Period | None) -> bool:
    return (before is None or before.closing == new.continues_from) and (
        after is None or new.closing == after.continues_from
    )


def _missing(new: Period, before: Period | None, after: Period | None) -> tuple[Gap | None, bool]:
    follows = before is not None and before.closing == new.continues_from
    leads = after is not None and new.closing == after.continues_from
    if before is not None and after is not None:
        if follows and leads:
            return None, False
        if before.closing == after.continues_from:
            return None, True
        # It narrows a gap that is there already; what is left of it was accepted before, or is found otherwise.
        return (None if follows or leads else _gap(before, new)), False
    if before is not None:
        return _gap(before, new), False
    return (_gap(new, after) if after is not None else None), False


def _gap(earlier: Period, later: Period) -> Gap | None:
    minor, days = later.continues_from - earlier.closing, _uncovered(earlier, later)
    if minor or (days and _skipped(earlier, later)):
        return Gap(earlier, later, minor, days)
    return None


def _skipped(earlier: Period, later: Period) -> bool:
    """Whether the bank counts a statement between the two; many count anew each year."""
    if earlier.sequence is None or later.sequence is None:
        return False
    return later.sequence > earlier.sequence + 1


def _uncovered(earlier: Period, later: Period) -> tuple[date, date] | None:
    """The days between two statements, if one of them is a weekday.

    Banks send none for weekends.
    """
    if earlier.last_day is None or later.first_day is None:
        return None
    first, last = earlier.last_day + timedelta(days=1), later.first_day - timedelta(days=1)
    if (last - first).days >= 7 or any(
        (first + timedelta(days=day)).weekday() < _SATURDAY for day in range((last - first).days + 1)
    ):
        return first, last
    return None


def _between(before: Period | None, after: Period | None) -> Decimal:
    low = before.place if before else None
    high = after.place if after else None
    if low is None:
        return Decimal(1) if high is None else high - 1
    return low + 1 if high is None else (low + high) * Decimal("0.5")


def _overlap(new: Period, other: Period) -> bool:
    stretches = _stretch(new), _stretch(other)
    if stretches[0] and stretches[1]:
        (start, end), (other_start, other_end) = stretches[0], stretches[1]
        return start < other_end and other_start < end
    days = _days(new), _days(other)
    if days[0] and days[1]:
        (first, last), (other_first, other_last) = days[0], days[1]
        apart = first > other_last or other_first > last
        return not apart and first != other_last and other_first != last
    return False


def _disjoint(new: Period, other: Period) -> bool:
    """Whether both say their days, and share none."""
    days, other_days = _days(new), _days(other)
    return bool(days and other_days and (days[0] > other_days[1] or other_days[0] > days[1]))


def _stretch(period: Period) -> tuple[datetime, datetime] | None:
    """The time that it states to cover, if that is more than a day's name."""
    if period.covers_from and period.covers_to and period.covers_from < period.covers_to:
        return period.covers_from, period.covers_to
    return None


def _days(period: Period) -> tuple[date, date] | None:
    return (period.first_day, period.last_day) if period.first_day and period.last_day else None
