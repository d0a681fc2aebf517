"""What each check counts, over Arrow columns: vectorised and exact. Knows no checking library.

A function takes the columns of a check, its arguments and what is known besides, and returns which rows are as they
should be. It raises :class:`Misfit` where the check cannot be put to such columns.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context as DecimalContext
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quality.engine.bounds import (
    EPOCH,
    Range,
    bounds_of,
    days,
    exact,
    float_range,
    moment,
    ticks,
    ticks_of,
    units,
    whole_range,
)
from quality.patterns import PatternRefused, portable
from quality.standards import values_of

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_TRUTH = {"true": True, "false": False}
_WIDE = DecimalContext(prec=80)
_NEAR = 2**62
_BEYOND = 2.0**65
_HALF = 2.0**32

# U+FFFD and control characters; UTF-8 read as Latin-1 or Windows-1252, and as GBK; GBK read as UTF-8 and written again.
MALFORMED = (
    r"[\x{FFFD}\x{0000}-\x{0008}\x{000B}\x{000C}\x{000E}-\x{001F}\x{007F}-\x{009F}]"
    r"|[\x{00C2}\x{00C3}][\x{00A0}-\x{00BF}\x{20AC}\x{201A}\x{0192}\x{201E}\x{2026}\x{2020}\x{2021}\x{02C6}]"
    r"|\x{00E2}\x{20AC}"
    r"|[\x{00E4}-\x{00E9}][\x{00A0}-\x{00BF}\x{0152}-\x{017E}\x{2013}-\x{203A}][\x{00A0}-\x{00BF}\x{0152}-\x{017E}\x{2013}-\x{203A}]"
    r"|\x{00EF}\x{00BC}|\x{00EF}\x{00BF}\x{00BD}"
    r"|锟斤拷|锟斤|斤拷|烫烫|屯屯|鈥|銆|锛[\x{4E00}-\x{9FFF}]"
)
"""What unreadable text contains, for RE2."""


class Misfit(ValueError):
    """A check that cannot be put to a column; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the columns.

    :param arrived_at: when the revision arrived, with its time zone.
    :param zone: of the clock of the check's (first) column.
    :param reference: the Parquet file of a referenced product.
    """

    arrived_at: dt.datetime | None
    zone: str
    reference: Path | None = None


Columns = Sequence[pa.ChunkedArray]
Condition = Callable[[Columns, Mapping[str, Any], Context], pa.ChunkedArray]


def is_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Rows without a value; one that is no number (NaN) is none."""
    return pc.is_null(column, nan_is_null=True)


def any_missing(columns: Columns) -> pa.ChunkedArray:
    """Rows that lack a value in one of the columns."""
    mask = is_missing(columns[0])
    for column in columns[1:]:
        mask = pc.or_(mask, is_missing(column))
    return mask


def present(columns: Columns, arguments: Mapping[str, Any], context: Context) -> pa.ChunkedArray:
    """not_null: there is a value, and none that says that there is none."""
    (column,) = columns
    good = pc.invert(is_missing(column))
    if signs := _parsed(arguments.get("missing_values") or (), column.type, context):
        good = pc.and_(good, pc.invert(pc.is_in(unsigned_zero(column), value_set=signs)))
    return good


def between(columns: Columns, arguments: Mapping[str, Any], context: Context) -> pa.ChunkedArray:
    """between: neither below the minimum nor above the maximum."""
    (column,) = columns
    return within(column, range_of(column.type, dict(arguments), context))


def in_set(columns: Columns, arguments: Mapping[str, Any], context: Context) -> pa.ChunkedArray:
    """in_set: one of the values, or of a standard list."""
    (column,) = columns
    if arguments.get("list") is not None:
        try:
            values = sorted(values_of(arguments["list"]))
        except KeyError:
            raise Misfit(f"there is no standard list {arguments['list']!r}") from None
    else:
        values = arguments["values"]
    return pc.is_in(unsigned_zero(column), value_set=_parsed(values, column.type, context))


