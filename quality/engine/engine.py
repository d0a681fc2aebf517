"""Great Expectations, behind one function. Only this module and ``quality.engine.expectations`` import it, and only
the child process imports this.

The pandas engine, an ephemeral context, and one suite call for a revision that fits in memory: a call per check is ten
times slower. A larger one is checked a batch of rows at a time, and what must see all rows of a value by itself.
"""

import atexit
import gc
import json
import os
import resource
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import great_expectations as gx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import pandas_execution_engine

from infra.child_process import own_bytes
from quality.checks import KEYS, Check, CheckResult, CheckType, Dimension, Example, Measured, mask
from quality.engine.conditions import any_missing, written
from quality.engine.expectations import (
    ExpectRevisionToSatisfyCheck,
    fits_library,
    library_expectation,
    watch,
)
from quality.engine.frames import WHOLE_BYTES, Revision, frame_of
from quality.engine.tally import Tally, finish, merge
from quality.facts import OnProgress, RunFacts, RunProgress, reference_key
from quality.limits import MAX_CELLS
from quality.statements.limits import StatementFailed, StatementLimits, memory_within
from quality.statements.process import StatementProcess

# It would take a fingerprint of every frame, which nobody reads and which takes longer than the checks.
pandas_execution_engine.HASH_THRESHOLD = 0

VERSION = f"great_expectations {gx.__version__}"

"""Types that must see all rows of a value at once."""

_NOT_CARRIED_OUT = "the check does not fit the column's type"
_Part = tuple["int | np.ndarray[Any, Any]", pa.Table]
"""Rows, and the number of rows before them or the position of each, from 1."""


class TooMuchToCheck(Exception):
    """The columns to check are more than can be gone through."""


def run(
    checks: Sequence[Check],
    parquet_path: Path,
    facts: RunFacts,
    *,
    examples: int = 5,
    on_progress: OnProgress | None = None,
    allowed_bytes: int | None = None,
) -> Measured:
    """Run the checks on a revision.

    :param facts: what checks of times and references are held against.
    :param examples: failing rows kept per check.
    :param on_progress: told how far the run is.
    :param allowed_bytes: see ``carry_out``.
    :returns: one result per check, in their order. A check that cannot be carried out (no such column, a type
        it does not fit) has an ``error`` and does not disturb the others.
    :raises TooMuchToCheck: more values than a run goes through.
    """
    found: dict[int, CheckResult] = {}

    def tell(name: str) -> None:
        if on_progress is not None:
            on_progress(RunProgress(len(found), len(checks), name))

    rows, repeated = carry_out(
        dict(enumerate(checks)),
        parquet_path,
        facts,
        examples=examples,
        on_start=lambda number: tell("" if number is None else checks[number].name),
        on_result=found.__setitem__,
        allowed_bytes=allowed_bytes,
    )
    tell("")
    return Measured(tuple(found[number] for number in range(len(checks))), rows, repeated)


