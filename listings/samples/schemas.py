"""What goes in and out of samples over HTTP."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from infra.schema import Input, LongText, Output, Reason, ShortText
from listings.samples.domain import MAX_FILTERS, DrawMethod, DrawSpec, FilterTest, RowFilter
from listings.samples.tables import ProductSample, SampleDecision


class RowCondition(Input):
    """One condition on the rows."""

    column: ShortText = Field(
        description="Name of the column in the data; one whose values are shown as they are"
    )
    test: FilterTest
    value: LongText | None = Field(None, description="Left out for missing and present")


class SampleDraw(Input):
    """How a sample is drawn."""

    method: DrawMethod
    count: int = Field(20, ge=1, description="Rows at most; the rulebook sets a bound")
    rows: list[int] = Field(
        default_factory=list, max_length=1000, description="For rows: their numbers, from 1"
    )
    filters: list[RowCondition] = Field(
        default_factory=list, max_length=MAX_FILTERS, description="For filter: all of them must hold"
    )
    by: ShortText | None = Field(
        None, description="For stratified: each value of the column, a missing one too, has its turn"
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        description="For stratified: the same seed on the same data draws the same rows",
    )

    def spec(self) -> DrawSpec:
        """The draw."""
        return DrawSpec(
            self.method,
            self.count,
            tuple(self.rows),
            tuple(RowFilter(one.column, one.test, one.value) for one in self.filters),
            self.by,
            self.seed,
        )


class SampleDecisionBody(Input):
    """A decision about a sample."""

    reason: Reason | None = None


class ProductSampleRead(Output):
    """A sample, masked as it is stored."""

    id: UUID
    product_id: UUID
    revision_id: UUID
    carried_from_id: UUID | None = Field(
        description="The approved sample whose draw was repeated on this revision"
    )
    spec: dict[str, Any] = Field(description="How it was drawn")
    mask_rules: dict[str, Any] = Field(description="How each column was masked; null for one that is absent")
    rows: list[dict[str, Any]]
    drawn_by: UUID
    drawn_at: datetime
    approved: bool | None = Field(description="Null while nobody has decided")
    decision_reason: str | None

    @classmethod
    def of(cls, row: ProductSample, decision: SampleDecision | None) -> Self:
        """Map a row."""
        return cls(
            **row.model_dump(exclude={"classes", "drawn_by_organisation"}),
            approved=decision.approved if decision else None,
            decision_reason=decision.reason if decision else None,
        )


class ProductSampleList(Output):
    """The samples of a revision, newest first."""

    items: list[ProductSampleRead]
