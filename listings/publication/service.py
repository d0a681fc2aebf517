"""Use cases of publication: submit, approve, return."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden
from infra.identity import officers
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from listings.authorisations import service as authorisations
from listings.editions import reviews
from listings.editions import service as editions
from listings.editions.domain import Remark, require_digest
from listings.editions.states import ReviewDecision
from listings.editions.tables import ProductEdition
from listings.findings import service as findings
from listings.findings.domain import FindingStatus
from listings.impact_assessments import service as impact_assessments
from listings.impact_assessments.domain import AssessmentGround
from listings.products import publishing
from listings.products import service as products
from listings.products.dictionary import DictionaryEntry, declared_classes, personal_columns
from listings.products.domain import require_purposes
from listings.products.listable import require_offerable
from listings.products.states import PRODUCT, ProductAction
from listings.products.tables import DataProduct
from listings.publication.domain import Readiness, require_complete, require_other_organisation
from listings.resources import service as resources
from listings.resources.domain import Classification
from listings.revisions import service as revisions
from listings.revisions.disclosure import Disclosure, get_disclosure
from listings.revisions.domain import CheckedRevision
from quality.runs import service as quality
from quality.runs.states import QualityStatus


async def submit(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """The operator submits a complete product for review.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is no draft.
    :raises ProductIncomplete: something is missing; all of it is named.
    :raises RemarksUnanswered: it was returned, and a remark is neither acted on nor explained.
    :raises AuthorisationNotLive, NotListable: what it rests on does not carry it now.
    """
    row = await products.lock_own(session, actor, product_id)
    PRODUCT.next_state(row.status, ProductAction.SUBMIT)
    rules = await rulebook.in_force(session)
    returned = await editions.find_open(session, row.id)
    if returned is not None:
        await reviews.require_remarks_answered(session, returned)
    _, seen = await require_publishable(session, row, rules, reviewing=False)
    await publishing.submit(session, actor, row, rules, **seen)
    await editions.submit_first(session, actor, row, rules)
    return row


async def approve(
    session: AsyncSession, actor: Actor, product_id: UUID, digest: str | None, note: str | None
) -> DataProduct:
    """A regulator approves: the product is published. Of two at once, one learns that it is published already.

    :param digest: of the first edition as it was read; None where that is not stated.
    :raises Forbidden: the actor belongs to no regulator.
    :raises SameOrganisation: the actor's organisation is a party to the product.
    :raises AnotherOfficer: the actor belongs to a party under another account.
    :raises BothSides: the actor submitted it, for an organisation of before.
    :raises ProductStateForbids: it was not submitted.
    :raises DigestMismatch: another text was read.
    :raises ProductIncomplete, AuthorisationNotLive, NotListable: it is not what was submitted any more.
    """
    row = await lock_for_review(session, actor, product_id)
    PRODUCT.next_state(row.status, ProductAction.APPROVE)
    assert row.submitted_by is not None
    await officers.require_other_side(session, actor, row.submitted_by)
    edition = await _first_edition(session, row, digest)
    rules = await rulebook.in_force(session)
    classification, seen = await require_publishable(session, row, rules, reviewing=True)
    await reviews.decide(session, actor, edition, ReviewDecision.APPROVED, rules, note)
    return await publishing.publish(session, actor, row, edition.id, rules, note, classification, **seen)


async def _first_edition(session: AsyncSession, row: DataProduct, digest: str | None) -> ProductEdition:
    edition = await editions.find_open(session, row.id)
    assert edition is not None, "a submitted product has its first edition"
    if digest is not None:
        require_digest(digest, edition.digest)
    return edition


async def return_to_draft(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    digest: str | None,
    reason: str,
    remarks: Sequence[Remark] = (),
) -> DataProduct:
    """A regulator returns a submitted product to its operator, with reasons to act on.

    :param digest: see `approve`.
    :raises Forbidden: the actor belongs to no regulator.
    :raises SameOrganisation: the actor's organisation is a party to the product.
    :raises AnotherOfficer: the actor belongs to a party under another account.
    :raises ProductStateForbids: it was not submitted.
    :raises DigestMismatch: another text was read.
    :raises RemarkRefused: a remark is about no field of it.
    """
    row = await lock_for_review(session, actor, product_id)
    PRODUCT.next_state(row.status, ProductAction.RETURN)
    rules = await rulebook.in_force(session)
    edition = await _first_edition(session, row, digest)
    await reviews.decide(session, actor, edition, ReviewDecision.RETURNED, rules, reason, remarks)
    return await publishing.return_to_draft(session, actor, row, reason)


async def withdraw(session: AsyncSession, actor: Actor, product_id: UUID, reason: str) -> DataProduct:
    """The operator takes the product off the market, and with it an edition that is not decided yet.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: it is withdrawn already.
    """
    row = await publishing.withdraw(session, actor, product_id, reason)
    edition = await editions.find_open(session, row.id)
    if edition is not None:
        await editions.withdraw(session, actor, edition, reason)
    return row


async def lock_for_review(session: AsyncSession, actor: Actor, product_id: UUID) -> DataProduct:
    """A product that the actor, of a regulator that is no party to it, may decide about; locked.

    :raises Forbidden: the actor belongs to no regulator.
    :raises SameOrganisation: the actor's organisation is a party to the product.
    """
    row = await products.lock_visible(session, actor, product_id)
    if not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only a regulator reviews products."),
            remedy=Message("Wait for the regulator's decision; GET /v1/products/{product_id} shows it."),
        )
    parties = {row.operator_id, row.owner_id}
    require_other_organisation(actor.organisation_id, parties)
    await officers.require_no_member(
        session,
        actor,
        parties,
        Message("A product is reviewed by somebody who belongs to neither of its parties."),
    )
    return row


async def require_publishable(
    session: AsyncSession, row: DataProduct, rules: Rules, *, reviewing: bool
) -> tuple[Classification, dict[str, str]]:
    """Make sure that a product can be published as it is, or as an edition would make it.

    :param row: locked; or `publishing.with_document` of one that is.
    :return: class of what is published, and what exactly it is, for the audit log; nothing else changes it until the
        transaction ends.
    :raises ProductIncomplete: something is missing; all of it is named.
    :raises AuthorisationNotLive, NotListable, PurposeNotAuthorised: what it rests on does not carry it now.
    """
    grant = await authorisations.get_live_grant(session, row.authorisation_id, row.resource_id, share=True)
    resource = await resources.get_resource(session, row.resource_id)
    require_purposes(row.purposes, [purpose.value for purpose in grant.purposes])
    newest, disclosure = await _data_of(session, row)
    entries = products.get_described_columns(row)
    described = personal_columns(entries.values())
    classification = await require_offerable(
        session,
        resource,
        rules,
        row.delivery_classes,
        [entry.name for entry in disclosure.dictionary] if disclosure else None,
        declared_classes(entries.values()),
    )
    # What was detected and not declared is asked about first: it may turn out to be none.
    disputed = {one.detected.column for one in disclosure.unsettled} if disclosure else set()
    offered = [
        entry
        for entry in (disclosure.dictionary if disclosure else [])
        if entry.personal and entry.name not in disputed
    ]
    require_complete(
        Readiness(
            findings=tuple(
                one.detected.column
                for one in (disclosure.unsettled if disclosure else ())
                if reviewing or one.status is not FindingStatus.CONTESTED
            ),
            reviewing=reviewing,
            quality=newest.quality if newest else None,
            sample_rows=newest.sample_rows if newest else 0,
            suspended=newest.suspended if newest else False,
            refusals=await _refusals(session, newest),
            plan_id=row.plan_id,
            personal_information=resource.personal_information,
            personal_columns=len(described | await findings.get_personal_columns(session, row.id)),
            unassessed=tuple(await _unassessed(session, row.id, offered, rules)),
        )
    )
    assert newest is not None
    revision = newest.facts
    return classification, {
        "revision_id": str(revision.id),
        "sha256": revision.sha256,
        "plan_id": str(row.plan_id),
    }


async def _unassessed(
    session: AsyncSession, product_id: UUID, personal: Sequence[DictionaryEntry], rules: Rules
) -> list[AssessmentGround]:
    """The grounds on which an impact assessment is missing, of a product with these personal columns."""
    if not rules.truth("listing.personal_needs_impact_assessment"):
        return []
    return await impact_assessments.get_missing(
        session,
        product_id,
        personal=bool(personal),
        sensitive=any(entry.sensitive for entry in personal),
        moment=await now(session),
    )


async def _refusals(session: AsyncSession, newest: CheckedRevision | None) -> tuple[dict[str, Any], ...]:
    """Why the gate refused the newest revision, where its check failed."""
    if newest is None or newest.quality is not QualityStatus.FAILED:
        return ()
    report = await quality.find_report(session, newest.facts.id)
    return tuple(report.refusals) if report is not None else ()


async def _data_of(
    session: AsyncSession, row: DataProduct
) -> tuple[CheckedRevision | None, Disclosure | None]:
    """What is published with it: the revision that buyers read, or before anybody reads one the newest."""
    served = await revisions.find_newest_passed(session, row.id) if row.published_at is not None else None
    if served is None:
        newest = await revisions.find_newest_checked(session, row.id)
        return newest, await revisions.find_newest_disclosure(session, row)
    facts = revisions.facts_of(served)
    checked = CheckedRevision(facts, QualityStatus.PASSED, len(served.sample), suspended=False)
    return checked, await get_disclosure(session, row, served)
