"""Use cases of reviews: statements that are imported only when officers approve, each with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker, new_id, now, transaction
from infra.errors import NotFound
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.rails.bank.errors import ReviewApproved, ReviewDraft, StatementReviewNeeded
from market.settlement.rails.bank.review_kinds import APPROVALS_NEEDED, ReviewKind
from market.settlement.rails.bank.statements import intake_repository as repository
from market.settlement.rails.bank.tables import BankStatementApproval, BankStatementReview


@dataclass(frozen=True, slots=True)
class Review:
    """What officers are asked, what they said, and the statement that was imported since."""

    row: BankStatementReview
    approvals: Sequence[BankStatementApproval]
    bank_statement_id: UUID | None

    @property
    def is_approved(self) -> bool:
        """Whether as many officers as it takes have approved."""
        return len(self.approvals) >= APPROVALS_NEEDED[self.row.kind]


def remedy(kind: ReviewKind, review_id: UUID | str = "…") -> Message:
    """What to do about a statement that needs a review.

    :param review_id: once it is kept.
    """
    if kind is ReviewKind.GAP:
        return Message(
            "Send the statement that is missing, then this one again. If it cannot be had, two officers may accept"
            " the gap, each with a reason: POST /v1/bank-statement-reviews/{review_id}/approvals; then send this file"
            " again. Nothing was imported.",
            review_id=review_id,
        )
    return Message(
        "GET /v1/bank-statement-reviews/{review_id} tells what changes. If the bank has corrected its statement,"
        " confirm it with a reason: POST /v1/bank-statement-reviews/{review_id}/approvals; then send this file again."
        " If not, ask the bank which of the two is right. Nothing was imported.",
        review_id=review_id,
    )


async def open_review(apart: SessionMaker, actor: Actor, refused: StatementReviewNeeded) -> None:
    """Keep what officers are asked, and name it in the refusal.

    :param apart: for a transaction of its own, since the one of the import is rolled back.
    """
    draft = refused.draft
    async with transaction(apart) as session:
        row = BankStatementReview(
            id=new_id(),
            kind=draft.kind,
            account=draft.account,
            currency=draft.currency,
            statement_id=draft.statement_id,
            digest=draft.digest,
            against_digest=draft.against_digest,
            facts=draft.facts,
            found_by=actor.id,
            found_at=await now(session),
        )
        await repository.insert_review(session, row)
        kept = await repository.find_review(session, draft.kind, draft.digest, draft.against_digest)
    assert kept is not None, "it was there, or inserted"
    refused.extensions["review_id"] = str(kept.id)
    refused.remedy = remedy(draft.kind, kept.id)


async def approved(session: AsyncSession, draft: ReviewDraft) -> UUID | None:
    """The review by which officers have approved exactly this; None: they have not."""
    row = await repository.find_review(session, draft.kind, draft.digest, draft.against_digest)
    if row is None:
        return None
    return row.id if (await _complete(session, [row]))[0].is_approved else None


async def approve(session: AsyncSession, actor: Actor, review_id: UUID, reason: str) -> Review:
    """Approve as one of the officers that it takes.

    :raises NotFound: there is no such review.
    :raises ReviewApproved: nobody's approval is missing.
    :raises AnotherOfficer: the actor has approved, or is no person.
    """
    await repository.lock_review(session, review_id)
    review = await get_review(session, review_id)
    if review.is_approved:
        raise ReviewApproved(
            Message("Statement {statement_id} is approved already.", statement_id=review.row.statement_id),
            remedy=Message("Send its file again: POST /v1/bank-statements."),
        )
    await officers.require_another_person(
        session,
        actor,
        *(approval.approved_by for approval in review.approvals),
        detail=Message("A gap between statements is accepted by two officers."),
        remedy=Message("Ask another finance officer or platform administrator to approve it."),
    )
    row = BankStatementApproval(
        review_id=review_id,
        number=len(review.approvals) + 1,
        approved_by=actor.id,
        reason=reason,
        approved_at=await now(session),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="bank_statement_review.approved",
        subject_kind="bank_statement_review",
        subject_id=review_id,
        detail={"kind": review.row.kind.value, "statement_id": review.row.statement_id, "reason": reason},
    )
    return Review(review.row, [*review.approvals, row], review.bank_statement_id)


async def get_review(session: AsyncSession, review_id: UUID) -> Review:
    """One review.

    :raises NotFound: there is none.
    """
    row = await repository.get_review(session, review_id)
    if row is None:
        raise NotFound(
            Message("There is no bank statement review {review_id}.", review_id=review_id),
            remedy=Message("GET /v1/bank-statement-reviews lists them."),
        )
    return (await _complete(session, [row]))[0]


async def list_reviews(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Review], str | None]:
    """One page of reviews, newest first."""
    rows, cursor = await repository.reviews_page(session, page)
    return await _complete(session, rows), cursor


async def _complete(session: AsyncSession, rows: Sequence[BankStatementReview]) -> list[Review]:
    ids = [row.id for row in rows]
    approvals = await repository.approvals(session, ids)
    imported = await repository.imported_by_review(session, ids)
    return [Review(row, approvals[row.id], imported.get(row.id)) for row in rows]
