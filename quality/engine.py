"""Great Expectations, behind one function. Nothing else imports it, and only ``quality.child`` imports this.

The pandas engine, an ephemeral context, and one suite call per revision: a call per check is ten times slower.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from great_expectations import expectations
from great_expectations.data_context.types.base import ProgressBarsConfig

from quality.checks import Check, CheckResult, CheckType, Example, Measured, mask
from quality.facts import OnProgress, RunFacts, RunProgress
from quality.limits import MAX_CELLS

VERSION = f"great_expectations {gx.__version__}"
gxe: Any = expectations  # the module fills itself at run time, which no type checker sees
_TOGETHER: dict[str, Any] = {"ignore_row_if": "any_value_is_missing"}


class TooMuchToCheck(Exception):
    """The columns to check do not fit in memory."""


def run(
    checks: Sequence[Check],
    parquet_path: Path,
    facts: RunFacts,
    *,
    examples: int = 5,
    on_progress: OnProgress | None = None,
) -> Measured:
    """Run the checks on a revision.

    :param facts: what checks of times and references are held against.
    :param examples: failing rows kept per check.
    :param on_progress: told how far the run is.
    :returns: one result per check, in their order. A check that cannot be carried out (no such column, a type
        it does not fit) has an ``error`` and does not disturb the others.
    :raises TooMuchToCheck: more values than memory allows.
    """
    file = pq.ParquetFile(parquet_path)
    names = set(file.schema_arrow.names)
    results: dict[int, CheckResult] = {}
    asked: dict[int, Check] = {}
    for number, check in enumerate(checks):
        absent = [name for name in check.columns if name not in names]
        if absent:
            results[number] = CheckResult(check, 0, 0, error=f"the revision has no column {absent[0]!r}")
        else:
            asked[number] = check
    if asked:
        results |= _validate(asked, _frame(file, asked), examples)
    if on_progress is not None:
        on_progress(RunProgress(len(checks), len(checks)))
    return Measured(
        tuple(results[number] for number in range(len(checks))), file.metadata.num_rows, _repeated(file)
    )


def _repeated(file: pq.ParquetFile) -> int:
    if not file.metadata.num_rows:
        return 0
    return int(file.read(use_threads=False).to_pandas().duplicated().sum())


def _frame(file: pq.ParquetFile, asked: dict[int, Check]) -> pd.DataFrame:
    """The columns the checks need; decimals as floats, which is exact enough for a range and ten times smaller."""
    wanted = {name for check in asked.values() for name in check.columns}
    columns = [name for name in file.schema_arrow.names if name in wanted] or file.schema_arrow.names[:1]
    if file.metadata.num_rows * len(columns) > MAX_CELLS:
        raise TooMuchToCheck(
            f"{file.metadata.num_rows:,} rows of {len(columns)} columns are more than can be checked at once"
        )
    table = file.read(columns=columns, use_threads=False)
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.float64()))
    nullable = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype()}
    nullable |= {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return table.to_pandas(types_mapper=nullable.get, date_as_object=False)


def _validate(asked: dict[int, Check], frame: pd.DataFrame, examples: int) -> dict[int, CheckResult]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("revision").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(
        name="suite", expectations=[_expectation(number, check) for number, check in asked.items()]
    )
    outcome = batch.validate(
        suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": examples}
    )
    found: dict[int, CheckResult] = {}
    for one in outcome.results:  # in an order of the library's own
        assert one.expectation_config is not None
        number = int(one.expectation_config.meta["number"])
        found[number] = _result(asked[number], one, frame, examples)
    return found


def _expectation(number: int, check: Check) -> Any:
    meta: dict[str, Any] = {"meta": {"number": number}}
    arguments = check.arguments
    bounds: dict[str, Any] = {
        f"{side[:3]}_value": _number(arguments[side])
        for side in ("minimum", "maximum")
        if arguments.get(side) is not None
    }
    match check.type:
        case CheckType.ROW_COUNT:
            return gxe.ExpectTableRowCountToBeBetween(**bounds, **meta)
        case CheckType.UNIQUE_TOGETHER:
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(check.columns), **_TOGETHER, **meta)
        case CheckType.NOT_LESS:
            greater, lesser = check.columns
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=greater,
                column_B=lesser,
                or_equal=True,
                ignore_row_if="either_value_is_missing",
                **meta,
            )
    (column,) = check.columns
    match check.type:
        case CheckType.NOT_NULL:
            return gxe.ExpectColumnValuesToNotBeNull(column=column, **meta)
        case CheckType.UNIQUE:
            return gxe.ExpectColumnValuesToBeUnique(column=column, **meta)
        case CheckType.BETWEEN:
            return gxe.ExpectColumnValuesToBeBetween(column=column, **bounds, **meta)
        case CheckType.IN_SET:
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=arguments["values"], **meta)
        case CheckType.MATCHES:
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=arguments["pattern"], **meta)
        case CheckType.INCREASING:
            return gxe.ExpectColumnValuesToBeIncreasing(column=column, strictly=False, **meta)
    raise AssertionError(check.type)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _result(check: Check, one: Any, frame: pd.DataFrame, examples: int) -> CheckResult:
    details = one.result
    if check.type is CheckType.ROW_COUNT:
        return CheckResult(check, 1, int(bool(one.success)), observed={"rows": len(frame)})
    if "element_count" not in details:
        return CheckResult(check, 0, 0, error=_reason(one.exception_info))
    evaluated = int(details["element_count"])
    unexpected = int(details["unexpected_count"])
    missing = unexpected if check.type is CheckType.NOT_NULL else int(details.get("missing_count") or 0)
    satisfied = evaluated - (0 if check.type is CheckType.NOT_NULL else missing) - unexpected
    rows = details.get("partial_unexpected_index_list") or []
    shown = zip(rows, details["partial_unexpected_list"], strict=False)
    found = tuple(
        Example(int(row) + 1, "" if check.type is CheckType.NOT_NULL else _shown(check, value, frame))
        for row, value in list(shown)[:examples]
    )
    return CheckResult(check, evaluated, satisfied, missing, examples=found)


def _shown(check: Check, value: Any, frame: pd.DataFrame) -> str:
    if isinstance(value, dict):
        value = [value[name] for name in check.columns]
    if isinstance(value, tuple | list):
        return ", ".join(_one(item, frame[name]) for item, name in zip(value, check.columns, strict=False))
    return _one(value, frame[check.columns[0]])


def _one(value: Any, column: "pd.Series[Any]") -> str:
    quantity = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    if isinstance(value, dt.datetime):
        value = value.isoformat(sep=" ")
    return mask(str(value), quantity=quantity)


def _reason(info: Any) -> str:
    if isinstance(info, dict):
        entries = [info, *info.values()]
        for entry in entries:
            message = entry.get("exception_message") if isinstance(entry, dict) else None
            if message:
                return str(message).removeprefix("Error: ").splitlines()[0][:300]
    return "the check does not fit the column's type"
