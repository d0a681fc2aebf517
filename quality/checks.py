"""Checks: what may be asked of a revision, and what came of it. Pure.

A check counts rows. Every row of the revision is looked at, a missing value satisfies no check but one that is about
something else, and a share of rows or a number of them may fail before the check itself does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Any


class CheckType(StrEnum):
    """The allow-list. There is no condition or plug-in that would reach an evaluator.

    ``quality.arguments`` says which arguments each type takes.
    """

    ROW_COUNT = "row_count"
    NO_REPEATED_ROWS = "no_repeated_rows"
    NOT_NULL = "not_null"
    UNIQUE = "unique"
    UNIQUE_TOGETHER = "unique_together"
    BETWEEN = "between"
    IN_SET = "in_set"
    CONTAINS_ALL = "contains_all"
    MATCHES = "matches"
    WELL_FORMED = "well_formed"
    NOT_LESS = "not_less"
    INCREASING = "increasing"
    RECENT = "recent"
    NOT_AFTER_ARRIVAL = "not_after_arrival"
    DISTRIBUTION = "distribution"
    REFERENCES = "references"
    SQL = "sql"
    EXPECTATION = "expectation"


UNSCORED = frozenset(
    {
        CheckType.CONTAINS_ALL,
        CheckType.INCREASING,
        CheckType.RECENT,
        CheckType.DISTRIBUTION,
    }
)
"""Types that judge the column as a whole or the order of rows: they pass or fail, and their counts enter no score."""

WHOLE = frozenset({CheckType.ROW_COUNT, CheckType.CONTAINS_ALL, CheckType.RECENT, CheckType.DISTRIBUTION})
"""Types whose result is one yes or no, not a count of rows."""

KEYS = frozenset({CheckType.UNIQUE, CheckType.UNIQUE_TOGETHER})
"""Types that name what tells one row from another."""

_OF_EACH_ROW = frozenset(
    {
        CheckType.BETWEEN,
        CheckType.IN_SET,
        CheckType.MATCHES,
        CheckType.WELL_FORMED,
        CheckType.NOT_AFTER_ARRIVAL,
        CheckType.REFERENCES,
    }
)
"""Types that ask something of a value by itself."""


class Dimension(StrEnum):
    """The six indicators of GB/T 36344-2018."""

    CONFORMITY = "conformity"  # 规范性
    COMPLETENESS = "completeness"  # 完整性
    ACCURACY = "accuracy"  # 准确性
    CONSISTENCY = "consistency"  # 一致性
    TIMELINESS = "timeliness"  # 时效性
    ACCESSIBILITY = "accessibility"  # 可访问性


class Severity(StrEnum):
    """What a failed check means: ``blocking`` fails the revision, ``warning`` is shown to readers."""

    BLOCKING = "blocking"
    WARNING = "warning"


class ToleranceUnit(StrEnum):
    """What a tolerance counts."""

    ROWS = "rows"
    PERCENT = "percent"


class CheckStatus(StrEnum):
    """What came of one check. ``empty``: it had nothing to evaluate. ``error``: it could not be carried out."""

    PASSED = "passed"
    FAILED = "failed"
    EMPTY = "empty"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many of the evaluated rows may fail before the check does.

    :param limit: exact text: a whole number of rows, or percent between 0 and 100.
    """

    limit: str = "0"
    unit: ToleranceUnit = ToleranceUnit.PERCENT

    def __post_init__(self) -> None:
        """:raises ValueError: the limit cannot be."""
        try:
            number = Decimal(self.limit)
        except InvalidOperation:
            raise ValueError(f"{self.limit!r} is no number") from None
        if not number.is_finite() or number < 0:
            raise ValueError(f"{self.limit} is no tolerance: it must not be negative")
        if self.unit is ToleranceUnit.PERCENT and number > 100:
            raise ValueError(f"{self.limit} is no percentage between 0 and 100")
        if self.unit is ToleranceUnit.ROWS and number != number.to_integral_value():
            raise ValueError(f"{self.limit} is no whole number of rows")

    def rows(self, evaluated: int) -> Fraction:
        """Failing rows that are tolerated, of so many."""
        limit = Fraction(Decimal(self.limit))
        return limit if self.unit is ToleranceUnit.ROWS else limit * evaluated / 100


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a revision.

    :param name: what reports, trends and waivers call it; unique within its suite.
    :param columns: the columns it is about, in the order the type expects; empty for the whole table.
    :param arguments: JSON, by type; numbers as exact text. See ``quality.arguments``.
    :param owner: who answers for it, for people; None for the operator of the product.
    """

    type: CheckType
    columns: tuple[str, ...]
    dimension: Dimension
    arguments: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.WARNING
    tolerance: Tolerance = field(default_factory=Tolerance)
    owner: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """A check without a name is called by its type and columns."""
        if not self.name:
            object.__setattr__(self, "name", ":".join((self.type.value, *self.columns)))

    @property
    def scored(self) -> bool:
        """Whether its counts enter the score."""
        return self.type not in UNSCORED

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {**asdict(self), "columns": list(self.columns), "arguments": dict(self.arguments)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Check":
        """Read what ``to_json`` wrote, also before checks had names and tolerances.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        tolerance = document.get("tolerance")
        if tolerance is None:
            tolerance = {"limit": str(Decimal(document["allowed_share"]) * 100), "unit": "percent"}
        return cls(
            type=CheckType(document["type"]),
            columns=tuple(document["columns"]),
            dimension=Dimension(document["dimension"]),
            arguments=dict(document["arguments"]),
            severity=Severity(document["severity"]),
            tolerance=Tolerance(tolerance["limit"], ToleranceUnit(tolerance["unit"])),
            owner=document.get("owner"),
            name=document.get("name", ""),
        )