def matches(columns: Columns, arguments: Mapping[str, Any], _: Context) -> pa.ChunkedArray:
    """matches: the whole value has the form of a regular expression."""
    (column,) = columns
    if not is_text(column.type):
        if not (pa.types.is_integer(column.type) or pa.types.is_date(column.type)):
            raise Misfit(f"a pattern does not fit values of type {column.type}")
        column = column.cast(pa.string())
    try:
        return pc.match_substring_regex(column, rf"\A(?:{portable(arguments['pattern'])})\z")
    except (PatternRefused, pa.ArrowInvalid) as error:
        raise Misfit(f"the pattern cannot be used: {str(error)[:200]}") from None


def well_formed(columns: Columns, _: Mapping[str, Any], __: Context) -> pa.ChunkedArray:
    """well_formed: no replacement or control character, and no sign of a wrong encoding."""
    (column,) = columns
    if not is_text(column.type):
        raise Misfit(f"only text can be garbled, and the values are of type {column.type}")
    return pc.invert(pc.match_substring_regex(column, MALFORMED))


def not_less(columns: Columns, _: Mapping[str, Any], __: Context) -> pa.ChunkedArray:
    """not_less: the first column is not less than the second."""
    greater, lesser = comparable(*columns)
    return pc.greater_equal(greater, lesser)


def not_after_arrival(columns: Columns, _: Mapping[str, Any], context: Context) -> pa.ChunkedArray:
    """not_after_arrival: no later than the revision."""
    (column,) = columns
    if context.arrived_at is None:
        raise Misfit("it is not known when the revision arrived")
    zone = clock(column.type, context)
    per_second = _per_second(column.type)
    latest = ticks_of(context.arrived_at, zone, per_second)
    if pa.types.is_date(column.type):
        latest /= per_second * 86_400
    return within(column, whole_range(None, latest))


def references(columns: Columns, arguments: Mapping[str, Any], context: Context) -> pa.ChunkedArray:
    """references: the value occurs in a column of another product."""
    (column,) = columns
    if context.reference is None:
        raise Misfit("the referenced product has no revision that could be read")
    return pc.is_in(
        unsigned_zero(column), value_set=known_values(context.reference, arguments["column"], column.type)
    )


CONDITIONS: Mapping[str, Condition] = {
    "not_null": present,
    "between": between,
    "in_set": in_set,
    "matches": matches,
    "well_formed": well_formed,
    "not_less": not_less,
    "not_after_arrival": not_after_arrival,
    "references": references,
}
"""Checks of one row at a time, by type."""


def range_of(kind: pa.DataType, arguments: dict[str, Any], context: Context) -> Range:
    """The bounds of a check in a column's own values.

    :raises Misfit: bounds do not fit the type.
    """
    low, high, strict_low, strict_high = bounds_of(arguments)
    if pa.types.is_floating(kind):
        return float_range(
            low, high, strict_low=strict_low, strict_high=strict_high, single=not pa.types.is_float64(kind)
        )
    to_units = _units(kind, context)
    return whole_range(
        None if low is None else to_units(low),
        None if high is None else to_units(high),
        strict_low=strict_low,
        strict_high=strict_high,
    )


def _units(kind: pa.DataType, context: Context) -> Callable[[str], Fraction]:
    if pa.types.is_integer(kind):
        return lambda text: units(text, 0)
    if pa.types.is_decimal(kind):
        return lambda text: units(text, kind.scale)
    if pa.types.is_date(kind):
        return days
    if pa.types.is_timestamp(kind):
        zone = clock(kind, context)
        return lambda text: ticks(text, zone, PER_SECOND[kind.unit])
    raise Misfit(f"bounds do not fit values of type {kind}")


def clock(kind: pa.DataType, context: Context) -> dt.tzinfo:
    """The time zone of a column's clock: what it is stored in, or what is known of it."""
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return dt.UTC
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return ZoneInfo(context.zone)
    raise Misfit(f"values of type {kind} are no times")


