"""Counts over Arrow columns: of rows that pass a condition, of repeated values, of order and of distribution."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quality.engine.conditions import (
    CONDITIONS,
    Columns,
    Context,
    Misfit,
    any_missing,
    clock,
    is_missing,
    parse,
    range_of,
    unsigned_zero,
    within,
    written,
)
from quality.engine.tally import Tally

Aggregate = Callable[[Columns, Mapping[str, Any], Context, int], Tally]
_LIMIT = 2**62


def tally(
    kind: str, columns: Columns, arguments: Mapping[str, Any], context: Context, examples: int
) -> Tally:
    """What a check of a type counts in its columns.

    :param examples: positions of failing rows that are kept.
    :raises Misfit: the check cannot be put to such columns.
    """
    try:
        return _tally(kind, columns, arguments, context, examples)
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise Misfit("the check does not fit the column's type") from None


def _tally(
    kind: str, columns: Columns, arguments: Mapping[str, Any], context: Context, examples: int
) -> Tally:
    if (aggregate := AGGREGATES.get(kind)) is not None:
        return aggregate(columns, arguments, context, examples)
    good = CONDITIONS[kind](columns, arguments, context)
    missing = any_missing(columns)
    if kind == "not_null":
        return _of_rows(good, pc.invert(good.fill_null(False)), examples)
    return _of_rows(pc.and_(good.fill_null(False), pc.invert(missing)), missing, examples)


def _of_rows(good: pa.ChunkedArray, missing: pa.ChunkedArray, examples: int) -> Tally:
    """:param good: rows that pass; :param missing: rows without a value, none of which does."""
    good = good.fill_null(False)
    satisfied = _count(good)
    rows: list[int] = []
    if satisfied < len(good) and examples:
        # What is wrong says more than what is not there.
        wrong = pc.invert(pc.or_(good, missing))
        rows = _first(wrong, examples) or _first(pc.invert(good), examples)
    return Tally(len(good), satisfied, _count(missing), tuple(rows))


def _first(mask: pa.ChunkedArray, most: int) -> list[int]:
    return [int(row) + 1 for row in pc.indices_nonzero(mask).slice(0, most).to_pylist()]


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _contains_all(columns: Columns, arguments: Mapping[str, Any], context: Context, _: int) -> Tally:
    (column,) = columns
    wanted = {text: parse(text, column.type, context) for text in arguments["values"]}
    known = {text: value for text, value in wanted.items() if value is not None}
    there = pc.is_in(
        pa.array(list(known.values()), column.type), value_set=pc.unique(unsigned_zero(column))
    ).to_pylist()
    found = sorted(text for text, is_there in zip(known, there, strict=True) if is_there)
    return Tally(len(column), 0, _count(is_missing(column)), state={"found": found})


def _recent(columns: Columns, _: Mapping[str, Any], context: Context, __: int) -> Tally:
    (column,) = columns
    clock(column.type, context)  # refuses what is no time
    newest = pc.max(column)
    zone = "+00:00" if getattr(column.type, "tz", None) else ""
    text = written(newest) + zone if newest.is_valid else None
    return Tally(len(column), 0, column.null_count, state={"newest": text})


def _increasing(columns: Columns, _: Mapping[str, Any], __: Context, examples: int) -> Tally:
    """Each row is compared with the last one before it that has a value."""
    (column,) = columns
    if pa.types.is_boolean(column.type):
        raise Misfit("true and false have no order")
    missing = is_missing(column)
    gone = _count(missing)
    values = _ordered(column)
    kept = (values if gone == 0 else values.filter(pc.invert(missing))).combine_chunks()
    if not len(kept):
        nothing = {"first": None, "first_row": None, "last": None}
        return Tally(len(column), 0, gone, state=nothing)
    decreasing = pc.less(kept.slice(1), kept.slice(0, len(kept) - 1))
    failing = _count(decreasing)
    positions = None if gone == 0 else np.flatnonzero(_plain(pc.invert(missing)))
    found = [int(row) + 1 for row in pc.indices_nonzero(decreasing).slice(0, examples).to_pylist()]
    rows = tuple(row + 1 if positions is None else int(positions[row]) + 1 for row in found)
    state = {
        "first": kept[0].as_py(),
        "first_row": 1 if positions is None else int(positions[0]) + 1,
        "last": kept[-1].as_py(),
    }
    return Tally(len(column), len(kept) - failing, gone, rows, state)


def _ordered(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as whole numbers, so that what is carried from part to part is exact."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    return column


def _distribution(columns: Columns, arguments: Mapping[str, Any], context: Context, _: int) -> Tally:
    (column,) = columns
    baseline = arguments["baseline"]
    missing = _count(is_missing(column))
    if baseline["kind"] == "categories":
        known = [(text, parse(text, column.type, context)) for text in baseline["shares"]]
        known = [(text, value) for text, value in known if value is not None]
        places = pc.index_in(
            unsigned_zero(column), value_set=pa.array([value for _, value in known], column.type)
        )
        found = np.bincount(places.drop_null().to_numpy(), minlength=len(known))
        counts = {text: int(count) for (text, _), count in zip(known, found, strict=True)}
        return Tally(len(column), 0, missing, state={"counts": counts})
    below, up_to = [], []
    for text in baseline["quantiles"]:
        closed = range_of(column.type, {"maximum": text}, context)
        opened = range_of(column.type, {"maximum": text, "strict_maximum": True}, context)
        up_to.append(_count(within(column, closed)))
        below.append(_count(within(column, opened)))
    return Tally(len(column), 0, missing, state={"below": below, "up_to": up_to})


def _unique(columns: Columns, _: Mapping[str, Any], __: Context, examples: int) -> Tally:
    """Rows whose values, taken together, no other row has; every row of a repeated value fails."""
    missing = any_missing(columns)
    gone = _count(missing)
    kept = [column.filter(pc.invert(missing)) for column in columns] if gone else list(columns)
    repeated, values = _repeated(kept)
    failing = int(np.count_nonzero(repeated))
    rows: tuple[int, ...] = ()
    if (failing or gone) and examples:
        places = np.flatnonzero(repeated)[:examples]
        if not failing:
            rows = tuple(_first(missing, examples))
        elif gone:
            rows = tuple(int(row) + 1 for row in np.flatnonzero(~_plain(missing))[places])
        else:
            rows = tuple(int(row) + 1 for row in places)
    total = len(missing)
    sound = total - gone - failing
    return Tally(total, sound, gone, rows, {"values": sound + values})


def _repeated(columns: Columns) -> "tuple[np.ndarray[Any, Any], int]":
    """Which rows are equal to another one, and how many different ones these are; no value is missing."""
    codes, size = _codes(columns[0])
    for column in columns[1:]:
        more, width = _codes(column)
        if size * width >= _LIMIT:
            found, codes = np.unique(codes, return_inverse=True)
            size = max(len(found), 1)
        if size * width >= _LIMIT:
            found, more = np.unique(more, return_inverse=True)
            width = max(len(found), 1)
        codes = codes * width + more
        size *= width
    if size <= max(4 * len(codes), 1 << 16):
        several = np.bincount(codes, minlength=1) > 1
        return several[codes], int(np.count_nonzero(several))
    ordered = np.sort(codes)
    again = pa.array(ordered[1:][ordered[1:] == ordered[:-1]]).unique()
    if not len(again):
        return np.zeros(len(codes), bool), 0
    return _plain(pc.is_in(pa.array(codes), value_set=again)), len(again)


def _codes(column: pa.ChunkedArray) -> "tuple[np.ndarray[Any, Any], int]":
    """Whole numbers from 0 that are equal where the values are, and a number above all of them."""
    kind = column.type
    if not len(column):
        return np.zeros(0, np.int64), 1
    if pa.types.is_date(kind):
        column = column.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    if pa.types.is_integer(column.type) and column.type != pa.uint64():
        values = column.to_numpy().astype(np.int64, copy=False)
        least, greatest = int(values.min()), int(values.max())
        if greatest - least < _LIMIT:
            return values - least, greatest - least + 1
    if pa.types.is_floating(kind):
        column = unsigned_zero(column)
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy().astype(np.int64)
    return codes, max(len(encoded.dictionary), 1)


def _plain(mask: pa.ChunkedArray | pa.Array) -> "np.ndarray[Any, Any]":
    plain: np.ndarray[Any, Any] = (
        mask.to_numpy() if isinstance(mask, pa.ChunkedArray) else mask.to_numpy(zero_copy_only=False)
    )
    return plain


AGGREGATES: Mapping[str, Aggregate] = {
    "row_count": lambda columns, _, __, ___: Tally(len(columns[0]), 0),
    "contains_all": _contains_all,
    "recent": _recent,
    "increasing": _increasing,
    "distribution": _distribution,
    "unique": _unique,
    "unique_together": _unique,
}
"""Checks that are not of one row at a time, by type."""
