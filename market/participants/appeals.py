"""Use cases of appeals: a suspended organisation objects, the platform or the regulator decides."""

from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.identity import service as identity
from infra.messages import Message
from infra.organisation_status import OrganisationStatus
from infra.stops import service as stops
from market.participants import domain, repository
from market.participants.errors import AppealOpen, NotSuspended
from market.participants.schemas import AppealCreate
from market.participants.service import (
    SUBJECT,
    access_organisation,
    access_to_suspend,
    lift_suspension,
    placer_kinds,
)
from market.participants.states import APPEAL, AppealDecision, AppealStatus
from market.participants.tables import Appeal


async def lodge(session: AsyncSession, actor: Actor, organisation_id: UUID, data: AppealCreate) -> Appeal:
    """Object to the own organisation's suspension. After a dismissal another appeal may follow.

    :raises NotFound: it is not the actor's organisation.
    :raises NotSuspended: there is nothing to object to.
    :raises AppealOpen: the one before is not decided yet.
    """
    if organisation_id != actor.organisation_id:
        raise NotFound(Message("There is no such organisation."))
    row = await identity.lock_organisation(session, organisation_id)
    if row.status is not OrganisationStatus.SUSPENDED:
        raise NotSuspended(
            Message("The organisation is {status}; an appeal is against a suspension.", status=row.status),
            current_status=row.status.value,
        )
    if await repository.open_appeal(session, organisation_id) is not None:
        raise AppealOpen(
            Message("An appeal of the organisation is open already."),
            remedy=Message("Wait for its decision; a dismissed appeal may be followed by another."),
        )
    appeal = Appeal(
        organisation_id=organisation_id,
        text=data.text,
        document_sha256=data.document_sha256,
        status=AppealStatus.OPEN,
        lodged_by=actor.id,
        lodged_at=await now(session),
    )
    session.add(appeal)
    await session.flush()
    await _record(session, actor, appeal, EventKind.APPEAL_LODGED, document_sha256=data.document_sha256)
    return appeal


async def listing(session: AsyncSession, actor: Actor, organisation_id: UUID) -> SelectOfScalar[Appeal]:
    """What the list of an organisation's appeals pages through."""
    await access_organisation(session, actor, organisation_id)
    return repository.appeals_statement(organisation_id, None)


def all_appeals(status: AppealStatus | None) -> SelectOfScalar[Appeal]:
    """What the list of every organisation's appeals pages through."""
    return repository.appeals_statement(None, status)


async def decide(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    appeal_id: UUID,
    *,
    decision: AppealDecision,
    reason: str,
) -> Appeal:
    """Decide an appeal: upheld, the suspension is lifted; dismissed, it stays.

    Whoever may lift every suspension of the organisation decides: who placed it, or an authority above.

    Whoever suspended may give in, but does not judge the own order.

    :raises AnotherOfficer: the caller belongs to the organisation, or would dismiss what is against the own suspension.
    :raises NotFound: the organisation has no such appeal.
    :raises Forbidden: the suspension of another authority is not the actor's to lift.
    :raises AppealDecided: it is decided already.
    """
    row = await identity.lock_organisation(session, organisation_id)
    appeal = await repository.lock_appeal(session, organisation_id, appeal_id)
    if appeal is None:
        raise NotFound(Message("The organisation has no such appeal."))
    status = APPEAL.next_state(
        appeal.status,
        decision,
        remedy=Message("A decided appeal stays decided; who is still suspended can lodge another."),
    )
    for placer, kind in (await placer_kinds(session, organisation_id)).items():
        if placer != actor.organisation_id and not domain.is_above(actor, kind):
            raise Forbidden(
                Message("The {kind} suspended the organisation, and decides on the appeal.", kind=kind),
                remedy=Message("Leave the decision to the authority that placed the suspension."),
                placed_by_organisation=str(placer),
            )
    await officers.require_no_member(
        session,
        actor,
        [organisation_id],
        Message("An appeal is decided by somebody who does not belong to the party."),
    )
    if status is AppealStatus.DISMISSED:
        await officers.require_another_person(
            session,
            actor,
            *[stop.placed_by for stop in await stops.active(session, [organisation_id])],
            detail=Message("An appeal is dismissed by another person than ordered the suspension."),
            remedy=Message("Leave it to a colleague or to an authority above, or uphold it yourself."),
        )
    if status is AppealStatus.UPHELD:
        await lift_suspension(session, actor, row, reason)
    await _close(session, actor, appeal, status, reason)
    return appeal


async def reinstate(session: AsyncSession, actor: Actor, organisation_id: UUID, reason: str) -> None:
    """Lift a suspension without being asked; an open appeal is upheld when none remains.

    :raises NotFound: the actor is no authority over it.
    :raises Forbidden: a regulator reinstates those who trade.
    :raises StatusForbids: the organisation is not suspended.
    :raises NotStopped: none of its suspensions is the actor's to lift.
    """
    row = await access_to_suspend(session, actor, organisation_id)
    if not await lift_suspension(session, actor, row, reason):
        return
    appeal = await repository.open_appeal(session, organisation_id)
    if appeal is not None:
        await _close(session, actor, appeal, AppealStatus.UPHELD, reason)


async def _close(
    session: AsyncSession, actor: Actor, appeal: Appeal, status: AppealStatus, reason: str
) -> None:
    appeal.status, appeal.decision_reason = status, reason
    appeal.decided_by, appeal.decided_at = actor.id, await now(session)
    await session.flush()
    await _record(session, actor, appeal, EventKind.APPEAL_DECIDED, reason=reason)


async def _record(
    session: AsyncSession, actor: Actor, appeal: Appeal, kind: EventKind, **detail: str | None
) -> None:
    await audit.record(
        session,
        actor,
        action=kind.value,
        subject_kind=SUBJECT,
        subject_id=appeal.organisation_id,
        detail={"appeal_id": str(appeal.id), "status": appeal.status.value, **detail},
    )
    await events.publish(
        session,
        kind,
        subject_id=appeal.id,
        organisations=(appeal.organisation_id,),
        payload={"organisation_id": str(appeal.organisation_id), "status": appeal.status.value},
    )
