"""Bounds, times and durations of checks, exactly. Pure.

A bound is written as text and compared exactly, whatever a column is stored as: it becomes the least or greatest value
of the column's own type that still passes, which is then compared without a conversion. Both engines use it.
"""

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np

EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - on whatever clock a column is kept
_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


@dataclass(frozen=True, slots=True)
class Range:
    """What passes, both ends included; None for an open end. Whole units, or floats for binary numbers."""

    low: int | float | None = None
    high: int | float | None = None


def exact(text: str) -> Fraction:
    """A number from its decimal text.

    :raises ValueError: it is none.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} is no number")
    return Fraction(number)


def share(text: str) -> Fraction:
    """A share from its decimal text, or from a fraction such as ``1/3``.

    :raises ValueError: it is neither.
    """
    return Fraction(text) if "/" in text else exact(text)


def units(text: str, scale: int) -> Fraction:
    """A number in units of ``10**-scale``: those of an integer (0) or of a decimal column.

    :raises ValueError: it is no number.
    """
    return exact(text) * Fraction(10) ** scale


def days(text: str) -> Fraction:
    """A date or a time as days since 1970.

    :raises ValueError: it is neither.
    """
    return ticks(text, None, 1_000_000) / 86_400_000_000


def ticks(text: str, zone: dt.tzinfo | None, per_second: int) -> Fraction:
    """A date or an RFC 3339 time in ticks since 1970 of a column's clock.

    :param zone: of the column; a time with an offset is taken there. Without one it is the column's own.
    :raises ValueError: it is neither a date nor a time.
    """
    return ticks_of(moment(text), zone, per_second)


def ticks_of(at: dt.datetime, zone: dt.tzinfo | None, per_second: int) -> Fraction:
    """A time in ticks since 1970 of a column's clock; see ``ticks``."""
    if at.tzinfo is not None:
        at = at.astimezone(zone or dt.UTC).replace(tzinfo=None)
    passed = at - EPOCH
    return (
        Fraction((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)
        * per_second
        / 10**6
    )


def moment(text: str) -> dt.datetime:
    """A date (its midnight) or an RFC 3339 time.

    :raises ValueError: it is neither.
    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a date nor a time") from None


def before(at: dt.datetime, duration: str) -> dt.datetime:
    """The time that lies an ISO 8601 duration before another; months and years by the calendar.

    :raises ValueError: it is no duration.
    """
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration!r} is no ISO 8601 duration")
    years, months, weeks, days_, hours, minutes = (int(part or 0) for part in found.groups()[:6])
    try:
        month = at.year * 12 + at.month - 1 - years * 12 - months
        year, month = divmod(month, 12)
        last = [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28]
        last += [31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        moved = at.replace(year=year, month=month + 1, day=min(at.day, last[month]))
        micros = int(Decimal(found[7] or 0) * 1_000_000)
        return moved - dt.timedelta(
            weeks=weeks, days=days_, hours=hours, minutes=minutes, microseconds=micros
        )
    except (ValueError, OverflowError):
        raise ValueError(f"{duration!r} reaches before the year 1") from None


def whole_range(
    low: Fraction | None, high: Fraction | None, *, strict_low: bool = False, strict_high: bool = False
) -> Range:
    """The range of a column of whole units."""
    least = greatest = None
    if low is not None:
        least = math.floor(low) + 1 if strict_low else math.ceil(low)
    if high is not None:
        greatest = math.ceil(high) - 1 if strict_high else math.floor(high)
    return Range(least, greatest)


def float_range(
    low: str | None,
    high: str | None,
    *,
    strict_low: bool = False,
    strict_high: bool = False,
    single: bool = False,
) -> Range:
    """The range of a column of binary floating point, whose values are taken as their shortest decimal text.

    So 0.3 lies within 0.10 to 0.30, as it does in the file that it was read from.

    :param single: the column is of single precision.
    """
    kind = np.float32 if single else np.float64
    least = greatest = None
    if low is not None:
        bound, value = exact(low), kind(low)
        written = exact(str(value))
        past = written < bound or (strict_low and written == bound)
        least = _next(value, math.inf) if past else float(value)
    if high is not None:
        bound, value = exact(high), kind(high)
        written = exact(str(value))
        past = written > bound or (strict_high and written == bound)
        greatest = _next(value, -math.inf) if past else float(value)
    return Range(least, greatest)


def _next(value: "np.floating[Any]", towards: float) -> float:
    """The next number of the same precision; after the last one there is only the infinite."""
    with np.errstate(over="ignore"):
        return float(np.nextafter(value, type(value)(towards)))


def text_of(share: Fraction) -> str:
    """A share as exact decimal text where it has one, else as a fraction such as ``1/3``."""
    twos = fives = 0
    rest = share.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{share.numerator}/{share.denominator}"
    places = max(twos, fives)
    return f"{Decimal(share.numerator * 10**places // share.denominator).scaleb(-places):f}"


def bounds_of(arguments: dict[str, Any]) -> tuple[str | None, str | None, bool, bool]:
    """Minimum, maximum, and whether each is excluded, from a check's arguments."""
    return (
        arguments.get("minimum"),
        arguments.get("maximum"),
        bool(arguments.get("strict_minimum")),
        bool(arguments.get("strict_maximum")),
    )
