"""What each type of check asks of a single row, as Spark expressions: as ``quality.engine.conditions`` has it.

Every expression is exact and raises nothing: bounds and listed values become values of the column's own type here, and
no column is converted to floating point but where both engines do. That a check fits its columns at all has been seen
before (``quality.spark.engine``).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812 (as everybody writes it)
from pyspark.sql import types as T  # noqa: N812

from quality.checks import Check, CheckType
from quality.engine.bounds import (
    EPOCH,
    bounds_of,
    days,
    exact,
    float_range,
    ticks,
    ticks_of,
    units,
    whole_range,
)
from quality.engine.conditions import MALFORMED, Context
from quality.patterns import portable
from quality.standards import values_of

INTEGERS = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
FLOATS = (T.FloatType, T.DoubleType)
TIMES = (T.DateType, T.TimestampNTZType)
_LONG = 2**63
_PER_SECOND = 1_000_000
_PER_DAY = 86_400 * _PER_SECOND
_FIRST = (dt.datetime.fromisoformat("0001-01-01") - EPOCH) // dt.timedelta(microseconds=1)
_LAST = (dt.datetime.fromisoformat("9999-12-31T23:59:59.999999") - EPOCH) // dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """What checks of times are held against.

    :param arrived_at: when the revision was received, with its time zone.
    :param zone: of the clock of the column.
    """

    arrived_at: dt.datetime | None
    zone: dt.tzinfo

    @classmethod
    def of(cls, context: Context) -> "Clock":
        """What the pandas engine is told."""
        return cls(context.arrived_at, ZoneInfo(context.zone))


@dataclass(frozen=True, slots=True)
class Condition:
    """Two expressions that are true or false for every row and never null.

    :param failing: the row does not satisfy the check.
    :param missing: a value is missing in one of its columns; such a row fails.
    """

    failing: Column
    missing: Column


def row_condition(check: Check, schema: T.StructType, clock: Clock) -> Condition:
    """The condition of a check that looks at one row at a time.

    :param check: its columns under the names of the frame.
    """
    column, kind = F.col(check.columns[0]), schema[check.columns[0]].dataType
    arguments, absent = check.arguments, missing(check.columns)
    match check.type:
        case CheckType.NOT_NULL:
            signs = _within(column, kind, arguments.get("missing_values") or (), clock)
            absent, sound = absent | F.coalesce(signs, F.lit(False)), F.lit(True)
        case CheckType.BETWEEN:
            sound = _between(column, kind, arguments, clock)
        case CheckType.IN_SET:
            values = (
                sorted(values_of(arguments["list"]))
                if arguments.get("list") is not None
                else arguments["values"]
            )
            sound = _within(column, kind, values, clock)
        case CheckType.MATCHES:
            sound = column.cast(T.StringType()).rlike(rf"\A(?:{portable(arguments['pattern'])})\z")
        case CheckType.WELL_FORMED:
            sound = ~column.rlike(MALFORMED)
        case CheckType.NOT_LESS:
            sound = _not_less(column, F.col(check.columns[1]), kind, schema[check.columns[1]].dataType)
        case CheckType.NOT_AFTER_ARRIVAL:
            sound = _not_after(column, kind, clock)
        case _:
            raise AssertionError(check.type)
    return Condition(absent | F.coalesce(~sound, F.lit(True)), absent)


def missing(columns: Sequence[str]) -> Column:
    """Whether any of the columns has no value."""
    return reduce(or_, (F.col(name).isNull() for name in columns))


def _between(column: Column, kind: T.DataType, arguments: Mapping[str, Any], clock: Clock) -> Column:
    low, high, strict_low, strict_high = bounds_of(dict(arguments))
    if isinstance(kind, FLOATS):
        single = isinstance(kind, T.FloatType)
        found = float_range(low, high, strict_low=strict_low, strict_high=strict_high, single=single)
    else:
        least, greatest = (None if text is None else _in_units(text, kind, clock) for text in (low, high))
        found = whole_range(least, greatest, strict_low=strict_low, strict_high=strict_high)
    sound = F.lit(True)
    if found.low is not None:
        sound = sound & _compared(column, kind, found.low, lower=True)
    if found.high is not None:
        sound = sound & _compared(column, kind, found.high, lower=False)
    return sound


def at_most(column: Column, kind: T.DataType, text: str, clock: Clock, *, strict: bool) -> Column:
    """Whether a value is at most a bound, or less than it."""
    return column.isNotNull() & _between(column, kind, {"maximum": text, "strict_maximum": strict}, clock)


def _in_units(text: str, kind: T.DataType, clock: Clock) -> Fraction:
    if isinstance(kind, T.DecimalType):
        return units(text, kind.scale)
    if isinstance(kind, T.DateType):
        return days(text)
    if isinstance(kind, T.TimestampNTZType):
        return ticks(text, clock.zone, _PER_SECOND)
    return units(text, 0)


def _compared(column: Column, kind: T.DataType, end: float, *, lower: bool) -> Column:
    """Compare with an end in the column's own units; one that the column cannot hold decides by itself."""
    bound = _literal(end, kind)
    if bound is None:
        return F.lit((end < 0) is lower)
    return column >= bound if lower else column <= bound