def _per_second(kind: pa.DataType) -> int:
    return PER_SECOND[kind.unit] if pa.types.is_timestamp(kind) else 1


def within(column: pa.ChunkedArray, allowed: Range) -> pa.ChunkedArray:
    """Rows whose value lies in a range of the column's own values."""
    kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    masks = [
        _compared(column, bound, side)
        for bound, side in ((allowed.low, pc.greater_equal), (allowed.high, pc.less_equal))
        if bound is not None
    ]
    if not masks:
        return pc.invert(is_missing(column))
    return masks[0] if len(masks) == 1 else pc.and_(*masks)


def _compared(column: pa.ChunkedArray, bound: float, side: Callable[..., Any]) -> pa.ChunkedArray:
    """Compare with a bound, which may lie outside of what the column's type can hold."""
    kind = column.type
    if pa.types.is_floating(kind):
        # Single precision is exact in double precision, and not the other way.
        return side(column if pa.types.is_float64(kind) else column.cast(pa.float64()), pa.scalar(bound))
    if pa.types.is_decimal(kind):
        least, greatest = 1 - 10**kind.precision, 10**kind.precision - 1
    else:
        signed = pa.types.is_signed_integer(kind)
        least = -(2 ** (kind.bit_width - 1)) if signed else 0
        greatest = 2 ** (kind.bit_width - signed) - 1
    if least <= bound <= greatest:
        value = Decimal(int(bound)).scaleb(-kind.scale, _WIDE) if pa.types.is_decimal(kind) else int(bound)
        return side(column, pa.scalar(value, kind))
    passes = (bound < least) == (side is pc.greater_equal)
    return pc.is_valid(column) if passes else pc.and_not(pc.is_valid(column), pc.is_valid(column))


