"""What goes in and out of enforcement over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from infra.schema import Input, Instant, Output, Reason, Told
from listings.enforcement.notices import to_do
from listings.enforcement.states import EnforcementAction, EnforcementGround, EnforcementStatus
from listings.enforcement.tables import EnforcementProcedure, EnforcementStep


class EnforcementExtension(Input):
    """A regulator's decision to leave more time."""

    reason: Reason
    due_at: Instant = Field(description="The new deadline, later than the present one and within a year")


class EnforcementStepRead(Output):
    """One step of a procedure."""

    number: int
    action: EnforcementAction
    status: EnforcementStatus = Field(description="Where the procedure stood after it")
    reason: str | None = Field(description="Of whoever decided; null of what the clock or the data brought")
    taken_by: UUID
    taken_by_organisation: UUID
    taken_at: datetime
    due_at: datetime | None = Field(description="When the next step is due unless the cause is over")


class EnforcementProcedureRead(Output):
    """A procedure against a product whose data failed repeatedly, was late or could not be called for long."""

    id: UUID
    product_id: UUID
    ground: EnforcementGround
    detail: dict[str, Any] = Field(description="Figures that it was opened by")
    status: EnforcementStatus
    opened_at: datetime
    due_at: datetime | None = Field(
        description="Until when the cause is to be mended; null once it ended, while the product is delisted, and once"
        " its operator has withdrawn it"
    )
    ended_at: datetime | None
    to_do: Told = Field(description="What ends it, for the operator")
    steps: list[EnforcementStepRead]

    @classmethod
    def of(cls, row: EnforcementProcedure, steps: Sequence[EnforcementStep]) -> Self:
        """Map a procedure and its steps."""
        return cls.model_validate(
            {
                **row.model_dump(exclude={"rules", "delisted"}),
                "to_do": to_do(row.status, row.ground, row.due_at),
                "steps": [EnforcementStepRead.model_validate(step) for step in steps],
            }
        )


class EnforcementList(Output):
    """The procedures of a product, newest first."""

    items: list[EnforcementProcedureRead]
