"""Use cases of recovery: an organisation whose administrators are lost gets a new one, and its people can object.

Two officers of the platform, evidence, a notice to the organisation, and a delay stand between the request and the
invitation: nobody becomes an organisation's administrator quietly.
"""

from datetime import timedelta
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, Role
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import members, officers
from infra.identity import service as organisations
from infra.identity.errors import AnotherOfficer
from infra.identity.tables import Organisation
from infra.mail import service as mail
from infra.messages import Message
from infra.settings import Settings
from market.participants import domain, factor_resets, repository
from market.participants.errors import RecoveryNotNeeded, RecoveryOpen
from market.participants.invitations import open_invitation
from market.participants.mails import RECOVERY_APPROVED, RECOVERY_REQUESTED, SEND_JOB
from market.participants.schemas import RecoveryCreate
from market.participants.service import SUBJECT, access_organisation
from market.participants.states import RECOVERY, RecoveryAction, RecoveryStatus
from market.participants.tables import Recovery


async def request(
    session: AsyncSession, actor: Actor, settings: Settings, organisation_id: UUID, data: RecoveryCreate
) -> Recovery:
    """Ask for a new administrator of an organisation whose own are lost; its people are told.

    :raises AnotherOfficer: the actor is no person, or names the own address.
    :raises RecoveryNotNeeded: the organisation has no administrator, so that the platform can invite one.
    :raises RecoveryOpen: one is under way.
    """
    organisation = await organisations.lock_organisation(session, organisation_id)
    await _require_officer(session, actor, data.email)
    if not await members.has_administrator(session, organisation_id):
        raise RecoveryNotNeeded(
            Message("The organisation has no administrator that could be lost."),
            remedy=Message(
                "Invite its first one: POST /v1/organisations/{organisation_id}/invitations.",
                organisation_id=organisation_id,
            ),
        )
    if await repository.open_recovery(session, organisation_id) is not None:
        raise RecoveryOpen(
            Message("A recovery of the organisation is under way."),
            remedy=Message("Approve it, or cancel it and ask for another."),
        )
    row = Recovery(
        organisation_id=organisation_id,
        email=data.email,
        evidence_sha256=data.evidence_sha256,
        reason=data.reason,
        status=RecoveryStatus.REQUESTED,
        requested_by=actor.id,
        requested_at=await now(session),
    )
    session.add(row)
    await session.flush()
    await _record(session, actor, row, EventKind.RECOVERY_REQUESTED, evidence_sha256=row.evidence_sha256)
    await _notify(session, settings, organisation, row, RECOVERY_REQUESTED)
    return row


async def approve(
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    organisation_id: UUID,
    recovery_id: UUID,
    reason: str,
) -> Recovery:
    """Approve a request of another officer; it takes effect after the delay, unless somebody objects.

    :raises AnotherOfficer: the actor asked for it, is no person, or is the one to be invited.
    :raises RecoveryStatusForbids: it was approved, cancelled or completed.
    """
    organisation, row = await _lock(session, organisation_id, recovery_id)
    await _require_officer(session, actor, row.email, row.requested_by)
    moment = await now(session)
    row.status = RECOVERY.next_state(
        row.status,
        RecoveryAction.APPROVE,
        remedy=Message(
            "If it is still needed, ask for another: POST /v1/organisations/{organisation_id}/recoveries.",
            organisation_id=organisation_id,
        ),
    )
    row.approved_by, row.approved_at, row.approval_reason = actor.id, moment, reason
    row.effective_at = moment + timedelta(hours=settings.recovery_delay_hours)
    await session.flush()
    await _record(session, actor, row, EventKind.RECOVERY_APPROVED, effective_at=row.effective_at.isoformat())
    await _notify(session, settings, organisation, row, RECOVERY_APPROVED)
    return row


async def cancel(
    session: AsyncSession, actor: Actor, organisation_id: UUID, recovery_id: UUID, reason: str
) -> Recovery:
    """Object to a recovery before it takes effect: any member of the organisation, or an officer of the platform.

    :raises NotFound: it is not the actor's to cancel.
    :raises RecoveryStatusForbids: it was cancelled, or completed.
    """
    if organisation_id != actor.organisation_id and not domain.manages_all(actor):
        raise NotFound(Message("There is no such organisation."))
    _, row = await _lock(session, organisation_id, recovery_id)
    row.status = RECOVERY.next_state(
        row.status,
        RecoveryAction.CANCEL,
        remedy=Message("Revoke its invitation, or remove the member that came of it.")
        if row.status is RecoveryStatus.COMPLETED
        else Message("Nothing is left to do: nobody is let in by it."),
    )
    row.cancelled_by, row.cancelled_at, row.cancellation_reason = actor.id, await now(session), reason
    await session.flush()
    await _record(session, actor, row, EventKind.RECOVERY_CANCELLED, reason=reason)
    return row


