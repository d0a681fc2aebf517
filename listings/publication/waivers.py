"""Use cases of waivers: a party asks, a regulator's person decides, and buyers read what follows from it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from listings import decisions
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.publication.service import lock_for_review
from listings.publication.waivable import get_failed_report, may_be_waived
from listings.revisions import service as revisions
from listings.revisions.holding import in_both_languages
from listings.revisions.service import SUBJECT
from listings.revisions.tables import ProductRevision
from quality.waivers import service as waivers
from quality.waivers.schemas import WaiverCreate, WaiverRequestCreate
from quality.waivers.tables import QualityWaiver, QualityWaiverRequest

_UNDER = "quality.waiver."
_REVOKED, _EXPIRED = "revoked", "expired"
_REPLACED = Message(
    "Another report has replaced the one that the request is about. Where that one failed too, a waiver of it can be"
    " requested."
)


async def request(
    session: AsyncSession, actor: Actor, revision_id: UUID, data: WaiverRequestCreate
) -> QualityWaiverRequest:
    """The operator or the owner asks for a waiver of a failed report on a revision.

    :raises NotFound: the actor is neither, or there is no such revision.
    :raises WaiverStateForbids: the report passed, was replaced, is waived, or a request about it waits.
    :raises WaiverRefused: the checks named are not those that failed.
    """
    row, _ = await revisions.access_revision(session, actor, revision_id)
    product = await products.lock_party(session, actor, row.product_id)
    await supersede_replaced(session, product)
    report = await get_failed_report(session, actor, product, row, data.report_id)
    made = await waivers.request(
        session,
        actor,
        product_id=product.id,
        revision_id=row.id,
        report_id=report.id,
        checks=report.checks,
        refusals=report.refusals,
        named=data.checks,
        justification=data.justification,
    )
    await _record(session, actor, "waiver_requested", row, data.justification, **_naming(made))
    await revisions.publish_event(session, row, product, EventKind.REVISION_WAIVER_REQUESTED, **_naming(made))
    return made


async def decline(session: AsyncSession, actor: Actor, request_id: UUID, reason: str) -> QualityWaiverRequest:
    """A regulator's person declines a request.

    :raises NotFound: there is none.
    :raises Forbidden, SameOrganisation, AnotherOfficer, BothSides: see `grant`.
    :raises WaiverStateForbids: it is decided already.
    """
    asked = await waivers.get_request(session, request_id)
    row, product = await _lock_for_decision(session, actor, asked.revision_id, asked.requested_by)
    asked = await waivers.decline(session, actor, request_id, reason)
    await _record(session, actor, "waiver_declined", row, reason, **_naming(asked))
    await revisions.publish_event(
        session, row, product, EventKind.REVISION_WAIVER_DECLINED, **_naming(asked), reason=reason
    )
    return asked


async def grant(session: AsyncSession, actor: Actor, revision_id: UUID, data: WaiverCreate) -> QualityWaiver:
    """A regulator's person, of no party, lets a revision count as passed until an instant.

    :raises NotFound: there is no such revision.
    :raises Forbidden: the actor belongs to no regulator.
    :raises SameOrganisation: the actor's organisation is a party to the product.
    :raises AnotherOfficer: the actor is a program, or belongs to a party under another account.
    :raises BothSides: the actor uploaded it or asked for the waiver.
    :raises WaiverStateForbids: the report did not fail, was replaced, or is waived already.
    :raises WaiverRefused: the waiver lasts too long, or the checks named are not those that failed.
    """
    row, product = await _lock_for_decision(session, actor, revision_id)
    report = await get_failed_report(session, actor, product, row, data.report_id)
    _, asked = await waivers.list_of_revision(session, row.id)
    await officers.require_other_side(session, actor, *(one.requested_by for one in asked))
    before = await revisions.find_newest_passed(session, product.id)
    waiver = await waivers.grant(
        session,
        actor,
        revision_id=row.id,
        report_id=report.id,
        checks=report.checks,
        refusals=report.refusals,
        named=data.checks,
        reason=data.reason,
        expires_at=data.expires_at,
    )
    until = waiver.expires_at.isoformat()
    await _record(
        session,
        actor,
        "waived",
        row,
        data.reason,
        waiver_id=str(waiver.id),
        report_id=str(report.id),
        report_digest=report.digest,
        checks=waiver.checks,
        expires_at=until,
    )
    await revisions.publish_event(
        session,
        row,
        product,
        EventKind.REVISION_WAIVED,
        waiver_id=str(waiver.id),
        report_id=str(report.id),
        expires_at=until,
    )
    await revisions.notify_changed(session, product.id)
    if product.published_at is not None:
        await revisions.publish_if_another(session, product.id, before)
    return waiver


async def revoke(session: AsyncSession, actor: Actor, waiver_id: UUID, reason: str) -> QualityWaiver:
    """A regulator's person ends a waiver before its time: the revision fails again, and the last good one serves.

    :raises NotFound: there is none.
    :raises Forbidden, SameOrganisation, AnotherOfficer: see `grant`.
    :raises WaiverStateForbids: it is over already.
    """
    waiver = await waivers.get(session, waiver_id)
    row, product = await _lock_for_decision(session, actor, waiver.revision_id)
    before = await revisions.find_newest_passed(session, product.id)
    waiver = await waivers.revoke(session, actor, waiver_id, reason)
    await _record(session, actor, "waiver_revoked", row, reason, waiver_id=str(waiver.id))
    await _tell_ended(session, row, product, waiver, _REVOKED)
    if product.published_at is not None:
        await revisions.publish_if_another(session, product.id, before)
    return waiver


async def supersede_replaced(session: AsyncSession, product: DataProduct) -> int:
    """Close the requests about reports of a product that another report has replaced, and tell its parties.

    :param product: locked.
    :return: how many were closed.
    """
    closed = 0
    for asked in await waivers.lock_waiting(session, product.id):
        if await may_be_waived(session, product, asked.revision_id, asked.report_id):
            continue
        reason = in_both_languages(_REPLACED)
        await waivers.supersede(session, SYSTEM, asked, reason)
        row = await revisions.find_row(session, asked.revision_id)
        await _record(session, SYSTEM, "waiver_request_superseded", row, reason, **_naming(asked))
        await revisions.publish_event(
            session,
            row,
            product,
            EventKind.REVISION_WAIVER_REQUEST_SUPERSEDED,
            **_naming(asked),
            reason=reason,
        )
        closed += 1
    return closed


async def tell_expired(session: AsyncSession, waiver_id: UUID) -> bool:
    """Tell the parties, once, that a waiver has expired; says whether they were told now.

    The end itself needs nobody: the waiver counts until its instant.
    """
    waiver = await waivers.take_ended(session, waiver_id)
    if waiver is None:
        return False
    row = await revisions.find_row(session, waiver.revision_id)
    product = await products.find_product(session, row.product_id)
    assert product is not None, "a revision has a product"
    await _record(session, SYSTEM, "waiver_expired", row, None, waiver_id=str(waiver.id))
    await _tell_ended(session, row, product, waiver, _EXPIRED)
    current = await revisions.find_newest_passed(session, product.id)
    # Where a newer one serves already, nothing else is read from now on.
    if product.published_at is not None and current is not None and current.number < row.number:
        await revisions.publish_if_current(session, current.id)
    return True


async def list_of_revision(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> tuple[Sequence[QualityWaiver], Sequence[QualityWaiverRequest]]:
    """The waivers of a revision the actor can access and the requests for them, newest first.

    :raises NotFound: there is none the actor can access.
    """
    row, _ = await revisions.access_revision(session, actor, revision_id)
    return await waivers.list_of_revision(session, row.id)


async def list_waiting(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[QualityWaiverRequest], str | None]:
    """One page of the requests that wait for a decision, newest first."""
    return await waivers.list_waiting(session, page)


async def _lock_for_decision(
    session: AsyncSession, actor: Actor, revision_id: UUID, *others: UUID
) -> tuple[ProductRevision, DataProduct]:
    row, _ = await revisions.access_revision(session, actor, revision_id)
    product = await lock_for_review(session, actor, row.product_id)
    officers.require_person(
        actor, remedy=Message("Sign in as a person of the regulator, who answers for the decision by name.")
    )
    await officers.require_other_side(session, actor, row.uploaded_by, *others)
    return row, product


def _naming(asked: QualityWaiverRequest) -> dict[str, str]:
    return {"request_id": str(asked.id), "report_id": str(asked.report_id)}


async def _tell_ended(
    session: AsyncSession, row: ProductRevision, product: DataProduct, waiver: QualityWaiver, how: str
) -> None:
    await revisions.publish_event(
        session, row, product, EventKind.REVISION_WAIVER_ENDED, waiver_id=str(waiver.id), how=how
    )
    await revisions.notify_changed(session, product.id)


async def _record(
    session: AsyncSession, actor: Actor, what: str, row: ProductRevision, reason: str | None, **detail: Any
) -> None:
    await decisions.record(
        session,
        actor,
        action=f"revision.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under=_UNDER,
        reason=reason,
        product_id=str(row.product_id),
        **detail,
    )
