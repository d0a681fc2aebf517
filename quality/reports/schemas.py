"""What a quality report looks like over HTTP. The route belongs to the floor that knows who may read it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.rulebook.schemas import RuleVersionRead
from infra.schema import DecimalText, Output, Sha256Hex
from quality.checks import CheckStatus, CheckType, Dimension, Severity, ToleranceUnit
from quality.runs.states import ReportStatus
from quality.runs.tables import QualityReport

WITHHELD = "***"
"""What stands in a report in place of a value that its reader may not see."""

DIMENSION_TITLES = {
    Dimension.CONFORMITY: "规范性",
    Dimension.COMPLETENESS: "完整性",
    Dimension.ACCURACY: "准确性",
    Dimension.CONSISTENCY: "一致性",
    Dimension.TIMELINESS: "时效性",
    Dimension.ACCESSIBILITY: "可访问性",
}


class DimensionRead(Output):
    """One indicator of GB/T 36344-2018: X = A/B."""

    dimension: Dimension
    title_zh: str
    satisfied: int = Field(ge=0, description="A: elements as they should be")
    evaluated: int = Field(ge=0, description="B: elements looked at; 0 when the dimension was not measured")
    value: DecimalText | None = Field(description="A/B, cut to six places; null when not measured")


class ExampleRead(Output):
    """One failing row."""

    row: int = Field(ge=1, description="Position among the data rows, from 1")
    value: str = Field(
        max_length=200, description="The failing value; text is masked, personal information withheld"
    )


class ToleranceRead(Output):
    """How many of the rows may fail before the check does."""

    limit: DecimalText
    unit: ToleranceUnit


class CheckRead(Output):
    """One check and what came of it."""

    type: CheckType
    columns: list[str] = Field(max_length=100)
    arguments: dict[str, Any]
    dimension: Dimension
    severity: Severity
    name: str = Field(max_length=200, description="What trends and waivers call it")
    tolerance: ToleranceRead
    owner: str | None = Field(description="Who answers for it; null for the operator of the product")
    scored: bool = Field(description="Whether its counts enter the score")
    status: CheckStatus
    evaluated: int = Field(ge=0)
    satisfied: int = Field(ge=0)
    missing: int = Field(ge=0, description="Failing rows with a missing value")
    observed: dict[str, Any] = Field(description="What a check of the whole found")
    examples: list[ExampleRead] = Field(max_length=100)
    error: str | None
    sentence_zh: str
    sentence_en: str


class ReportRead(Output):
    """A quality report: what was checked, what came of it, and the score it adds up to."""

    id: UUID
    revision_id: UUID
    status: ReportStatus
    score: DecimalText = Field(description="Weighted mean of the measured dimensions, 0 to 1")
    grade: str = Field(description="A to E, by the rulebook")
    dimensions: list[DimensionRead] = Field(max_length=6)
    checks: list[CheckRead] = Field(max_length=1000)
    engine: str = Field(description="What did the checking")
    rules: list[RuleVersionRead] = Field(description="Parameters and versions the score rests on")
    digest: Sha256Hex = Field(description="SHA-256 of the report's content, also in the audit log")
    measured_at: datetime

    @classmethod
    def of(cls, report: QualityReport, withheld: Collection[str] = ()) -> "ReportRead":
        """Map a report.

        :param withheld: columns of which no value is shown; a report with any is not what its digest is taken of.
        """
        dimensions = [
            {**item, "title_zh": DIMENSION_TITLES[Dimension(item["dimension"])]} for item in report.dimensions
        ]
        checks = [
            _without_values(check) if set(check["columns"]) & set(withheld) else check
            for check in report.checks
        ]
        hidden = {"run_id", "dimensions", "checks"}
        return cls.model_validate(
            {**report.model_dump(exclude=hidden), "dimensions": dimensions, "checks": checks}
        )


def _without_values(check: Mapping[str, Any]) -> dict[str, Any]:
    """A check of which only claims and counts are left: neither failing values nor those of a set."""
    arguments = check["arguments"]
    return {
        **check,
        "arguments": {**arguments, "values": [WITHHELD]} if "values" in arguments else arguments,
        "examples": [{**example, "value": WITHHELD} for example in check["examples"]],
    }