async def listing(session: AsyncSession, actor: Actor, organisation_id: UUID) -> SelectOfScalar[Recovery]:
    """What the list of an organisation's recoveries pages through."""
    await access_organisation(session, actor, organisation_id)
    return repository.recoveries_statement(organisation_id)


async def open_by_organisation(session: AsyncSession, organisation_ids: list[UUID]) -> dict[UUID, Recovery]:
    """The recoveries that are under way, by organisation."""
    return {row.organisation_id: row for row in await repository.open_recoveries(session, organisation_ids)}


async def complete_due(session: AsyncSession, settings: Settings) -> int:
    """Invite the administrators whose recovery took effect; one who is a member already gets the role.

    A member's second factor, which may be what was lost, is taken away.

    :return: how many.
    """
    due = await repository.due_recoveries(session)
    for organisation_id, recovery_id in due:
        organisation, row = await _lock(session, organisation_id, recovery_id)
        if not RECOVERY.allows(row.status, RecoveryAction.COMPLETE):
            continue  # somebody objected while we waited for the lock
        roles = domain.recovered_roles(organisation.kind)
        membership = await members.member_by_email(session, organisation_id, row.email)
        if membership is not None:
            held = {Role(role) for role in membership.roles}
            await members.set_roles(session, membership, held | roles)
            # The member may have lost it; two officers, evidence and the delay stand for who asks.
            await factor_resets.drop(session, SYSTEM, settings, organisation_id, membership.person_id)
        else:
            invitation = await open_invitation(
                session, SYSTEM, settings, organisation, email=row.email, roles=roles
            )
            row.invitation_id = invitation.id
        row.status = RECOVERY.next_state(row.status, RecoveryAction.COMPLETE)
        row.completed_at = await now(session)
        await session.flush()
        await _record(session, SYSTEM, row, EventKind.RECOVERY_COMPLETED)
    return len(due)


async def _lock(
    session: AsyncSession, organisation_id: UUID, recovery_id: UUID
) -> tuple[Organisation, Recovery]:
    organisation = await organisations.lock_organisation(session, organisation_id)
    row = await repository.lock_recovery(session, organisation_id, recovery_id)
    if row is None:
        raise NotFound(Message("The organisation has no such recovery."))
    return organisation, row


async def _require_officer(session: AsyncSession, actor: Actor, email: str, *others: UUID) -> None:
    remedy = Message("Ask another administrator of the platform, in person, not by a program.")
    await officers.require_another_person(
        session,
        actor,
        *others,
        detail=Message("A recovery is requested by one officer and approved by another."),
        remedy=remedy,
    )
    if await members.address(session, actor.id) == email:
        raise AnotherOfficer(
            Message("An officer who takes part cannot be the one who is let in."), remedy=remedy
        )


async def _notify(
    session: AsyncSession, settings: Settings, organisation: Organisation, row: Recovery, kind: str
) -> None:
    if settings.smtp_host is None:
        return
    detail = {
        "organisation_id": str(organisation.id),
        "recovery_id": str(row.id),
        "email": row.email,
        "reason": row.reason,
    }
    if row.effective_at is not None:
        detail["effective_at"] = f"{row.effective_at:%Y-%m-%d %H:%M} UTC"
    keep = timedelta(hours=settings.recovery_delay_hours)
    for address in await members.addresses(session, organisation.id, limit=domain.MAX_NOTICES):
        await mail.post(session, kind, address, detail, keep=keep)
    await jobs.enqueue(session, SEND_JOB, {})


async def _record(session: AsyncSession, actor: Actor, row: Recovery, kind: EventKind, **detail: str) -> None:
    await audit.record(
        session,
        actor,
        action=kind.value,
        subject_kind=SUBJECT,
        subject_id=row.organisation_id,
        detail={"recovery_id": str(row.id), **detail},
    )
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=(row.organisation_id,),
        payload={"organisation_id": str(row.organisation_id), "status": row.status.value, **detail},
    )
