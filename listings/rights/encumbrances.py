"""Use cases of disputes, pledges and freezes: while one is in force, the right is neither transferred nor granted on.

A dispute that was admitted, and a freeze, stop what rests on the right as well; a pledge does not: what is pledged goes
on earning.
"""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.identity import service as identity
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from listings import decisions
from listings.rights import freezing, repository
from listings.rights import service as rights
from listings.rights.domain import EncumbranceKind
from listings.rights.errors import EncumbranceStateForbids, RightNotGrantable
from listings.rights.schemas import DisputeCreate, FreezeCreate, PledgeCreate, RulingCreate
from listings.rights.states import ENCUMBRANCE, OUTCOMES, EncumbranceAction, EncumbranceStatus
from listings.rights.tables import ResourceRight, RightEncumbrance

SUBJECT = "encumbrance"

_RULINGS = {
    EncumbranceKind.DISPUTE: {
        EncumbranceAction.ADMIT,
        EncumbranceAction.DISMISS,
        EncumbranceAction.UPHOLD,
    },
    EncumbranceKind.FREEZE: {EncumbranceAction.LIFT},
    EncumbranceKind.PLEDGE: {EncumbranceAction.LIFT},
}


async def dispute(
    session: AsyncSession, actor: Actor, right_id: UUID, data: DisputeCreate
) -> RightEncumbrance:
    """Lodge a dispute about a right, for a regulator to admit or dismiss. Nothing is stopped until then.

    :raises NotFound: there is no such right.
    :raises RightEnded: it has ended.
    :raises OrganisationNotVerified: the actor's organisation may not act yet.
    :raises RightNotGrantable: the actor's own organisation holds it.
    """
    right = await rights.find_right(session, right_id)
    await identity.require_verified(session, actor.organisation_id)
    if right.holder_id == actor.organisation_id:
        raise RightNotGrantable(
            Message("Your own organisation holds this right."),
            remedy=Message("Give it up with POST /v1/rights/{right_id}/revocation.", right_id=right.id),
        )
    row = await _new(session, actor, right, EncumbranceKind.DISPUTE, data, actor.organisation_id)
    return await _lodge(session, actor, row, right)


async def pledge(session: AsyncSession, actor: Actor, right_id: UUID, data: PledgeCreate) -> RightEncumbrance:
    """The holder pledges its right; the pledge is in force once the pledgee has confirmed it.

    :raises NotFound: there is no right the actor can access.
    :raises Forbidden: the actor's organisation does not hold it.
    :raises RightEncumbered, RightEnded: the right is not free to be pledged.
    :raises OrganisationNotVerified: the pledgee may not act yet.
    """
    right = await rights.access_right(session, actor, right_id)
    if right.holder_id != actor.organisation_id:
        raise Forbidden(
            Message("Your organisation does not hold this right."),
            remedy=Message("Only its holder can pledge it."),
        )
    if data.pledgee_id == actor.organisation_id:
        raise RightNotGrantable(
            Message("Holder and pledgee are the same organisation."),
            remedy=Message("Name the organisation that the right is pledged to."),
        )
    await identity.require_verified(session, data.pledgee_id)
    await freezing.lock(session, right.resource_id)
    await rights.require_free(session, await rights.chain_above(session, right))
    row = await _new(session, actor, right, EncumbranceKind.PLEDGE, data, data.pledgee_id)
    return await _lodge(session, actor, row, right)


async def freeze(session: AsyncSession, actor: Actor, right_id: UUID, data: FreezeCreate) -> RightEncumbrance:
    """A regulator freezes a right by order: everything that rests on it stops with the commit.

    :raises NotFound: there is no such right.
    :raises RightEnded: it has ended.
    :raises AnotherOfficer: the actor belongs to its holder.
    """
    right = await rights.access_right(session, actor, right_id)
    await _require_impartial(session, actor, {right.holder_id})
    before = await freezing.lock(session, right.resource_id)
    row = await _new(session, actor, right, EncumbranceKind.FREEZE, data, actor.organisation_id)
    row.stops_use, row.status = True, EncumbranceStatus.IN_FORCE
    row.effective_by, row.effective_at, row.effective_reason = actor.id, row.lodged_at, data.grounds
    await _lodge(session, actor, row, right)
    await freezing.spread(session, actor, right.resource_id, data.grounds, before)
    return row


async def _new(
    session: AsyncSession,
    actor: Actor,
    right: ResourceRight,
    kind: EncumbranceKind,
    data: DisputeCreate | FreezeCreate | PledgeCreate,
    organisation_id: UUID,
) -> RightEncumbrance:
    await rights.require_not_ended(session, [right])
    return RightEncumbrance(
        right_id=right.id,
        kind=kind,
        status=EncumbranceStatus.PENDING,
        organisation_id=organisation_id,
        grounds=data.grounds,
        evidence_sha256=data.evidence_sha256,
        lodged_by=actor.id,
        lodged_at=await now(session),
        rules=(await rulebook.in_force(session)).stamp(),
    )