def _literal(number: float, kind: T.DataType) -> Column | None:
    """A constant of a column's type from its units; None when the type cannot hold it.

    By way of text, which Spark reads exactly: the calendar of Java's objects differs before 1582.
    """
    if isinstance(kind, FLOATS):
        return F.lit(float(number))
    assert isinstance(number, int)
    if isinstance(kind, INTEGERS):
        return F.lit(str(number)).cast(T.LongType()) if -_LONG <= number < _LONG else None
    if isinstance(kind, T.DecimalType):
        if abs(number) >= 10**kind.precision:
            return None
        sign, digits, _ = Decimal(number).as_tuple()
        return F.lit(f"{Decimal((sign, digits, -kind.scale)):f}").cast(kind)
    passed = number * (_PER_DAY if isinstance(kind, T.DateType) else 1)
    if not _FIRST <= passed <= _LAST:
        return None
    at = EPOCH + dt.timedelta(microseconds=passed)
    return F.lit(at.date().isoformat() if isinstance(kind, T.DateType) else at.isoformat()).cast(kind)


def _within(column: Column, kind: T.DataType, values: Sequence[str], clock: Clock) -> Column:
    found = [literal for text in values if (literal := literal_of(text, kind, clock)) is not None]
    return column.isin(found) if found else F.lit(False)


def literal_of(text: str, kind: T.DataType, clock: Clock) -> Column | None:
    """A listed value as a constant of a column's type; None when the column cannot hold it."""
    if isinstance(kind, T.StringType):
        return F.lit(text)
    if isinstance(kind, T.BooleanType):
        return F.lit(text == "true") if text in {"true", "false"} else None
    try:
        if isinstance(kind, FLOATS):
            return F.lit(float(exact(text))).cast(kind)
        number = _in_units(text, kind, clock)
    except (ValueError, OverflowError):
        return None
    return _literal(int(number), kind) if number.denominator == 1 else None


def _not_less(a: Column, b: Column, one: T.DataType, other: T.DataType) -> Column:
    if isinstance(one, TIMES):
        return a.cast(T.TimestampNTZType()) >= b.cast(T.TimestampNTZType())
    # A whole number of Spark's is one of 64 bits, at whose ends it puts what lies beyond them.
    if isinstance(one, FLOATS) and isinstance(other, INTEGERS):
        return _by_place(a, above=F.lit(True), below=F.lit(False), among=F.floor(a.cast(T.DoubleType())) >= b)
    if isinstance(one, INTEGERS) and isinstance(other, FLOATS):
        return _by_place(b, above=F.lit(False), below=F.lit(True), among=a >= F.ceil(b.cast(T.DoubleType())))
    if isinstance(one, FLOATS) or isinstance(other, FLOATS):
        return a.cast(T.DoubleType()) >= b.cast(T.DoubleType())
    return _exactly_not_less(a, b, one, other)


def _by_place(number: Column, *, above: Column, below: Column, among: Column) -> Column:
    """What holds of a binary number that lies above all whole numbers of 64 bits, below them, or among them."""
    number = number.cast(T.DoubleType())
    return F.when(number >= float(_LONG), above).when(number < -float(_LONG), below).otherwise(among)


def _exactly_not_less(a: Column, b: Column, one: T.DataType, other: T.DataType) -> Column:
    """Whole parts first and then fractions: no decimal of 38 digits holds both when their scales differ much."""
    scale = max(kind.scale if isinstance(kind, T.DecimalType) else 0 for kind in (one, other))
    whole, fraction = T.DecimalType(38, 0), T.DecimalType(38, scale)
    if not scale:
        return a.cast(whole) >= b.cast(whole)
    a_whole, b_whole = F.floor(a).cast(whole), F.floor(b).cast(whole)
    a_rest, b_rest = (a - F.floor(a)).cast(fraction), (b - F.floor(b)).cast(fraction)
    return (a_whole > b_whole) | ((a_whole == b_whole) & (a_rest >= b_rest))


def _not_after(column: Column, kind: T.DataType, clock: Clock) -> Column:
    assert clock.arrived_at is not None
    arrived = ticks_of(clock.arrived_at, clock.zone, _PER_SECOND)
    return _compared(
        column, kind, int(arrived // (_PER_DAY if isinstance(kind, T.DateType) else 1)), lower=False
    )
