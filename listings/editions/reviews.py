"""Use cases of reviews: what was decided about an edition, what was said of its fields, and how that was answered.

Who may decide, and whether the edition can be published, the callers have found out; they hold its product locked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.rulebook.domain import Rules
from listings.editions import repository, service
from listings.editions.domain import (
    SUITE,
    Answer,
    Remark,
    compare,
    is_changed,
    require_answered,
    require_fields,
)
from listings.editions.states import EDITION, EditionAction, EditionStatus, ReviewDecision, require_draft
from listings.editions.tables import (
    EditionExplanation,
    EditionRemark,
    EditionReview,
    ProductEdition,
)
from listings.products import service as products
from listings.revisions import service as revisions
from quality.suites import service as suites

_DECISIONS = {
    ReviewDecision.APPROVED: EditionAction.APPROVE,
    ReviewDecision.RETURNED: EditionAction.RETURN,
    ReviewDecision.REFUSED: EditionAction.REFUSE,
}


@dataclass(frozen=True, slots=True)
class AnsweredRemark:
    """A remark, and how it is answered by now; None while it is not."""

    row: EditionRemark
    answer: Answer | None
    explanation: str | None


@dataclass(frozen=True, slots=True)
class ReviewFile:
    """What was decided about an edition so far.

    :ivar remarks: of each review, by its id; those of the last one with their answers up to now.
    """

    reviews: Sequence[EditionReview] = ()
    remarks: Mapping[UUID, Sequence[AnsweredRemark]] = field(default_factory=dict)

    @property
    def open_fields(self) -> set[str]:
        """Fields of the remarks of the last review that are neither acted on nor explained."""
        last = self.remarks.get(self.reviews[-1].id, ()) if self.reviews else ()
        return {remark.row.field for remark in last if remark.answer is None}


async def get_file(session: AsyncSession, row: ProductEdition) -> ReviewFile:
    """Every review of an edition with its remarks, and how each is answered."""
    reviews = await repository.list_reviews(session, row.id)
    if not reviews:
        return ReviewFile()
    remarks = await repository.list_remarks(session, [review.id for review in reviews])
    explained = await repository.newest_explanations(session, [remark.id for remark in remarks])
    newest = await revisions.find_newest(session, row.product_id)
    found: dict[UUID, list[AnsweredRemark]] = {review.id: [] for review in reviews}
    documents = await service.add_checks(
        session, [*(review.document for review in reviews), await _document_now(session, row)]
    )
    looked_at = [*(later.revision_id for later in reviews[1:]), newest.id if newest else None]
    for review, (before, document), revision_id in zip(reviews, pairwise(documents), looked_at, strict=True):
        changes = compare(before, document)
        for remark in remarks:
            if remark.review_id == review.id:
                told = explained.get(remark.id)
                changed = is_changed(remark.field, changes, other_data=revision_id != review.revision_id)
                answer = Answer.CHANGED if changed else Answer.EXPLAINED if told else None
                found[review.id].append(AnsweredRemark(remark, answer, told.explanation if told else None))
    return ReviewFile(reviews, found)


async def _document_now(session: AsyncSession, row: ProductEdition) -> dict[str, Any]:
    # The first edition is written in the product itself until it is submitted.
    if row.based_on_id is None and row.status is EditionStatus.DRAFT:
        product = await products.find_product(session, row.product_id)
        if product is not None:
            return service.document_of(product)
    return row.document


async def require_remarks_answered(session: AsyncSession, row: ProductEdition) -> None:
    """Refuse to submit an edition again before each remark of its last review is acted on or explained.

    :raises RemarksUnanswered: names the fields.
    """
    require_answered((await get_file(session, row)).open_fields)


async def decide(
    session: AsyncSession,
    actor: Actor,
    row: ProductEdition,
    decision: ReviewDecision,
    rules: Rules,
    note: str | None,
    remarks: Sequence[Remark] = (),
) -> EditionReview:
    """Keep what a reviewer decided about a submitted edition.

    :param remarks: of a return; field by field.
    :raises EditionStateForbids: it is not submitted.
    :raises RemarkRefused: an edition has no such field.
    """
    target = EDITION.next_state(row.status, _DECISIONS[decision])
    newest = await revisions.find_newest(session, row.product_id)
    described = {entry["name"] for entry in row.document["dictionary"]}
    suite_id = row.document.get(SUITE)
    suite = await suites.find(session, UUID(suite_id) if suite_id else None)
    require_fields(
        remarks,
        described | {column.name for column in (newest.columns if newest else ())},
        {check["name"] for check in (suite.checks if suite else ())},
    )
    assert row.submitted_at is not None
    assert row.submitted_by is not None
    moment = await now(session)
    review = EditionReview(
        edition_id=row.id,
        decision=decision,
        document=row.document,
        digest=row.digest,
        revision_id=newest.id if newest else None,
        submitted_at=row.submitted_at,
        submitted_by=row.submitted_by,
        reviewed_at=moment,
        reviewed_by=actor.id,
        reviewed_by_organisation=actor.organisation_id,
        note=note,
        rules=rules.stamp(),
    )
    session.add(review)
    await session.flush()
    for remark in remarks:
        session.add(EditionRemark(review_id=review.id, field=remark.field, remark=remark.text))
        await session.flush()
    if decision is ReviewDecision.APPROVED:
        await _supersede(session, row, moment)
        row.number, row.effective_at = await _next_number(session, row), moment
    row.status, row.reviewed_at, row.reviewed_by, row.review_note = target, moment, actor.id, note
    row.rules = rules.stamp()
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"{service.SUBJECT}.{decision.value}",
        subject_kind=service.SUBJECT,
        subject_id=row.id,
        detail={
            "product_id": str(row.product_id),
            "digest": row.digest,
            "number": row.number,
            "note": note,
            "remarks": [{"field": remark.field, "remark": remark.text} for remark in remarks],
        },
        rules=rules,
    )
    return review


async def _supersede(session: AsyncSession, row: ProductEdition, moment: datetime) -> None:
    former = await repository.get_in_force(session, row.product_id)
    if former is not None:
        former.status = EDITION.next_state(former.status, EditionAction.SUPERSEDE)
        former.superseded_at = moment
        await session.flush()


async def _next_number(session: AsyncSession, row: ProductEdition) -> int:
    if row.based_on_id is None:
        return 1
    base = await service.find_edition(session, row.based_on_id)
    assert base is not None
    assert base.number is not None
    return base.number + 1


async def explain(
    session: AsyncSession, actor: Actor, edition_id: UUID, remark_id: UUID, explanation: str
) -> ProductEdition:
    """The operator says why a field stays as it is; the reviewer reads it beside the remark.

    :raises NotFound: the actor cannot access the edition, or its last review made no such remark.
    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: it is no draft.
    """
    row, _ = await service.lock_own(session, actor, edition_id)
    require_draft(row.status)
    reviews = await repository.list_reviews(session, row.id)
    remarks = await repository.list_remarks(session, [reviews[-1].id] if reviews else [])
    if remark_id not in {remark.id for remark in remarks}:
        raise NotFound(
            Message("The last review of the edition made no such remark."),
            remedy=Message("GET /v1/editions/{edition_id} shows its remarks.", edition_id=edition_id),
        )
    session.add(
        EditionExplanation(
            remark_id=remark_id,
            explanation=explanation,
            explained_by=actor.id,
            explained_at=await now(session),
        )
    )
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"{service.SUBJECT}.explained",
        subject_kind=service.SUBJECT,
        subject_id=row.id,
        detail={"remark_id": str(remark_id), "explanation": explanation},
    )
    return row