async def _lodge(
    session: AsyncSession, actor: Actor, row: RightEncumbrance, right: ResourceRight
) -> RightEncumbrance:
    session.add(row)
    await session.flush()
    await _record(session, actor, row, "lodged", row.grounds)
    kind = (
        EventKind.ENCUMBRANCE_LODGED
        if row.status is EncumbranceStatus.PENDING
        else EventKind.ENCUMBRANCE_EFFECTIVE
    )
    await _publish_event(session, row, right, kind)
    return row


async def rule(
    session: AsyncSession, actor: Actor, encumbrance_id: UUID, data: RulingCreate
) -> RightEncumbrance:
    """A regulator rules: a dispute is admitted, dismissed or upheld, a freeze or a pledge is lifted by order.

    A dispute that is upheld ends the right, and all that hangs below it, for good.

    :raises NotFound: there is no such encumbrance.
    :raises EncumbranceStateForbids: what it is, or how far it is, does not allow this ruling.
    :raises AnotherOfficer: the actor belongs to the holder or to the claimant.
    """
    row, right, before = await _locked(session, actor, encumbrance_id)
    parties = {right.holder_id}
    if row.kind is not EncumbranceKind.FREEZE:
        parties.add(row.organisation_id)
    await _require_impartial(session, actor, parties)
    if data.decision not in _RULINGS[row.kind]:
        raise EncumbranceStateForbids(
            Message("A {kind} is not decided by {decision}.", kind=row.kind, decision=data.decision),
            remedy=Message("Decide by one of: {allowed}.", allowed=", ".join(sorted(_RULINGS[row.kind]))),
        )
    if data.decision is EncumbranceAction.ADMIT:
        return await _take_effect(
            session, actor, row, right, before, data.decision, data.reason, stops_use=not data.use_continues
        )
    await _end(session, actor, row, right, data.decision, data.reason)
    if data.decision is EncumbranceAction.UPHOLD:
        await rights.end(session, actor, right, data.reason, before)
    else:
        await freezing.spread(session, actor, right.resource_id, data.reason, before)
    return row


async def confirm(session: AsyncSession, actor: Actor, encumbrance_id: UUID, reason: str) -> RightEncumbrance:
    """The pledgee confirms the pledge: it is in force, and the right is neither transferred nor granted on.

    :raises Forbidden: the actor's organisation is not the pledgee.
    :raises BothSides: the actor pledged it under another account.
    :raises EncumbranceStateForbids: it is no pledge that waits for it.
    :raises RightEncumbered, RightEnded: the right is not free to be pledged any more.
    """
    row, right, before = await _locked(session, actor, encumbrance_id)
    _require_pledgee(actor, row)
    await officers.require_other_side(session, actor, row.lodged_by)
    ENCUMBRANCE.next_state(row.status, EncumbranceAction.CONFIRM)
    chain = await rights.chain_above(session, right)
    await rights.require_not_ended(session, chain)
    await rights.require_free(session, chain)
    return await _take_effect(
        session, actor, row, right, before, EncumbranceAction.CONFIRM, reason, stops_use=False
    )


async def release(session: AsyncSession, actor: Actor, encumbrance_id: UUID, reason: str) -> RightEncumbrance:
    """The pledgee releases the right, or does not take the pledge.

    :raises Forbidden: the actor's organisation is not the pledgee.
    :raises EncumbranceStateForbids: it has ended, or is no pledge.
    """
    row, right, _ = await _locked(session, actor, encumbrance_id)
    _require_pledgee(actor, row)
    return await _end(session, actor, row, right, EncumbranceAction.RELEASE, reason)


async def withdraw(
    session: AsyncSession, actor: Actor, encumbrance_id: UUID, reason: str
) -> RightEncumbrance:
    """The claimant withdraws its dispute, or the holder a pledge that was not confirmed yet.

    :raises Forbidden: the actor's organisation is neither.
    :raises EncumbranceStateForbids: it has ended, or the pledgee has confirmed the pledge.
    """
    row, right, before = await _locked(session, actor, encumbrance_id)
    may = {EncumbranceKind.DISPUTE: row.organisation_id, EncumbranceKind.PLEDGE: right.holder_id}
    if may.get(row.kind) != actor.organisation_id:
        raise Forbidden(
            Message("Only whoever lodged it can withdraw it."),
            remedy=Message("A regulator decides about it; a pledgee releases the right."),
        )
    if row.kind is EncumbranceKind.PLEDGE and row.status is EncumbranceStatus.IN_FORCE:
        raise EncumbranceStateForbids(
            Message("The pledgee has confirmed the pledge."),
            remedy=Message("Ask the pledgee to release the right."),
        )
    await _end(session, actor, row, right, EncumbranceAction.WITHDRAW, reason)
    await freezing.spread(session, actor, right.resource_id, reason, before)
    return row