def carry_out(
    checks: Mapping[int, Check],
    parquet_path: Path,
    facts: RunFacts,
    *,
    examples: int,
    on_start: Callable[[int | None], None],
    on_result: Callable[[int, CheckResult], None],
    allowed_bytes: int | None = None,
) -> tuple[int, int]:
    """Run numbered checks on a revision, and hand over each result as soon as it is known.

    :param on_start: told the number of a check whenever it is turned to, which a large file does more than once; None
        for what all checks need.
    :param allowed_bytes: memory of this process, and of the one that SQL statements run in; None for what the process
        is bounded to.
    :return: rows of the revision, and how many of them repeat an earlier one.
    :raises TooMuchToCheck: more values than a run goes through.
    """
    revision = Revision(parquet_path)
    watch(on_start)
    asked: dict[int, Check] = {}
    stated: dict[int, Check] = {}
    for number, check in checks.items():
        absent = [name for name in check.columns if name not in revision.names]
        if absent:
            on_result(number, error_of(check, f"the revision has no column {absent[0]!r}"))
        elif check.type is CheckType.SQL:
            stated[number] = check
        elif check.type is not CheckType.NO_REPEATED_ROWS:
            asked[number] = check
    columns = _columns(revision, asked)
    if revision.rows * len(columns) > MAX_CELLS:
        raise TooMuchToCheck(f"{revision.rows:,} rows of {len(columns)} columns are more than can be checked")
    counting = _Counting(revision, facts, examples, on_start, on_result)
    if revision.size(columns) <= WHOLE_BYTES:
        counting.count(asked, [(0, revision.whole(columns))])
    else:
        together = {number: check for number, check in asked.items() if check.type in KEYS}
        by_row = {number: check for number, check in asked.items() if number not in together}
        counting.count(by_row, revision.batches(_columns(revision, by_row)))
        for number, check in together.items():
            on_start(number)
            settled, parts = revision.together(check.columns)
            counting.count({number: check}, parts, settled)
    on_start(None)
    # Where a key holds, no row can be equal to another.
    repeated, places = (0, list[int]()) if counting.distinct else revision.repeated(examples)
    for number, check in checks.items():
        if check.type is CheckType.NO_REPEATED_ROWS:
            shown = tuple(Example(row, "") for row in places)
            on_result(number, CheckResult(check, revision.rows, revision.rows - repeated, examples=shown))
    limits = StatementLimits(memory_bytes=_statement_memory(allowed_bytes), examples=examples)
    _carry_out_statements(stated, parquet_path, limits, on_start, on_result)
    return revision.rows, repeated


def _carry_out_statements(
    checks: Mapping[int, Check],
    parquet_path: Path,
    limits: StatementLimits,
    on_start: Callable[[int], None],
    on_result: Callable[[int, CheckResult], None],
) -> None:
    """Carry out the checks that are SQL statements, in a process of their own."""
    with StatementProcess(limits) as process:
        for number, check in checks.items():
            on_start(number)
            try:
                found = process.failing_rows(parquet_path, str(check.arguments.get("statement", "")))
            except StatementFailed as failed:
                on_result(number, error_of(check, str(failed)))
                continue
            sound = found.rows - found.failing
            on_result(number, CheckResult(check, found.rows, sound, found.missing, examples=found.examples))


def _statement_memory(allowed: int | None) -> int:
    """What this process leaves a statement of the memory that is claimed for the run."""
    if allowed is None:
        allowed, _ = resource.getrlimit(resource.RLIMIT_DATA)
    used = own_bytes(os.getpid())
    if allowed == resource.RLIM_INFINITY or used is None:
        return StatementLimits().memory_bytes
    return memory_within(allowed, used)


def _columns(revision: Revision, asked: Mapping[int, Check]) -> list[str]:
    """What the checks read, in the file's order; one column at least, which says how many rows there are."""
    wanted = {name for check in asked.values() for name in check.columns}
    return [name for name in revision.names if name in wanted] or revision.names[:1]


class _Counting:
    """Checks of one revision, counted part by part."""

    def __init__(
        self,
        revision: Revision,
        facts: RunFacts,
        examples: int,
        on_start: Callable[[int | None], None],
        on_result: Callable[[int, CheckResult], None],
    ) -> None:
        self._revision = revision
        self._facts = facts
        self._examples = examples
        self._on_result = on_result
        self.distinct = False
        """Whether a check found that no two rows are equal."""
        self._library = _Library(on_start)

    def count(self, asked: Mapping[int, Check], parts: Iterable[_Part], settled: int = 0) -> None:
        """Count checks in all parts of the rows that they read, and hand over their results.

        :param settled: further rows of which the checks, all of keys, are known to pass.
        """
        open_checks = dict(asked)
        of_settled = Tally(settled, settled, state={"values": settled})
        tallies = dict.fromkeys(asked, of_settled) if settled else {}
        shown: dict[int, dict[int, str]] = {number: {} for number in asked}
        for places, table in parts:
            if not open_checks:
                return
            for number, found in self._library.count(open_checks, table, self._facts, self._examples).items():
                check = open_checks[number]
                if isinstance(found, str):
                    self._on_result(number, error_of(check, found))
                    del open_checks[number]
                    continue
                placed, values = self._placed(check, found, places, table)
                shown[number] |= values
                before = tallies.get(number)
                tallies[number] = placed if before is None else merge(check, before, placed, self._examples)
        for number, check in open_checks.items():
            result = result_of(check, tallies[number], shown[number], self._facts)
            self.distinct |= check.type in KEYS and result.error is None and not result.failing
            self._on_result(number, result)

    def _placed(
        self, check: Check, tally: Tally, places: "int | np.ndarray[Any, Any]", table: pa.Table
    ) -> tuple[Tally, dict[int, str]]:
        """A part's tally with positions in the whole revision, and the values at them."""

        def placed(row: int) -> int:
            return places + row if isinstance(places, int) else int(places[row - 1])

        state = dict(tally.state)
        rows = list(tally.rows)
        if state.get("first_row") is not None:
            rows.append(state["first_row"])
            state["first_row"] = placed(state["first_row"])
        values = {placed(row): values_shown(check, table, row - 1) for row in rows}
        return replace(tally, rows=tuple(placed(row) for row in tally.rows), state=state), values


