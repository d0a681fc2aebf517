"""What a quality report looks like over HTTP. The route belongs to the floor that knows who may read it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.rulebook.schemas import RuleVersionRead
from infra.schema import DecimalText, Output, Sha256Hex
from quality.checks import Check, CheckStatus, CheckType, Dimension, Severity, ToleranceUnit
from quality.classes import ProductClass
from quality.gates import RefusalCause
from quality.reports.comparison import CheckChange, ComparedCheck
from quality.reports.concealment import WITHHELD as WITHHELD
from quality.reports.concealment import conceal
from quality.reports.dimensions import ISO_25012, TITLES
from quality.runs.states import ReportStatus
from quality.runs.tables import QualityReport
from quality.waivers.tables import QualityWaiver


class MeasureRead(Output):
    """A part of a dimension."""

    satisfied: int = Field(ge=0)
    evaluated: int = Field(ge=0)
    value: DecimalText | None


class DimensionRead(Output):
    """One indicator of GB/T 36344-2018: X = A/B."""

    dimension: Dimension
    title_zh: str
    iso_25012_zh: str = Field(description="The nearest characteristic of ISO/IEC 25012 (GB/T 25000.12)")
    iso_25012_en: str
    satisfied: int = Field(ge=0, description="A: elements as they should be")
    evaluated: int = Field(ge=0, description="B: elements looked at; 0 when the dimension was not measured")
    value: DecimalText | None = Field(description="A/B, cut to six places; null when not measured")
    checked: MeasureRead | None = Field(default=None, description="What checks found of it")
    observed: MeasureRead | None = Field(default=None, description="What the service observed of it")

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "DimensionRead":
        """Map a dimension of a stored report."""
        dimension = Dimension(stored["dimension"])
        zh, en = ISO_25012[dimension]
        names = {"title_zh": TITLES[dimension], "iso_25012_zh": zh, "iso_25012_en": en}
        return cls.model_validate({**stored, **names})


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
    name: str = Field(description="What trends and waivers call it")
    tolerance: ToleranceRead
    owner: str | None = Field(description="Who answers for it; null for the operator of the product")
    scored: bool = Field(description="Whether its counts enter the score")
    status: CheckStatus
    evaluated: int = Field(ge=0)
    satisfied: int = Field(ge=0)
    missing: int = Field(ge=0, description="Failing rows with a missing value")
    observed: dict[str, Any] = Field(
        description="What a check of the whole found; of a key, how many different `values` there are"
    )
    examples: list[ExampleRead] = Field(max_length=100)
    error: str | None
    sentence_zh: str
    sentence_en: str


class RefusalRead(Output):
    """One reason why the gate of the product's class refused the revision."""

    cause: RefusalCause
    check: str | None = Field(description="Name of the check; null for the grade")
    sentence_zh: str
    sentence_en: str


class ReportWaiverRead(Output):
    """That a reviewer has the revision count as passed for a time, although the report failed."""

    checks: list[str] = Field(description="Names of the checks that are waived; empty for the whole report")
    reason: str
    granted_at: datetime
    expires_at: datetime


class ReportRead(Output):
    """A quality report: what was checked, what came of it, and the score it adds up to."""

    id: UUID
    revision_id: UUID
    status: ReportStatus
    score: DecimalText = Field(description="Weighted mean of the measured dimensions, 0 to 1")
    grade: str = Field(description="A to E, by the rulebook")
    uncapped_grade: str | None = Field(
        description="The grade by the score alone, before dimensions that were not measured capped it"
    )
    product_class: ProductClass | None = Field(description="By which weights and gate were chosen")
    suite_id: UUID | None = Field(description="The version of the product's suite")
    rows: int | None = Field(ge=0, description="Rows of the revision")
    repeated: int | None = Field(ge=0, description="Rows equal to an earlier one in every column")
    refusals: list[RefusalRead] = Field(
        max_length=2000, description="Why the gate refused the revision; empty when it passed"
    )
    waiver: ReportWaiverRead | None = Field(default=None, description="Null unless one is in force now")
    dimensions: list[DimensionRead] = Field(max_length=6)
    checks: list[CheckRead] = Field(max_length=1000)
    engine: str = Field(description="What did the checking")
    rules: list[RuleVersionRead] = Field(description="Parameters and versions the score rests on")
    digest: Sha256Hex | None = Field(
        description="SHA-256 of the report's content, also in the audit log; null when part of that is withheld from"
        " you, which it would let you guess"
    )
    measured_at: datetime

    @classmethod
    def of(
        cls,
        report: QualityReport,
        withheld: Collection[str] | None = None,
        waiver: QualityWaiver | None = None,
    ) -> "ReportRead":
        """Map a report.

        :param withheld: columns of which no value is shown; None for a reader who sees the report as it was written,
            which is what its digest is taken of.
        :param waiver: the one in force now, if there is one.
        """
        hidden = {"run_id", "dimensions", "checks", "digest"}
        checks = [completed(check) for check in report.checks]
        shown = conceal(checks, withheld)
        return cls.model_validate(
            {
                **report.model_dump(exclude=hidden),
                "dimensions": [DimensionRead.of(item) for item in report.dimensions],
                "checks": shown,
                "digest": report.digest if shown == checks else None,
                "waiver": waiver,
            }
        )


class TrendPointRead(Output):
    """The quality of one revision."""

    revision_id: UUID
    number: int
    uploaded_at: datetime
    rows: int = Field(ge=0)
    measured_at: datetime
    status: ReportStatus
    grade: str
    score: DecimalText
    dimensions: list[DimensionRead] = Field(max_length=6)


class TrendRead(Output):
    """The quality of a product over its revisions."""

    product_id: UUID
    points: list[TrendPointRead] = Field(max_length=50, description="Oldest first")


class ComparedReportRead(Output):
    """One of the two reports that are compared."""

    revision_id: UUID
    number: int
    measured_at: datetime
    status: ReportStatus
    grade: str
    score: DecimalText


class OutcomeRead(Output):
    """What came of a check in one of the two reports."""

    status: CheckStatus
    evaluated: int = Field(ge=0)
    satisfied: int = Field(ge=0)
    missing: int = Field(ge=0)
    sentence_zh: str
    sentence_en: str

    @classmethod
    def of(cls, check: Mapping[str, Any] | None) -> "OutcomeRead | None":
        """Map a stored check; None of one that the report does not have."""
        return None if check is None else cls.model_validate({name: check[name] for name in cls.model_fields})


class ComparedCheckRead(Output):
    """One check in both reports."""

    name: str
    change: CheckChange
    before: OutcomeRead | None = Field(description="Null for a check that is new")
    after: OutcomeRead | None = Field(description="Null for a check that is gone")

    @classmethod
    def of(cls, compared: ComparedCheck) -> "ComparedCheckRead":
        """Map a compared check."""
        return cls(
            name=compared.name,
            change=compared.change,
            before=OutcomeRead.of(compared.before),
            after=OutcomeRead.of(compared.after),
        )


class ComparisonRead(Output):
    """A report beside that of the revision before."""

    before: ComparedReportRead
    after: ComparedReportRead
    checks: list[ComparedCheckRead] = Field(max_length=2000, description="What got worse first")


def completed(check: Mapping[str, Any]) -> dict[str, Any]:
    """A stored check with the members that checks had not when the oldest reports were written."""
    given = Check.from_json(check)
    return {"missing": 0, "observed": {}, "scored": given.scored, "error": None, **check, **given.to_json()}
