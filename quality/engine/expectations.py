"""Our own Expectation for Great Expectations, and the metrics that it rests on: one class for each type of check.

The library compares bounds as binary floating point (0.10 to 0.30 then refuses both ends, and 2^53 + 1 is lost), leaves
missing values out, and lists every failing row. These metrics compare exactly, count every row, and keep a few
positions. A metric answers a :class:`quality.engine.tally.Tally`.

Another engine of the library joins by a further method of :class:`RevisionMetric` for it
(``@metric_value(engine=SparkDFExecutionEngine)``), or of a single class.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_expectation_impl, get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from quality.arguments.library import LIBRARY_EXPECTATIONS
from quality.checks import Check, CheckType
from quality.engine.aggregates import tally
from quality.engine.conditions import Context, is_text

PREFIX = "revision."
_started: list[Callable[[int], None]] = []


def watch(started: Callable[[int], None]) -> None:
    """Have a function called with the number of a check when its metric begins; it replaces the one before."""
    _started[:] = [started]


class RevisionMetric(TableMetricProvider):
    """What a check counts in the rows of a batch. Each type of check has a class, whose name is the type's.

    ``columns`` and ``known`` are JSON texts, so that two checks are one metric exactly when they ask the same.
    """

    value_keys = ("number", "columns", "known", "kept")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls: Any,  # noqa: N805
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> Any:
        for started in _started:
            started(metric_value_kwargs["number"])
        frame, _domain, _accessor = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        names = json.loads(metric_value_kwargs["columns"]) or [frame.columns[0]]
        known = json.loads(metric_value_kwargs["known"])
        return tally(
            cls.metric_name.removeprefix(PREFIX),
            [pa.chunked_array(frame[name]) for name in names],
            known["arguments"],
            context_of(known),
            metric_value_kwargs["kept"],
        )


def context_of(known: dict[str, Any]) -> Context:
    """What a metric knows besides the columns, from its JSON."""
    arrived_at, reference = known["arrived_at"], known["reference"]
    return Context(
        None if arrived_at is None else dt.datetime.fromisoformat(arrived_at),
        known["zone"],
        None if reference is None else Path(reference),
    )


class RowCount(RevisionMetric):
    """row_count: how many rows there are."""

    metric_name = PREFIX + CheckType.ROW_COUNT


class NotNull(RevisionMetric):
    """not_null: rows with a value."""

    metric_name = PREFIX + CheckType.NOT_NULL


class Unique(RevisionMetric):
    """unique: rows whose value no other row has."""

    metric_name = PREFIX + CheckType.UNIQUE


class UniqueTogether(RevisionMetric):
    """unique_together: rows whose values together no other row has."""

    metric_name = PREFIX + CheckType.UNIQUE_TOGETHER


class Between(RevisionMetric):
    """between: rows whose value lies within exact bounds."""

    metric_name = PREFIX + CheckType.BETWEEN


class InSet(RevisionMetric):
    """in_set: rows whose value is one of a set."""

    metric_name = PREFIX + CheckType.IN_SET


class ContainsAll(RevisionMetric):
    """contains_all: which of the values occur."""

    metric_name = PREFIX + CheckType.CONTAINS_ALL


class Matches(RevisionMetric):
    """matches: rows whose whole value has a form."""

    metric_name = PREFIX + CheckType.MATCHES


class WellFormed(RevisionMetric):
    """well_formed: rows whose text is not garbled."""

    metric_name = PREFIX + CheckType.WELL_FORMED


class NotLess(RevisionMetric):
    """not_less: rows in which one value is not less than another."""

    metric_name = PREFIX + CheckType.NOT_LESS


class Increasing(RevisionMetric):
    """increasing: rows that do not go back behind the row before."""

    metric_name = PREFIX + CheckType.INCREASING


class Recent(RevisionMetric):
    """recent: the newest value."""

    metric_name = PREFIX + CheckType.RECENT


class NotAfterArrival(RevisionMetric):
    """not_after_arrival: rows whose time is not after the arrival."""

    metric_name = PREFIX + CheckType.NOT_AFTER_ARRIVAL


class Distribution(RevisionMetric):
    """distribution: rows of each category, or below and up to each quantile, of a baseline."""

    metric_name = PREFIX + CheckType.DISTRIBUTION


class References(RevisionMetric):
    """references: rows whose value occurs in another product."""

    metric_name = PREFIX + CheckType.REFERENCES


class ExpectRevisionToSatisfyCheck(BatchExpectation):
    """One check of a revision, or of a part of it.

    Its result holds the ``tally``; whether that is enough is decided when all parts have been counted.
    """

    check_type: str
    number: int
    columns: str
    known: str
    kept: int

    success_keys: ClassVar[tuple[str, ...]] = ("check_type", "number", "columns", "known", "kept")

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> ValidationDependencies:
        """Depend on the metric of the check's type."""
        found = super().get_validation_dependencies(execution_engine, runtime_configuration)
        name = PREFIX + self.check_type
        wanted = get_metric_kwargs(name, self.configuration, runtime_configuration)
        found.set_metric_configuration(
            name,
            MetricConfiguration(name, wanted["metric_domain_kwargs"], wanted["metric_value_kwargs"]),
        )
        return found

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> Any:
        return {"success": True, "result": {"tally": metrics[PREFIX + self.check_type]}}


def fits_library(check: Check, kinds: Iterable[pa.DataType]) -> bool:
    """Whether columns have a type that the expectation of the library takes.

    :raises KeyError: it is none of the allow-list.
    """
    return LIBRARY_EXPECTATIONS[check.arguments["type"]].kinds is None or all(is_text(kind) for kind in kinds)


def library_expectation(number: int, check: Check) -> Any:
    """A check that names an expectation of the library, as the library takes it. It leaves missing values out.

    :raises KeyError, Unreadable: the expectation is none of the allow-list, or its arguments are not.
    """
    name = check.arguments["type"]
    rules = LIBRARY_EXPECTATIONS[name]
    given: dict[str, Any] = {"meta": {"number": number}}
    for ours, value in (check.arguments.get("arguments") or {}).items():
        theirs, reader = rules.parameters[ours]
        if value is not None:
            given[theirs] = reader(value)
    if rules.columns == (1, 1):
        given["column"] = check.columns[0]
    elif rules.columns == (2, 2):
        given |= {"ignore_row_if": "either_value_is_missing"}
        given |= dict(zip(("column_A", "column_B"), check.columns, strict=True))
    else:
        given |= {"ignore_row_if": "any_value_is_missing", "column_list": list(check.columns)}
    return get_expectation_impl(name)(**given)