@dataclass(frozen=True, slots=True)
class Example:
    """One failing row: its position among the data rows, from 1, and the value with text masked."""

    row: int
    value: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check.

    :param evaluated: rows looked at: all of them, or 1 for a check of the whole (`WHOLE`).
    :param satisfied: those of them that are as they should be. A missing value is not.
    :param missing: of the rows that fail, those with a missing value in one of its columns.
    :param observed: JSON of what a check of the whole found, such as ``{"rows": 17281}``; see ``quality.arguments``.
    :param examples: some failing rows, not all.
    :param error: why it could not be carried out, for a person.
    :param surplus: rows of the revision that cannot be told from an earlier one (`Measured.surplus`); a tolerance in
        percent does not grow with them. Set by `Measured`.
    """

    check: Check
    evaluated: int
    satisfied: int
    missing: int = 0
    observed: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    error: str | None = None
    surplus: int = 0

    def __post_init__(self) -> None:
        """Counts are never negative, and no more is satisfied than was looked at."""
        assert 0 <= self.satisfied <= self.evaluated
        assert 0 <= self.missing <= self.evaluated - self.satisfied
        assert self.surplus >= 0

    @property
    def different(self) -> int:
        """Of a check of a key: how many different keys there are, of which no part is missing."""
        return int(self.observed.get("values", self.satisfied))

    @property
    def failing(self) -> int:
        """Rows that fail."""
        return self.evaluated - self.satisfied

    @property
    def tolerated(self) -> Fraction:
        """Failing rows that the tolerance allows, of the rows that can be told apart."""
        return self.check.tolerance.rows(max(self.evaluated - self.surplus, 0))

    @property
    def status(self) -> CheckStatus:
        """Passed when no more than the tolerated rows fail."""
        if self.error is not None:
            return CheckStatus.ERROR
        if self.evaluated == 0:
            return CheckStatus.EMPTY
        return CheckStatus.PASSED if self.failing <= self.tolerated else CheckStatus.FAILED

    def to_json(self) -> dict[str, Any]:
        """What ``from_json`` reads back, given the check."""
        return {
            "evaluated": self.evaluated,
            "satisfied": self.satisfied,
            "missing": self.missing,
            "observed": dict(self.observed),
            "examples": [asdict(example) for example in self.examples],
            "error": self.error,
        }

    @classmethod
    def from_json(cls, check: Check, document: Mapping[str, Any]) -> "CheckResult":
        """Read the engine's answer to one check.

        :raises KeyError, TypeError: the document is of another shape.
        """
        return cls(
            check,
            evaluated=document["evaluated"],
            satisfied=document["satisfied"],
            missing=document["missing"],
            observed=document["observed"],
            examples=tuple(Example(**item) for item in document["examples"]),
            error=document["error"],
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found in a revision.

    :param results: one for each check, in their order.
    :param rows: of the revision.
    :param repeated: rows that are equal to an earlier one in every column.
    """

    results: tuple[CheckResult, ...]
    rows: int
    repeated: int

    def __post_init__(self) -> None:
        """Of no rows none repeat; of some, the first does not. Each result is told how many are surplus."""
        assert 0 <= self.repeated <= max(self.rows - 1, 0)
        results = tuple(
            replace(result, surplus=0 if result.check.type in WHOLE else self.surplus)
            for result in self.results
        )
        object.__setattr__(self, "results", results)

    @property
    def surplus(self) -> int:
        """Rows that cannot be told from an earlier one: by the key of the suite that tells most rows apart, else whole.

        By a key and not by whole rows, because damage elsewhere in a repeated row makes it no better. For the same
        reason a broken value in a column of the key makes no new row.
        """
        keys = [result for result in self.results if result.check.type in KEYS and result.error is None]
        apart = max((self.told_apart_by(key) for key in keys), default=self.rows - self.repeated)
        return max(self.repeated, self.rows - apart)

    def told_apart_by(self, key: CheckResult) -> int:
        """Rows that a key tells apart: different ones, at most, in whose columns no value is broken."""
        broken = [
            result.failing - result.missing
            for result in self.results
            if result.check.type in _OF_EACH_ROW and result.error is None
            if not set(key.check.columns).isdisjoint(result.check.columns)
        ]
        return max(key.different - max(broken, default=0), 0)

    def to_json(self) -> dict[str, Any]:
        """What ``from_json`` reads back, given the checks."""
        return {
            "rows": self.rows,
            "repeated": self.repeated,
            "results": [result.to_json() for result in self.results],
        }

    @classmethod
    def from_json(cls, checks: Sequence[Check], document: Mapping[str, Any]) -> "Measured":
        """Read the engine's answer to these checks.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        pairs = zip(checks, document["results"], strict=True)
        results = tuple(CheckResult.from_json(check, item) for check, item in pairs)
        return cls(results, document["rows"], document["repeated"])


def mask(value: str, *, quantity: bool) -> str:
    """A failing value as it may be shown: quantities and dates as they are, text by its first and last letter."""
    if quantity or len(value) <= 1:
        return value[:40]
    return value[0] + "*" * min(len(value) - 1, 8) if len(value) < 5 else f"{value[0]}{'*' * 4}{value[-1]}"


def suite_to_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """A suite as JSON, of which its digest is taken."""
    return [check.to_json() for check in checks]
