"""Use cases of editions under review: submitted, approved, returned, refused, withdrawn."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.identity import officers
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.classification import offers
from listings.editions import reviews
from listings.editions import service as editions
from listings.editions.domain import Remark, require_changed, require_digest
from listings.editions.errors import EditionOutdated, EditionStateForbids
from listings.editions.states import EDITION, EditionAction, ReviewDecision
from listings.editions.tables import ProductEdition
from listings.products import publishing
from listings.products import service as products
from listings.products.recording import SUBJECT
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.publication import waivers
from listings.publication.service import lock_for_review, require_publishable
from listings.resources import service as resources
from listings.revisions import service as revisions
from listings.suites import trials
from quality.suites import service as suites


async def submit(session: AsyncSession, actor: Actor, edition_id: UUID) -> ProductEdition:
    """The operator submits an edition for review; the one in force goes on serving.

    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: it is no draft, or its product is not published any more.
    :raises EditionOutdated: another edition took effect since it was drafted.
    :raises EditionUnchanged: it says the same as the one in force.
    :raises RemarksUnanswered: it was returned, and a remark is neither acted on nor explained.
    :raises SuiteUntried: what buyers read does not pass its quality suite, and no waiver was requested.
    :raises ProductIncomplete: something is missing; all of it is named.
    :raises AuthorisationNotLive, NotListable, PurposeNotAuthorised: what it rests on does not carry it now.
    """
    row, product = await editions.lock_own(session, actor, edition_id)
    editions.require_later(row)
    EDITION.next_state(row.status, EditionAction.SUBMIT)
    _require_current(row, product)
    base = (await editions.get_bases(session, [row]))[row.id]
    require_changed(base, row.document)
    await reviews.require_remarks_answered(session, row)
    rules = await rulebook.in_force(session)
    revised = publishing.with_document(product, row.document)
    await _require_tried(session, product, revised, reviewing=False)
    await require_publishable(session, revised, rules, reviewing=False)
    return await editions.submit(session, actor, row, rules)


async def approve(
    session: AsyncSession, actor: Actor, edition_id: UUID, digest: str, note: str | None
) -> ProductEdition:
    """A regulator approves: the edition takes effect, and the one before is superseded with the same commit.

    :param digest: of the document that was read.
    :raises Forbidden: the actor belongs to no regulator.
    :raises SameOrganisation: the actor's organisation is a party to the product.
    :raises AnotherOfficer, BothSides: the actor belongs to a party, or submitted it, under another account.
    :raises EditionStateForbids: it is not submitted, or its product is withdrawn or suspended.
    :raises EditionOutdated: another edition took effect since it was drafted.
    :raises DigestMismatch: another document was read.
    :raises SuiteUntried: what buyers read does not pass its quality suite and that is not waived, or the trial has not
        ended.
    :raises ProductIncomplete, AuthorisationNotLive, NotListable, PurposeNotAuthorised: it is not what was submitted any
        more.
    """
    row, product = await _lock_for_review(session, actor, edition_id, EditionAction.APPROVE, digest)
    _require_current(row, product)
    await _require_not_suspended(session, row)
    rules = await rulebook.in_force(session)
    revised = publishing.with_document(product, row.document)
    assert revised.plan_id is not None
    await products.require_own_plan(session, product, revised.plan_id)
    await _require_tried(session, product, revised, reviewing=True)
    another_suite = revised.quality_suite_id != product.quality_suite_id
    classification, seen = await require_publishable(session, revised, rules, reviewing=True)
    before = await revisions.find_newest_passed(session, product.id)
    await reviews.decide(session, actor, row, ReviewDecision.APPROVED, rules, note)
    await publishing.publish_edition(
        session,
        actor,
        product,
        row.id,
        row.document,
        rules,
        classification,
        **{**seen, "number": row.number, "digest": row.digest},
    )
    if another_suite:
        await trials.rejudge(session, actor, product, before)
    await offers.hold(session, product, await resources.get_resource(session, product.resource_id))
    await revisions.publish_if_another(session, product.id, before)
    return row


async def return_to_draft(
    session: AsyncSession,
    actor: Actor,
    edition_id: UUID,
    digest: str,
    reason: str,
    remarks: Sequence[Remark],
) -> ProductEdition:
    """A regulator returns an edition to its operator, with what is to be mended field by field.

    :raises Forbidden, SameOrganisation, AnotherOfficer, BothSides, DigestMismatch: see `approve`.
    :raises EditionStateForbids: it is not submitted.
    :raises RemarkRefused: an edition has no such field.
    """
    row, _ = await _lock_for_review(session, actor, edition_id, EditionAction.RETURN, digest)
    rules = await rulebook.in_force(session)
    await reviews.decide(session, actor, row, ReviewDecision.RETURNED, rules, reason, remarks)
    return row


async def refuse(
    session: AsyncSession, actor: Actor, edition_id: UUID, digest: str, reason: str
) -> ProductEdition:
    """A regulator refuses an edition for good; the one in force goes on serving.

    :raises Forbidden, SameOrganisation, AnotherOfficer, BothSides, DigestMismatch: see `approve`.
    :raises EditionStateForbids: it is not submitted.
    """
    row, product = await _lock_for_review(session, actor, edition_id, EditionAction.REFUSE, digest)
    rules = await rulebook.in_force(session)
    await reviews.decide(session, actor, row, ReviewDecision.REFUSED, rules, reason)
    await waivers.supersede_replaced(session, product)
    return row


async def withdraw(session: AsyncSession, actor: Actor, edition_id: UUID, reason: str) -> ProductEdition:
    """The operator gives up an edition that is not decided yet.

    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: it is decided, or the first of its product.
    """
    row, product = await editions.lock_own(session, actor, edition_id)
    editions.require_later(row)
    row = await editions.withdraw(session, actor, row, reason)
    await waivers.supersede_replaced(session, product)
    return row


async def _lock_for_review(
    session: AsyncSession, actor: Actor, edition_id: UUID, action: EditionAction, digest: str
) -> tuple[ProductEdition, DataProduct]:
    found = await editions.access_edition(session, actor, edition_id)
    product = await lock_for_review(session, actor, found.product_id)
    row = await editions.access_edition(session, actor, edition_id)
    editions.require_later(row)
    EDITION.next_state(row.status, action)
    assert row.submitted_by is not None
    await officers.require_other_side(session, actor, row.submitted_by)
    require_digest(digest, row.digest)
    return row, product


async def _require_tried(
    session: AsyncSession, product: DataProduct, revised: DataProduct, *, reviewing: bool
) -> None:
    suite = await suites.find(session, revised.quality_suite_id)
    if suite is not None:
        await trials.require_tried(session, product, suite, reviewing=reviewing)


def _require_current(row: ProductEdition, product: DataProduct) -> None:
    if product.status is not ProductStatus.PUBLISHED:
        raise EditionStateForbids(
            Message("The product is {status}; an edition is made of a published one.", status=product.status),
            remedy=Message(
                "Withdraw the edition: POST /v1/editions/{edition_id}/withdrawal.", edition_id=row.id
            ),
            current_status=row.status.value,
        )
    if row.based_on_id != product.edition_id:
        raise EditionOutdated(
            Message("Another edition took effect since this one was drafted."),
            remedy=Message(
                "Withdraw it (POST /v1/editions/{edition_id}/withdrawal), and draft one on what is in force now.",
                edition_id=row.id,
            ),
        )


async def _require_not_suspended(session: AsyncSession, row: ProductEdition) -> None:
    placed = await stops.active(session, [row.product_id])
    # A stop for the product's class is of another kind: the edition may be what mends it.
    for stop in (one for one in placed if one.subject_kind == SUBJECT):
        raise EditionStateForbids(
            Message("The product is suspended: {reason}", reason=stop.reason),
            remedy=Message(
                "Have the suspension lifted by whoever placed it, with POST /v1/products/{product_id}/reinstatement,"
                " and approve then; or return the edition.",
                product_id=row.product_id,
            ),
            current_status=row.status.value,
        )
