"""Counts over a Spark frame: what ``quality.engine.aggregates`` counts over Arrow columns, number for number.

Nothing is sorted, joined or collected for its examples unless some rows fail, and what comes back to this process is
bounded by the check, never by the data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (as everybody writes it)
from pyspark.sql import types as T  # noqa: N812

from quality.checks import Check, CheckType
from quality.engine.tally import Tally
from quality.spark.conditions import Clock, Condition, at_most, literal_of, missing, row_condition
from quality.spark.session import ROW

_BUCKET = 1_000_000
"""Rows that are brought into their order at once."""

_EARLY = 10_000
"""Rows at the beginning of a file."""

BY_ROW = frozenset(
    {
        CheckType.NOT_NULL,
        CheckType.BETWEEN,
        CheckType.IN_SET,
        CheckType.MATCHES,
        CheckType.WELL_FORMED,
        CheckType.NOT_LESS,
        CheckType.NOT_AFTER_ARRIVAL,
    }
)
"""Types that look at one row at a time, all of which are counted in one pass over the data."""


def row_counts(check: Check, schema: T.StructType, clock: Clock) -> Column:
    """An aggregate: numbers of rows, of failing rows, and of rows with a missing value."""
    condition = row_condition(check, schema, clock)
    return F.array(F.count(F.lit(1)), F.count_if(condition.failing), F.count_if(condition.missing))


def row_tallies(
    data: DataFrame,
    conditions: Mapping[int, Condition],
    counts: Mapping[int, Sequence[int]],
    examples: int,
) -> dict[int, Tally]:
    """The tallies of checks of one row at a time, by number, from what `row_counts` counted.

    Most failing rows that are shown are among the first of the file, where one pass finds those of all checks.
    """
    # What is wrong says more than what is not there.
    wrong = {
        number: one.failing & ~one.missing if counts[number][1] > counts[number][2] else one.failing
        for number, one in conditions.items()
        if counts[number][1] and examples
    }
    early = _early(data, wrong, examples) if wrong else {}
    tallies: dict[int, Tally] = {}
    for number, (rows, failing, absent) in counts.items():
        shown = early.get(number, ())
        if number in wrong and len(shown) < min(examples, failing - absent if failing > absent else failing):
            shown = _first(data.where(wrong[number]), examples)
        tallies[number] = Tally(rows, rows - failing, absent, shown)
    return tallies


def _early(data: DataFrame, wrong: Mapping[int, Column], examples: int) -> dict[int, tuple[int, ...]]:
    rows = [
        F.slice(F.array_sort(F.collect_list(F.when(one, F.col(ROW)))), 1, examples).alias(f"n{number}")
        for number, one in wrong.items()
    ]
    found = data.where(F.col(ROW) <= _EARLY).agg(*rows).head()
    assert found is not None
    return {number: tuple(found[f"n{number}"]) for number in wrong}


def tally(check: Check, data: DataFrame, clock: Clock, examples: int, known: DataFrame | None) -> Tally:
    """What a check that is not of one row at a time counts.

    :param known: values that a reference may have, as a column of the same name and type.
    """
    match check.type:
        case CheckType.ROW_COUNT:
            return Tally(data.count(), 0)
        case CheckType.UNIQUE | CheckType.UNIQUE_TOGETHER:
            return _unique(data, check.columns, examples)
        case CheckType.INCREASING:
            return _increasing(data, check.columns[0], examples)
        case CheckType.CONTAINS_ALL:
            return _contains_all(data, check.columns[0], check.arguments["values"], clock)
        case CheckType.RECENT:
            return _recent(data, check.columns[0])
        case CheckType.DISTRIBUTION:
            return _distribution(data, check.columns[0], check.arguments["baseline"], clock)
        case CheckType.REFERENCES:
            assert known is not None
            return _references(data, check.columns[0], known, examples)
        case CheckType.NO_REPEATED_ROWS:
            return repeated_rows(data, examples)
    raise AssertionError(check.type)


def _unique(data: DataFrame, columns: Sequence[str], examples: int) -> Tally:
    absent = missing(columns)
    groups = data.where(~absent).groupBy(*columns).agg(F.count(F.lit(1)).alias("times"))
    total, sound, values = _numbers(groups, _sum("times"), F.count_if(F.col("times") == 1), F.count(F.lit(1)))
    rows = data.count()
    gone, failing = rows - total, total - sound
    found: tuple[int, ...] = ()
    if failing and examples:
        repeated = groups.where("times > 1").select(*columns)
        found = _first(data.where(~absent).join(repeated, list(columns), "left_semi"), examples)
    elif gone and examples:
        found = _first(data.where(absent), examples)
    return Tally(rows, sound, gone, found, {"values": values})


def repeated_rows(data: DataFrame, examples: int) -> Tally:
    """Rows that are equal to an earlier one in every column.

    They are compared by a hash of 64 bits first, and those whose hashes are equal value by value.
    """
    columns = [name for name in data.columns if name != ROW]
    hashed = data.withColumn("hash", F.xxhash64(*columns))
    alike = hashed.groupBy("hash").agg(F.count(F.lit(1)).alias("times"))
    rows, candidates = _numbers(alike, _sum("times"), F.sum(F.when(F.col("times") > 1, F.col("times"))))
    if not candidates:
        return Tally(rows, rows)
    repeated = alike.where("times > 1").select("hash")
    earlier = Window.partitionBy("hash", *columns).orderBy(ROW)
    placed = hashed.join(repeated, "hash", "left_semi").withColumn("place", F.row_number().over(earlier))
    again = placed.where("place > 1").select(ROW)
    failing = again.count()
    return Tally(rows, rows - failing, 0, _first(again, examples) if failing and examples else ())


def _increasing(data: DataFrame, column: str, examples: int) -> Tally:
    """Each row is compared with the last one before it that has a value.

    Rows are put in order in buckets, each of which is told the last value before it.
    """
    bucket = F.floor(F.col(ROW) / F.lit(_BUCKET)).alias("bucket")
    present = data.where(~missing([column])).select(ROW, column, bucket)
    lasts = present.groupBy("bucket").agg(F.max_by(column, ROW).alias("last"))
    # One row for every million: a window over all of them is small.
    before = Window.partitionBy(F.lit(0)).orderBy("bucket")
    carried = lasts.select("bucket", F.lag("last").over(before).alias("carried"))
    within = Window.partitionBy("bucket").orderBy(ROW)
    previous = F.coalesce(F.lag(column).over(within), F.col("carried"))
    ordered = present.join(F.broadcast(carried), "bucket").withColumn("previous", previous)
    falls = F.col(column) < F.col("previous")
    kept, failing = _numbers(ordered, F.count(F.lit(1)), F.count_if(falls))
    rows = data.count()
    found = _first(ordered.where(falls), examples) if failing and examples else ()
    return Tally(rows, kept - failing, rows - kept, found)


def _contains_all(data: DataFrame, column: str, values: Sequence[str], clock: Clock) -> Tally:
    known = _known(values, data.schema[column].dataType, clock)
    counts = [F.count_if(F.col(column) == value) for value in known.values()]
    rows, present, *found = _numbers(data, F.count(F.lit(1)), F.count(F.col(column)), *counts)
    names = sorted(text for text, count in zip(known, found, strict=True) if count)
    return Tally(rows, 0, rows - present, state={"found": names})


def _recent(data: DataFrame, column: str) -> Tally:
    found = data.agg(F.count(F.lit(1)), F.count(F.col(column)), F.max(column)).head()
    assert found is not None
    rows, present, newest = found
    text = None if newest is None else newest.isoformat()
    return Tally(rows, 0, rows - present, state={"newest": text})


def _distribution(data: DataFrame, column: str, baseline: Mapping[str, Any], clock: Clock) -> Tally:
    kind = data.schema[column].dataType
    if baseline["kind"] == "categories":
        known = _known(baseline["shares"], kind, clock)
        counts = [F.count_if(F.col(column) == value) for value in known.values()]
        rows, present, *found = _numbers(data, F.count(F.lit(1)), F.count(F.col(column)), *counts)
        return Tally(rows, 0, rows - present, state={"counts": dict(zip(known, found, strict=True))})
    quantiles = baseline["quantiles"]
    sides = [
        F.count_if(at_most(F.col(column), kind, text, clock, strict=strict))
        for strict in (True, False)
        for text in quantiles
    ]
    rows, present, *found = _numbers(data, F.count(F.lit(1)), F.count(F.col(column)), *sides)
    below, up_to = found[: len(quantiles)], found[len(quantiles) :]
    return Tally(rows, 0, rows - present, state={"below": below, "up_to": up_to})


def _known(values: Sequence[str] | Mapping[str, Any], kind: T.DataType, clock: Clock) -> dict[str, Column]:
    """Texts and their values, without those that the column cannot hold."""
    return {text: literal for text in values if (literal := literal_of(text, kind, clock)) is not None}


def _references(data: DataFrame, column: str, known: DataFrame, examples: int) -> Tally:
    absent = missing([column])
    unknown = data.where(~absent).join(known, column, "left_anti")
    failing = unknown.count()
    rows, gone = _numbers(data, F.count(F.lit(1)), F.count_if(absent))
    found: tuple[int, ...] = ()
    if failing and examples:
        found = _first(unknown, examples)
    elif gone and examples:
        found = _first(data.where(absent), examples)
    return Tally(rows, rows - gone - failing, gone, found)


def _sum(column: str) -> Column:
    return F.coalesce(F.sum(column), F.lit(0))


def _numbers(data: DataFrame, *aggregates: Column) -> list[int]:
    found = data.agg(*(one.alias(f"n{place}") for place, one in enumerate(aggregates))).head()
    assert found is not None
    return [int(number or 0) for number in found]


def _first(rows: DataFrame, most: int) -> tuple[int, ...]:
    """Numbers of the first rows, in the order of the file."""
    return tuple(int(row[0]) for row in rows.select(ROW).orderBy(ROW).limit(most).collect())
