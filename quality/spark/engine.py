"""Great Expectations on Spark, behind the interface of ``quality.engine.engine``: same suite, same numbers.

The library is asked once for all checks, and counts those of one row at a time in one pass. What a check of the pandas
engine refuses is refused here in the same words, since the same conditions are first put to a row without values. SQL
statements and expectations of the library's own are carried out by ``quality.engine.engine`` for both.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import great_expectations as gx
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from great_expectations.data_context.types.base import ProgressBarsConfig
from pyspark.sql import DataFrame, SparkSession

from quality.checks import Check, CheckResult, CheckType, Example, Measured
from quality.engine import engine
from quality.engine.aggregates import tally as arrow_tally
from quality.engine.conditions import Context, known_values
from quality.engine.expectations import ExpectRevisionToSatisfyCheck
from quality.engine.tally import Tally
from quality.facts import OnProgress, RunFacts, RunProgress, reference_key
from quality.limits import CHECK_SECONDS
from quality.spark import metrics, tallies
from quality.spark.bounded import TookTooLong, bounded
from quality.spark.conditions import Clock, row_condition
from quality.spark.session import SPARK_VERSION, SparkFrame, read_parquet

VERSION = f"{engine.VERSION}, {SPARK_VERSION}"

_ELSEWHERE = frozenset({CheckType.SQL, CheckType.EXPECTATION})
"""Types that both engines leave to the same code."""


def run(
    session: SparkSession,
    checks: Sequence[Check],
    parquet_path: Path,
    facts: RunFacts,
    *,
    examples: int = 5,
    on_progress: OnProgress | None = None,
    check_seconds: float = CHECK_SECONDS,
    allowed_bytes: int | None = None,
) -> Measured:
    """Run the checks on a revision.

    :param parquet_path: on this machine; where the work is done by others, in a folder that they see as well.
    :param check_seconds: that a check may take, and so many times that those of one row at a time may together.
    :param allowed_bytes: memory of this process, and of the one that SQL statements run in.
    :returns: what ``quality.engine.engine.run`` returns for the same checks, facts and file.
    """
    with tempfile.TemporaryDirectory(prefix="known-") as folder:
        one = _Run(session, parquet_path, facts, examples, Path(folder), on_progress)
        return one.measured(checks, check_seconds, allowed_bytes)


class _Run:
    """One run: the revision as both Arrow and Spark see it, and what the checks came to."""

    def __init__(
        self,
        session: SparkSession,
        path: Path,
        facts: RunFacts,
        examples: int,
        folder: Path,
        on_progress: OnProgress | None,
    ) -> None:
        self._session = session
        self._path = path
        self._facts = facts
        self._examples = examples
        self._folder = folder
        self._on_progress = on_progress
        file = pq.ParquetFile(path)
        self._schema, self._rows = file.schema_arrow, file.metadata.num_rows
        self._found: dict[int, CheckResult] = {}
        self._total = 0

    def measured(self, checks: Sequence[Check], check_seconds: float, allowed_bytes: int | None) -> Measured:
        """Carry out every check."""
        self._total = len(checks)
        metrics.allow(check_seconds)
        self._tell("")
        frame = read_parquet(self._session, self._path)
        asked: dict[int, Check] = {}
        for number, check in enumerate(checks):
            if (reason := self._refused(check)) is not None:
                self._found[number] = engine.error_of(check, reason)
            elif check.type not in _ELSEWHERE and check.type is not CheckType.NO_REPEATED_ROWS:
                asked[number] = check
        for number, one in self._counted(asked, frame, check_seconds).items():
            self._found[number] = self._result(checks[number], one)
        repeated = tallies.repeated_rows(frame.raw, self._examples)
        for number, check in enumerate(checks):
            if check.type is CheckType.NO_REPEATED_ROWS:
                shown = tuple(Example(row, "") for row in repeated.rows)
                self._found[number] = CheckResult(
                    check, repeated.evaluated, repeated.satisfied, examples=shown
                )
        self._carry_out_elsewhere(checks, allowed_bytes)
        self._tell("")
        results = tuple(self._found[number] for number in range(len(checks)))
        return Measured(results, repeated.evaluated, repeated.evaluated - repeated.satisfied)

    def _tell(self, name: str) -> None:
        if self._on_progress is not None:
            self._on_progress(RunProgress(len(self._found), self._total, name))

    def _refused(self, check: Check) -> str | None:
        """Why a check cannot be put to its columns, as the pandas engine says it."""
        absent = [name for name in check.columns if name not in self._schema.names]
        if absent:
            return f"the revision has no column {absent[0]!r}"
        if check.type in _ELSEWHERE or check.type is CheckType.NO_REPEATED_ROWS:
            return None
        # One row without values: patterns are not looked at for none.
        rows = min(1, self._rows)
        columns = [
            pa.chunked_array([pa.nulls(rows, self._schema.field(name).type)]) for name in check.columns
        ]
        columns = columns or [pa.chunked_array([pa.nulls(rows)])]
        try:
            arrow_tally(check.type, columns, check.arguments, self._context(check), 0)
        except Exception as error:  # whatever it is, the other engine would answer it
            return next(iter(str(error).splitlines()), "")[:300] or type(error).__name__
        return None

    def _context(self, check: Check) -> Context:
        reference = None
        if check.type is CheckType.REFERENCES:
            key = reference_key(str(check.arguments["product_id"]), check.arguments["column"])
            reference = self._facts.references.get(key)
        zone = self._facts.zone_of(check.columns[0]) if check.columns else "UTC"
        return Context(self._facts.arrived_at, zone, reference)

    def _counted(
        self, asked: Mapping[int, Check], frame: SparkFrame, check_seconds: float
    ) -> dict[int, Tally | str]:
        """What each check counts, or why it could not be counted."""
        expectations = [self._expectation(number, check, frame) for number, check in asked.items()]
        found = _validate(self._session, expectations, frame.data, check_seconds)
        counts = {number: one for number, one in found.items() if isinstance(one, list)}
        conditions = {
            number: row_condition(
                self._named(asked[number], frame), frame.data.schema, self._clock(asked[number])
            )
            for number in counts
        }
        counted = tallies.row_tallies(frame.data, conditions, counts, self._examples)
        return {number: one for number, one in found.items() if not isinstance(one, list)} | counted

    def _named(self, check: Check, frame: SparkFrame) -> Check:
        return replace(check, columns=tuple(frame.names[name] for name in check.columns))

    def _clock(self, check: Check) -> Clock:
        return Clock.of(self._context(check))

    def _expectation(self, number: int, check: Check, frame: SparkFrame) -> ExpectRevisionToSatisfyCheck:
        facts = self._facts
        if check.type is CheckType.REFERENCES:
            facts = replace(facts, references=self._collected(number, check))
        columns = [frame.names[name] for name in check.columns]
        return engine.expectation_of(number, check, columns, facts, self._examples)

    def _collected(self, number: int, check: Check) -> dict[str, Path]:
        """The values that a reference may have, as values of the column's type, in a file of their own."""
        kind = self._schema.field(check.columns[0]).type
        reference = self._context(check).reference
        assert reference is not None
        path = self._folder / f"{number}.parquet"
        values = known_values(reference, check.arguments["column"], kind)
        pq.write_table(pa.table({"known": values}), path)
        return {reference_key(str(check.arguments["product_id"]), check.arguments["column"]): path}

    def _result(self, check: Check, found: Tally | str) -> CheckResult:
        if isinstance(found, str):
            return engine.error_of(check, found)
        return engine.result_of(check, found, self._shown(check, found.rows), self._facts)

    def _shown(self, check: Check, rows: Sequence[int]) -> dict[int, str]:
        if not rows:
            return {}
        places = [row - 1 for row in rows]
        table = ds.dataset(self._path, format="parquet").take(
            places, columns=list(dict.fromkeys(check.columns))
        )
        return {row: engine.values_shown(check, table, place) for place, row in enumerate(rows)}

    def _carry_out_elsewhere(self, checks: Sequence[Check], allowed_bytes: int | None) -> None:
        left = {number: check for number, check in enumerate(checks) if number not in self._found}
        if left:
            measured = engine.run(
                list(left.values()),
                self._path,
                self._facts,
                examples=self._examples,
                allowed_bytes=allowed_bytes,
            )
            self._found |= dict(zip(left, measured.results, strict=True))