async def list_encumbrances(
    session: AsyncSession, actor: Actor, right_id: UUID | None, page: PageRequest
) -> tuple[Sequence[RightEncumbrance], str | None]:
    """One page of what weighs, or weighed, on rights; newest first.

    :param right_id: only on this one, which the actor can access.
    :raises NotFound: there is no right the actor can access.
    """
    if right_id is not None:
        await rights.access_right(session, actor, right_id)
    return await repository.list_encumbrances(session, actor, right_id, page)


async def access_encumbrance(session: AsyncSession, actor: Actor, encumbrance_id: UUID) -> RightEncumbrance:
    """An encumbrance of a right the actor's organisation holds, one that it lodged, or any for a regulator.

    :raises NotFound: there is none the actor can access.
    """
    return _found(await repository.get_encumbrance(session, actor, encumbrance_id))


def _found(row: RightEncumbrance | None) -> RightEncumbrance:
    if row is None:
        raise NotFound(
            Message("There is no such encumbrance."),
            remedy=Message("GET /v1/encumbrances lists those that concern your organisation."),
        )
    return row


async def _locked(
    session: AsyncSession, actor: Actor, encumbrance_id: UUID
) -> tuple[RightEncumbrance, ResourceRight, set[UUID]]:
    """The encumbrance, its right, and the rights that are stopped; nothing else changes them meanwhile."""
    row = await access_encumbrance(session, actor, encumbrance_id)
    right = await rights.find_right(session, row.right_id)
    before = await freezing.lock(session, right.resource_id)
    return _found(await repository.get_encumbrance(session, actor, encumbrance_id, lock=True)), right, before


def _require_pledgee(actor: Actor, row: RightEncumbrance) -> None:
    if row.kind is not EncumbranceKind.PLEDGE or row.organisation_id != actor.organisation_id:
        raise Forbidden(
            Message("Only the pledgee of a pledge can do this."),
            remedy=Message(
                "The holder withdraws a pledge that was not confirmed; a regulator rules on a dispute."
            ),
        )


async def _require_impartial(session: AsyncSession, actor: Actor, parties: set[UUID]) -> None:
    if not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only a regulator rules on rights."),
            remedy=Message("Lodge a dispute with POST /v1/rights/{right_id}/disputes."),
        )
    await officers.require_no_member(
        session, actor, parties, Message("Rights are ruled on by somebody who belongs to neither side.")
    )


async def _take_effect(
    session: AsyncSession,
    actor: Actor,
    row: RightEncumbrance,
    right: ResourceRight,
    before: set[UUID],
    action: EncumbranceAction,
    reason: str,
    *,
    stops_use: bool,
) -> RightEncumbrance:
    row.status, row.stops_use = ENCUMBRANCE.next_state(row.status, action), stops_use
    row.effective_by, row.effective_at, row.effective_reason = actor.id, await now(session), reason
    await session.flush()
    await _record(session, actor, row, action.value, reason)
    await _publish_event(session, row, right, EventKind.ENCUMBRANCE_EFFECTIVE)
    await freezing.spread(session, actor, right.resource_id, reason, before)
    return row


async def _end(
    session: AsyncSession,
    actor: Actor,
    row: RightEncumbrance,
    right: ResourceRight,
    action: EncumbranceAction,
    reason: str,
) -> RightEncumbrance:
    row.status, row.outcome = ENCUMBRANCE.next_state(row.status, action), OUTCOMES[action]
    row.ended_by, row.ended_at, row.end_reason = actor.id, await now(session), reason
    await session.flush()
    await _record(session, actor, row, row.outcome.value, reason)
    await _publish_event(session, row, right, EventKind.ENCUMBRANCE_ENDED)
    return row


async def _record(session: AsyncSession, actor: Actor, row: RightEncumbrance, what: str, reason: str) -> None:
    await decisions.record(
        session,
        actor,
        action=f"encumbrance.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under="records.",
        reason=reason,
        right_id=str(row.right_id),
        kind=row.kind.value,
        stops_use=row.stops_use,
        evidence_sha256=row.evidence_sha256,
    )


async def _publish_event(
    session: AsyncSession, row: RightEncumbrance, right: ResourceRight, kind: EventKind
) -> None:
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=(right.holder_id, row.organisation_id),
        payload={"right_id": str(right.id), "kind": row.kind.value, "status": row.status.value},
    )
