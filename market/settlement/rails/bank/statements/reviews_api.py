"""Reviews of bank statements over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from market.settlement.rails.bank.statements import reviews
from market.settlement.rails.bank.statements.review_schemas import BankStatementReviewRead


class BankStatementReviewController(Controller):
    """Statements that are imported only when officers approve: a gap by two, a correction by one."""

    path = "/v1/bank-statement-reviews"
    tags = ["Bank"]
    guards = [requires(Permission.BANK_STATEMENT_APPROVE)]

    @get(operation_id="listBankStatementReviews", summary="List bank statement reviews")
    async def list_bank_statement_reviews(
        self, session: AsyncSession, page: PageRequest
    ) -> Page[BankStatementReviewRead]:
        """What officers were asked about statements, the newest first."""
        rows, cursor = await reviews.list_reviews(session, page)
        return Page(items=[BankStatementReviewRead.of(row) for row in rows], next_cursor=cursor)

    @get("/{review_id:uuid}", operation_id="getBankStatementReview", summary="Get a bank statement review")
    async def get_bank_statement_review(
        self, session: AsyncSession, review_id: UUID
    ) -> BankStatementReviewRead:
        """What is missing, or what a correction changes, and who has approved it."""
        return BankStatementReviewRead.of(await reviews.get_review(session, review_id))

    @post(
        "/{review_id:uuid}/approvals",
        operation_id="approveBankStatement",
        summary="Approve a bank statement",
    )
    async def approve_bank_statement(
        self, session: AsyncSession, actor: Actor, review_id: UUID, data: ReasonBody
    ) -> BankStatementReviewRead:
        """Accept a gap, as one of two officers, or confirm a correction; then its file is sent again."""
        return BankStatementReviewRead.of(await reviews.approve(session, actor, review_id, data.reason))