def _validate(
    session: SparkSession,
    expectations: Sequence[ExpectRevisionToSatisfyCheck],
    frame: DataFrame,
    check_seconds: float,
) -> dict[int, "Tally | list[int] | str"]:
    """What each check counted, by number; of checks of one row at a time the counts alone.

    Should the one pass over all of these fail, each is asked by itself, so that the fault is that of one check.
    """
    together = [one for one in expectations if one.check_type in tallies.BY_ROW]
    found = _validated([one for one in expectations if one.check_type not in tallies.BY_ROW], frame)
    found |= _bounded(session, together, frame, check_seconds)
    failed = [one for one in together if isinstance(found[one.number], str)]
    if len(together) > 1:
        for one in failed:
            found |= _bounded(session, [one], frame, check_seconds)
    return found


def _bounded(
    session: SparkSession,
    expectations: Sequence[ExpectRevisionToSatisfyCheck],
    frame: DataFrame,
    check_seconds: float,
) -> dict[int, "Tally | list[int] | str"]:
    """What checks of one row at a time counted, in so much time for each of them."""
    try:
        with bounded(session, check_seconds * len(expectations)) as late:
            found = _validated(expectations, frame)
    except TookTooLong as error:
        return {one.number: str(error) for one in expectations}
    if late.is_set():  # the library has caught it, and told it in its own words
        found = {number: str(TookTooLong()) if isinstance(one, str) else one for number, one in found.items()}
    return found


def _validated(
    expectations: Sequence[ExpectRevisionToSatisfyCheck], frame: DataFrame
) -> dict[int, "Tally | list[int] | str"]:
    if not expectations:
        return {}
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_spark("revision")
    batch = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="suite", expectations=list(expectations))
    outcome = batch.get_batch({"dataframe": frame}).validate(suite, result_format="BASIC")
    found: dict[int, Tally | list[int] | str] = {}
    for one in outcome.results:
        assert one.expectation_config is not None
        number = int(one.expectation_config.meta["number"])
        found[number] = one.result.get("tally") or engine.reason_of(one.exception_info)
    return found
