"""The gate: what keeps a revision from being sold, by the class of its product. Pure.

A revision is refused when its grade is too low; when a blocking check failed, could not be carried out or had nothing
to look at; and when a check of rows, whatever its severity, misses its tolerance by more than the gate's margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from quality.checks import WHOLE, CheckResult, CheckStatus, CheckType, Measured, Severity
from quality.reasons import lacks_column, reason_zh

GRADES = ("A", "B", "C", "D", "E")


class RefusalCause(StrEnum):
    """Why a gate refuses a revision."""

    LOW_GRADE = "low_grade"
    BLOCKING_CHECK = "blocking_check"
    FAR_BEYOND_TOLERANCE = "far_beyond_tolerance"


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be sold, from the rulebook.

    :param lowest_grade: the worst grade with which a revision still passes.
    :param margin_percent: of the rows: by how much a check may miss its tolerance unless it is blocking.
    """

    lowest_grade: str
    margin_percent: Decimal


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a revision is refused.

    :param check: name of the check; None for the grade.
    """

    cause: RefusalCause
    sentence_zh: str
    sentence_en: str
    check: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """As it is kept with the report."""
        return {
            "cause": self.cause.value,
            "check": self.check,
            "sentence_zh": self.sentence_zh,
            "sentence_en": self.sentence_en,
        }


def refusals(measured: Measured, grade: str, gate: Gate) -> tuple[Refusal, ...]:
    """Why the gate refuses a revision; none when it passes."""
    found = [_of_check(result, measured, gate) for result in measured.results]
    return (*_of_grade(grade, gate), *(refusal for refusal in found if refusal is not None))


def _of_grade(grade: str, gate: Gate) -> Sequence[Refusal]:
    if GRADES.index(grade) <= GRADES.index(gate.lowest_grade):
        return ()
    return (
        Refusal(
            RefusalCause.LOW_GRADE,
            f"等级为 {grade}，最低须为 {gate.lowest_grade}",
            f"The grade is {grade}; the lowest that passes is {gate.lowest_grade}",
        ),
    )


def _of_check(result: CheckResult, measured: Measured, gate: Gate) -> Refusal | None:
    name, status = result.check.name, result.status
    if status is CheckStatus.PASSED:
        return None
    blocking = result.check.severity is Severity.BLOCKING
    if not blocking and (_judges_whole(result, measured) or status is CheckStatus.EMPTY):
        return None
    if lacks_column(result.error):
        return _of_absent_column(result)
    if blocking:
        zh, en = {
            CheckStatus.FAILED: ("未通过", "failed"),
            CheckStatus.ERROR: ("无法检查", "could not be carried out"),
            CheckStatus.EMPTY: ("没有可检查的数据", "had nothing to look at"),
        }[status]
        return Refusal(
            RefusalCause.BLOCKING_CHECK, f"阻断检查 {name} {zh}", f"The blocking check {name} {en}", name
        )
    if status is CheckStatus.ERROR:
        return Refusal(
            RefusalCause.FAR_BEYOND_TOLERANCE,
            f"检查 {name} 无法进行，没有任何一行可以认定符合",
            f"The check {name} could not be carried out, so no row is known to satisfy it",
            name,
        )
    beyond = result.failing - result.tolerated
    if beyond <= Fraction(gate.margin_percent) * (result.evaluated - result.surplus) / 100:
        return None
    margin = f"{gate.margin_percent.normalize():f}"
    return Refusal(
        RefusalCause.FAR_BEYOND_TOLERANCE,
        f"检查 {name} 超出容许范围 {margin} 个百分点以上：{result.evaluated:,} 行中有 {result.failing:,} 行不符合",
        f"The check {name} misses its tolerance by more than {margin} percentage points:"
        f" {result.failing:,} of {result.evaluated:,} rows fail",
        name,
    )


def _of_absent_column(result: CheckResult) -> Refusal:
    """What to do about a check of a column that new data has not any more."""
    blocking = result.check.severity is Severity.BLOCKING
    name, reason = result.check.name, result.error or ""
    return Refusal(
        RefusalCause.BLOCKING_CHECK if blocking else RefusalCause.FAR_BEYOND_TOLERANCE,
        f"检查 {name} 无法进行：{reason_zh(reason)}。请上传含有该列的数据；若该列不再提供，请用"
        " PUT /v1/products/{product_id}/quality-suite 去掉该检查（产品已上架的，随产品新版本生效），或申请豁免："
        "POST /v1/revisions/{revision_id}/quality-waiver-requests",
        f"The check {name} could not be carried out: {reason}. Upload data that has it; or, where it is gone for good,"
        " take the check out with PUT /v1/products/{product_id}/quality-suite (once published, by an edition), or ask"
        " for a waiver with POST /v1/revisions/{revision_id}/quality-waiver-requests",
        name,
    )


def _judges_whole(result: CheckResult, measured: Measured) -> bool:
    """Whether a result is one yes or no, not a count of rows."""
    kind = result.check.type
    return kind in WHOLE or (
        kind is CheckType.EXPECTATION and result.error is None and result.evaluated != measured.rows
    )