def comparable(first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Two columns as one type in which they compare exactly.

    A binary number and a decimal are compared as the nearest binary numbers.

    :raises Misfit: they are not of one kind.
    """
    kinds = first.type, second.type
    if all(_is_number(kind) for kind in kinds):
        if any(pa.types.is_floating(kind) for kind in kinds):
            if not all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds):
                return first.cast(pa.float64()), second.cast(pa.float64())
            if all(pa.types.is_floating(kind) for kind in kinds):
                return first, second
            return _of_integers_and_floats(first, second)
        if kinds[0] == kinds[1]:
            return first, second
        scale = max(getattr(kind, "scale", 0) for kind in kinds)
        common = pa.decimal256(76, scale)
        return _widened(first, common), _widened(second, common)
    if all(pa.types.is_date(kind) or pa.types.is_timestamp(kind) for kind in kinds):
        if kinds[0] == kinds[1]:
            return first, second
        if any(getattr(kind, "tz", None) for kind in kinds):
            raise Misfit("times with and without a time zone cannot be compared")
        # Nanoseconds reach from 1677 to 2262 only.
        fine = any(getattr(kind, "unit", "") == "ns" for kind in kinds)
        common = pa.timestamp("ns" if fine else "us")
        return first.cast(common), second.cast(common)
    raise Misfit(f"values of type {kinds[0]} and {kinds[1]} cannot be compared")


def _widened(column: pa.ChunkedArray, common: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type):
        column = column.cast(pa.decimal128(20, 0))
    return column.cast(common)


def _of_integers_and_floats(
    first: pa.ChunkedArray, second: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """For ``first >= second`` only: the binary number is brought to the whole number that decides."""
    if pa.types.is_integer(first.type):
        return _compared_with(first, pc.ceil(second.cast(pa.float64())))
    whole, deciding = _compared_with(second, pc.floor(first.cast(pa.float64())))
    return deciding, whole


def _compared_with(
    whole: pa.ChunkedArray, deciding: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Integers, and whole binary numbers of any size, as one type; beyond all integers the latter lie just there."""
    ends = [end.as_py() for column in (whole, deciding) for end in pc.min_max(column).values()]
    if all(end is None or abs(end) < _NEAR for end in ends):
        return whole.cast(pa.int64()), deciding.cast(pa.int64())
    capped = pc.max_element_wise(
        pc.min_element_wise(deciding, _BEYOND, skip_nulls=False), -_BEYOND, skip_nulls=False
    )
    # No conversion of Arrow's is exact for all of these: by halves, each of which is.
    high = pc.floor(pc.divide(capped, _HALF))
    low = pc.subtract(capped, pc.multiply(high, _HALF))
    parts = [part.cast(pa.int64()).cast(pa.decimal128(19, 0)) for part in (high, low)]
    joined = pc.add(pc.multiply(parts[0], pa.scalar(Decimal(int(_HALF)), pa.decimal128(11, 0))), parts[1])
    common = pa.decimal256(76, 0)
    return _widened(whole, common), joined.cast(common)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _parsed(values: Sequence[str], kind: pa.DataType, context: Context) -> pa.Array:
    """Texts as values of a column's type, without those that it cannot hold."""
    return pa.array([v for v in (parse(text, kind, context) for text in values) if v is not None], kind)


def parse(text: str, kind: pa.DataType, context: Context) -> Any:
    """One text as a value of a column's type; None where it cannot hold it."""
    try:
        if is_text(kind):
            return text
        if pa.types.is_boolean(kind):
            return _TRUTH.get(text)
        if pa.types.is_floating(kind):
            return float(exact(text)) + 0.0
        number = _units(kind, context)(text)
        if number.denominator != 1:
            return None
        whole = int(number)
        if pa.types.is_decimal(kind):
            value: Any = Decimal(whole).scaleb(-kind.scale, _WIDE)
        elif pa.types.is_date(kind):
            value = moment(text).date()
        elif pa.types.is_timestamp(kind):
            return pa.scalar(whole, pa.int64()).cast(kind)
        else:
            value = whole
        pa.scalar(value, kind)
    except (ValueError, OverflowError, pa.ArrowInvalid) as error:
        if isinstance(error, Misfit):
            raise
        return None
    return value


def written(value: pa.Scalar) -> str:
    """A value as the text that checks name it by."""
    try:
        plain = value.as_py() if not pa.types.is_timestamp(value.type) else _time(value)
    except OverflowError:  # a day before the year 1 or after 9999
        return str(value.cast(pa.string()))
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float):
        return repr(plain)
    if isinstance(plain, dt.date):
        return plain.isoformat()
    return f"{plain:f}" if isinstance(plain, Decimal) else str(plain)


def _time(value: pa.Scalar) -> dt.datetime:
    """Cut to microseconds, on the column's clock."""
    micros = value.cast(pa.int64()).as_py() * 1_000_000 // PER_SECOND[value.type.unit]
    return EPOCH + dt.timedelta(microseconds=micros)


def known_values(path: Path, column: str, kind: pa.DataType) -> pa.ChunkedArray:
    """The different values of another product's column, as values of a type.

    :raises Misfit: there is no such column, or its values are none of that type.
    """
    known = _known(path, column)
    if known.type != kind:
        try:
            known = known.cast(kind, safe=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise Misfit(
                f"values of type {kind} are not to be found among values of type {known.type}"
            ) from None
    return unsigned_zero(known)


def unsigned_zero(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in which minus zero is zero: values are looked up by their bits."""
    return pc.add(column, pa.scalar(0.0, column.type)) if pa.types.is_floating(column.type) else column


@lru_cache(maxsize=1)
def _known(path: Path, column: str) -> pa.Array:
    file = pq.ParquetFile(path)
    if column not in file.schema_arrow.names:
        raise Misfit(f"the referenced product has no column {column!r}")
    found = pa.array([], file.schema_arrow.field(column).type)
    for number in range(file.num_row_groups):
        part = file.read_row_group(number, columns=[column], use_threads=False).column(0)
        found = pa.chunked_array([found, *part.chunks]).unique()
    return found.drop_null()
