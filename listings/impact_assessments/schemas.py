"""What goes in and out of impact assessments over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, LongText, Output, Sha256Hex
from listings.impact_assessments.domain import AssessmentGround


class ImpactAssessmentCreate(Input):
    """An impact assessment to put on file."""

    grounds: list[AssessmentGround] = Field(
        min_length=1, max_length=5, description="Why it was made: PIPL art. 55"
    )
    sha256: Sha256Hex = Field(description="Digest of the report")
    note: LongText = Field(description="Who assessed what, and with what outcome")
    valid_from: AwareDatetime
    valid_until: AwareDatetime


class ImpactAssessmentRead(Output):
    """An impact assessment on file."""

    id: UUID
    product_id: UUID
    version: int = Field(description="Counted from 1; earlier ones stay on file")
    grounds: list[AssessmentGround]
    sha256: str
    note: str
    valid_from: datetime
    valid_until: datetime
    filed_at: datetime
    filed_by: UUID
    filed_by_organisation: UUID
    kept_until: datetime = Field(description="Until when it is kept: three years at least (PIPL art. 56)")
    rules: list[RuleVersionRead] = Field(description="Rulebook versions that it was filed under")
