"""The Spark half of our metrics for Great Expectations: one class for each type of check, beside the pandas half.

Checks of one row at a time answer an aggregate, and the library computes all of them in one pass over the data; their
tally is made from the counts afterwards. The others answer a tally.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from quality.checks import Check, CheckType, Dimension
from quality.engine.expectations import PREFIX, RevisionMetric, context_of
from quality.limits import CHECK_SECONDS
from quality.spark.bounded import bounded
from quality.spark.conditions import Clock
from quality.spark.tallies import BY_ROW, row_counts, tally

_OF_SEVERAL_ROWS = (
    CheckType.ROW_COUNT,
    CheckType.UNIQUE,
    CheckType.UNIQUE_TOGETHER,
    CheckType.CONTAINS_ALL,
    CheckType.INCREASING,
    CheckType.RECENT,
    CheckType.DISTRIBUTION,
    CheckType.REFERENCES,
)


_seconds: list[float] = [CHECK_SECONDS]


def allow(seconds: float) -> None:
    """How long a check that is not of one row at a time may take from now on."""
    _seconds[:] = [seconds]


class _OfOneRow(TableMetricProvider):
    value_keys = RevisionMetric.value_keys

    @metric_partial(
        engine=SparkDFExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _spark(
        cls: Any,  # noqa: N805
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> Any:
        check, clock = _asked(cls.metric_name, metric_value_kwargs)
        schema = _frame(execution_engine, metric_domain_kwargs).schema
        return row_counts(check, schema, clock), metric_domain_kwargs, {}


class _OfSeveralRows(TableMetricProvider):
    value_keys = RevisionMetric.value_keys

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls: Any,  # noqa: N805
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> Any:
        check, clock = _asked(cls.metric_name, metric_value_kwargs)
        frame = _frame(execution_engine, metric_domain_kwargs)
        reference = json.loads(metric_value_kwargs["known"])["reference"]
        with bounded(frame.sparkSession, _seconds[0]):
            known = None if reference is None else _known(frame, check.columns[0], Path(reference))
            return tally(check, frame, clock, metric_value_kwargs["kept"], known)


def _asked(name: str, given: Mapping[str, Any]) -> tuple[Check, Clock]:
    """The check of a metric, its columns under the frame's names, and what its times are held against."""
    known = json.loads(given["known"])
    kind, columns = CheckType(name.removeprefix(PREFIX)), tuple(json.loads(given["columns"]))
    return Check(kind, columns, Dimension.ACCURACY, known["arguments"]), Clock.of(context_of(known))


def _frame(engine: SparkDFExecutionEngine, domain: dict[str, Any]) -> DataFrame:
    frame, _, _ = engine.get_compute_domain(domain, domain_type=MetricDomainTypes.TABLE)
    return frame


def _known(frame: DataFrame, column: str, path: Path) -> DataFrame:
    """The values that a reference may have, from a file of this machine, which a cluster's executors do not see."""
    kind = StructType([StructField(column, frame.schema[column].dataType)])
    values = pq.read_table(path).rename_columns([column])
    found: DataFrame = frame.sparkSession.createDataFrame(values, kind)
    return found


for _kind in (*BY_ROW, *_OF_SEVERAL_ROWS):
    _base: type = _OfOneRow if _kind in BY_ROW else _OfSeveralRows
    type(f"Spark_{_kind}", (_base,), {"metric_name": PREFIX + _kind, "__doc__": f"{_kind}, on Spark."})