def warm_up() -> None:
    """Check a table of one row, so that the next check finds everything loaded, and leave that out of clearing up."""
    check = Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS)
    expectation = expectation_of(0, check, check.columns, RunFacts(), 0)
    _validate({0: expectation}, frame_of(pa.table({"a": [1]})), 0)
    gc.freeze()
    atexit.register(gc.unfreeze)  # otherwise libraries complain at the end of what was never cleared up


@cache
def _context() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


class _Library:
    """Great Expectations: one call for all checks of a part, besides those that are its own."""

    def __init__(self, on_start: Callable[[int | None], None]) -> None:
        self._on_start = on_start

    def count(
        self, checks: Mapping[int, Check], table: pa.Table, facts: RunFacts, examples: int
    ) -> dict[int, Tally | str]:
        """What each check counts in a part, or why it cannot, by number."""
        frame = frame_of(table)
        own = {number: check for number, check in checks.items() if check.type is not CheckType.EXPECTATION}
        found = self.validate(
            {
                number: expectation_of(number, check, check.columns, facts, examples)
                for number, check in own.items()
            },
            frame,
            examples,
        )
        for number, check in checks.items():
            if check.type is CheckType.EXPECTATION:
                self._on_start(number)
                found[number] = self._library_check(number, check, table, frame, examples)
        return found

    def _library_check(
        self, number: int, check: Check, table: pa.Table, frame: pd.DataFrame, examples: int
    ) -> Tally | str:
        """An expectation of the library's own, which may be slow: by itself, so that it is known what is."""
        columns = [table.column(name) for name in check.columns]
        try:
            if not fits_library(check, [column.type for column in columns]):
                return _NOT_CARRIED_OUT
            expectation = library_expectation(number, check)
        except Exception:  # ours, and whatever the library raises over arguments that it does not take
            return "the expectation of the library or its arguments are not allowed"
        (counted,) = self.validate({number: expectation}, frame, examples).values()
        if isinstance(counted, str):
            return counted
        return with_missing(counted, any_missing(columns), examples)

    def validate(
        self, expectations: Mapping[int, Any], frame: pd.DataFrame, examples: int
    ) -> dict[int, Tally | str]:
        """What each expectation counted, or why it could not, by number.

        Should the call as a whole fail, it is made again in halves, so that the fault is that of one check.
        """
        if not expectations:
            return {}
        try:
            return _validate(expectations, frame, examples)
        except Exception as error:  # the library's faults are of many kinds
            numbers = list(expectations)
            if len(numbers) == 1:
                return {numbers[0]: _first_line(str(error)) or type(error).__name__}
            halves = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
            parts = [{number: expectations[number] for number in half} for half in halves]
            return self.validate(parts[0], frame, examples) | self.validate(parts[1], frame, examples)


