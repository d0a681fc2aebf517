"""Reviews of bank statements, as they go out over HTTP."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from infra.schema import Output
from market.settlement.rails.bank.review_kinds import APPROVALS_NEEDED, ReviewKind
from market.settlement.rails.bank.statements.reviews import Review


class BankStatementApprovalRead(Output):
    """An officer's approval."""

    approved_by: UUID
    reason: str
    approved_at: datetime


class BankStatementReviewRead(Output):
    """A statement that is imported only when officers approve."""

    id: UUID
    kind: ReviewKind
    account: str
    currency: str
    statement_id: str
    digest: str = Field(description="SHA-256 of the content that is approved")
    facts: dict[str, Any] = Field(
        description="Of a gap: the statements around it, what is missing. Of a correction: balances before and after,"
        " the entries that went and those that are new"
    )
    found_by: UUID = Field(description="Who sent the file")
    found_at: datetime
    approvals_needed: int
    approvals: list[BankStatementApprovalRead]
    approved: bool = Field(description="As many officers as it takes have approved: send the file again")
    bank_statement_id: UUID | None = Field(description="The statement, once it was imported")

    @classmethod
    def of(cls, review: Review) -> Self:
        """Render a review."""
        row = review.row
        return cls(
            id=row.id,
            kind=row.kind,
            account=row.account,
            currency=row.currency,
            statement_id=row.statement_id,
            digest=row.digest.hex(),
            facts=row.facts,
            found_by=row.found_by,
            found_at=row.found_at,
            approvals_needed=APPROVALS_NEEDED[row.kind],
            approvals=[BankStatementApprovalRead.model_validate(item) for item in review.approvals],
            approved=review.is_approved,
            bank_statement_id=review.bank_statement_id,
        )
