"""Checks: what may be asked of a revision, and what came of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class CheckType(StrEnum):
    """The allow-list. There is no expression, condition or plug-in that would reach an evaluator."""

    ROW_COUNT = "row_count"
    NOT_NULL = "not_null"
    UNIQUE = "unique"
    UNIQUE_TOGETHER = "unique_together"
    BETWEEN = "between"
    IN_SET = "in_set"
    MATCHES = "matches"
    NOT_LESS = "not_less"
    INCREASING = "increasing"


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


class CheckStatus(StrEnum):
    """What came of one check. ``empty``: it had nothing to evaluate. ``error``: it could not be carried out."""

    PASSED = "passed"
    FAILED = "failed"
    EMPTY = "empty"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a revision.

    :param columns: the columns it is about, in the order the type expects; empty for the whole table.
    :param arguments: JSON: ``minimum`` and ``maximum`` (exact numbers as text), ``values``, ``pattern``.
    :param allowed_share: share of evaluated rows that may fail, as exact text between 0 and 1.
    :param scored: whether its counts enter the score. A check that depends on the order of rows does not.
    """

    type: CheckType
    columns: tuple[str, ...]
    dimension: Dimension
    arguments: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.WARNING
    allowed_share: str = "0"
    scored: bool = True

    def __post_init__(self) -> None:
        """:raises ValueError: the threshold cannot be."""
        if not 0 <= Decimal(self.allowed_share) <= 1:
            raise ValueError(f"{self.allowed_share} is no share between 0 and 1")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {**asdict(self), "columns": list(self.columns), "arguments": dict(self.arguments)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Check":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        return cls(
            type=CheckType(document["type"]),
            columns=tuple(document["columns"]),
            dimension=Dimension(document["dimension"]),
            arguments=dict(document["arguments"]),
            severity=Severity(document["severity"]),
            allowed_share=document["allowed_share"],
            scored=document["scored"],
        )


@dataclass(frozen=True, slots=True)
class Example:
    """One failing row: its position among the data rows, from 1, and the value with text masked."""

    row: int
    value: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check.

    :param evaluated: B of GB/T 36344: elements looked at. Missing values are looked at by ``not_null`` only.
    :param satisfied: A: those of them that are as they should be.
    :param examples: some failing rows, not all.
    :param error: why it could not be carried out, for a person.
    """

    check: Check
    evaluated: int
    satisfied: int
    examples: tuple[Example, ...] = ()
    error: str | None = None

    def __post_init__(self) -> None:
        """Counts are never negative, and no more is satisfied than was looked at."""
        assert 0 <= self.satisfied <= self.evaluated

    @property
    def status(self) -> CheckStatus:
        """Passed when no more than the allowed share of evaluated elements fails."""
        if self.error is not None:
            return CheckStatus.ERROR
        if self.evaluated == 0:
            return CheckStatus.EMPTY
        failing = self.evaluated - self.satisfied
        allowed = Decimal(self.check.allowed_share) * self.evaluated
        return CheckStatus.PASSED if failing <= allowed else CheckStatus.FAILED

    @classmethod
    def from_json(cls, check: Check, document: Mapping[str, Any]) -> "CheckResult":
        """Read the engine's answer to one check.

        :raises KeyError, TypeError: the document is of another shape.
        """
        return cls(
            check,
            document["evaluated"],
            document["satisfied"],
            tuple(Example(**item) for item in document["examples"]),
            document["error"],
        )


def mask(value: str, *, quantity: bool) -> str:
    """A failing value as it may be shown: quantities and dates as they are, text by its first and last letter."""
    if quantity or len(value) <= 1:
        return value[:40]
    return value[0] + "*" * min(len(value) - 1, 8) if len(value) < 5 else f"{value[0]}{'*' * 4}{value[-1]}"


def sentences(result: CheckResult) -> tuple[str, str]:
    """What came of a check in plain Chinese and English."""
    check = result.check
    zh, en = _claims(check)
    failing = result.evaluated - result.satisfied
    match result.status:
        case CheckStatus.ERROR:
            return f"{zh}：无法检查（{result.error}）", f"{en}: could not be checked ({result.error})"
        case CheckStatus.EMPTY:
            return f"{zh}：没有可检查的值", f"{en}: no values to check"
        case _ if check.type is CheckType.ROW_COUNT:
            return (f"{zh}：不符合", f"{en}: failed") if failing else (f"{zh}：符合", f"{en}: passed")
        case _ if failing == 0:
            return f"{zh}：全部 {result.evaluated:,} 行符合", f"{en}: all {result.evaluated:,} rows pass"
        case _:
            return (
                f"{zh}：{result.evaluated:,} 行中有 {failing:,} 行不符合",
                f"{en}: {failing:,} of {result.evaluated:,} rows fail",
            )


def _claims(check: Check) -> tuple[str, str]:
    names = "、".join(check.columns), ", ".join(check.columns)
    low, high = check.arguments.get("minimum"), check.arguments.get("maximum")
    match check.type:
        case CheckType.ROW_COUNT:
            return f"至少 {low} 行", f"There are at least {low} rows"
        case CheckType.NOT_NULL:
            return f"{names[0]} 有值", f"{names[1]} is not missing"
        case CheckType.UNIQUE:
            return f"{names[0]} 不重复", f"{names[1]} is unique"
        case CheckType.UNIQUE_TOGETHER:
            return f"{names[0]} 的组合不重复", f"{names[1]} are unique together"
        case CheckType.BETWEEN if high is None:
            return f"{names[0]} 不小于 {low}", f"{names[1]} is at least {low}"
        case CheckType.BETWEEN if low is None:
            return f"{names[0]} 不大于 {high}", f"{names[1]} is at most {high}"
        case CheckType.BETWEEN:
            return f"{names[0]} 在 {low} 与 {high} 之间", f"{names[1]} lies between {low} and {high}"
        case CheckType.IN_SET:
            count = len(check.arguments["values"])
            return f"{names[0]} 取自 {count} 个已知值", f"{names[1]} is one of {count} known values"
        case CheckType.MATCHES:
            pattern = check.arguments["pattern"]
            return f"{names[0]} 符合格式 {pattern}", f"{names[1]} matches {pattern}"
        case CheckType.NOT_LESS:
            greater, lesser = check.columns
            return f"{greater} 不小于 {lesser}", f"{greater} is not less than {lesser}"
        case CheckType.INCREASING:
            return f"{names[0]} 按顺序排列", f"{names[1]} does not decrease from row to row"


def suite_to_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """A suite as JSON, of which its digest is taken."""
    return [check.to_json() for check in checks]