def _validate(expectations: Mapping[int, Any], frame: pd.DataFrame, examples: int) -> dict[int, Tally | str]:
    sources = _context().data_sources
    source = sources.add_or_update_pandas("revision")
    batch = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="suite", expectations=list(expectations.values()))
    kept = {"result_format": "SUMMARY", "partial_unexpected_count": examples}
    outcome = batch.get_batch({"dataframe": frame}).validate(suite, result_format=kept)
    found: dict[int, Tally | str] = {}
    for one in outcome.results:  # in an order of the library's own
        assert one.expectation_config is not None
        number = int(one.expectation_config.meta["number"])
        details = one.result
        if "tally" in details:
            found[number] = details["tally"]
        elif "unexpected_count" in details:
            rows, unexpected = len(frame), int(details["unexpected_count"])
            places = details.get("partial_unexpected_index_list") or ()
            found[number] = Tally(rows, rows - unexpected, rows=tuple(int(place) + 1 for place in places))
        else:
            found[number] = reason_of(one.exception_info)
    # What the library keeps of a part it keeps in circles.
    sources.delete("revision")
    del source, batch, outcome
    gc.collect()
    return found


def with_missing(tally: Tally, missing: pa.ChunkedArray, examples: int) -> Tally:
    """What the library counted, and rows with a missing value counted as failing."""
    gone = int(pc.sum(missing).as_py() or 0)
    rows = tally.rows or tuple(
        int(row) + 1 for row in pc.indices_nonzero(missing).slice(0, examples).to_pylist()
    )
    return replace(tally, satisfied=tally.satisfied - gone, missing=gone, rows=rows)


def expectation_of(
    number: int, check: Check, columns: Sequence[str], facts: RunFacts, kept: int
) -> ExpectRevisionToSatisfyCheck:
    """A check as the library takes it.

    :param columns: names of the check's columns in the batch.
    :param kept: positions of failing rows that are kept.
    """
    arguments = check.arguments
    reference = None
    if check.type is CheckType.REFERENCES:
        key = reference_key(str(arguments.get("product_id")), str(arguments.get("column")))
        reference = facts.references.get(key)
    known = {
        "arguments": dict(arguments),
        "arrived_at": None if facts.arrived_at is None else facts.arrived_at.isoformat(),
        "zone": facts.zone_of(check.columns[0]) if check.columns else "UTC",
        "reference": None if reference is None else str(reference),
    }
    return ExpectRevisionToSatisfyCheck(
        check_type=check.type.value,
        number=number,
        columns=json.dumps(columns),
        known=json.dumps(known),
        kept=kept,
        meta={"number": number},
    )


def result_of(check: Check, tally: Tally, shown: Mapping[int, str], facts: RunFacts) -> CheckResult:
    """What a check comes to, from its counts over the whole revision.

    :param shown: failing values, by row.
    """
    arrived_at = facts.arrived_at
    if arrived_at is not None and check.columns:
        arrived_at = arrived_at.astimezone(ZoneInfo(facts.zone_of(check.columns[0])))
    try:
        total, observed = finish(check, tally, arrived_at)
    except (ValueError, KeyError) as error:
        return error_of(check, str(error))
    found = tuple(Example(row, shown[row]) for row in total.rows)
    return CheckResult(check, total.evaluated, total.satisfied, total.missing, observed, found)


def error_of(check: Check, reason: str) -> CheckResult:
    """The result of a check that could not be carried out."""
    return CheckResult(check, 0, 0, error=reason)


def values_shown(check: Check, table: pa.Table, row: int) -> str:
    """The values of a failing row, from 0, as they may be shown; nothing where there are none."""
    values = [table.column(name)[row] for name in check.columns]
    return ", ".join(_masked(value) for value in values if not pc.is_null(value, nan_is_null=True).as_py())


def _masked(value: pa.Scalar) -> str:
    kind = value.type
    quantity = pa.types.is_primitive(kind) or pa.types.is_decimal(kind)  # numbers, truth, dates and times
    return mask(written(value), quantity=quantity)


def reason_of(info: Any) -> str:
    """Why the library could not carry out an expectation, in a line."""
    if isinstance(info, dict):
        for entry in [info, *info.values()]:
            message = entry.get("exception_message") if isinstance(entry, dict) else None
            if message:
                return _first_line(str(message).removeprefix("Error: "))
    return _NOT_CARRIED_OUT


def _first_line(message: str) -> str:
    return next(iter(message.splitlines()), "")[:300]
