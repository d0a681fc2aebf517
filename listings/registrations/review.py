"""Use cases of the registration office: a regulator's people accept, examine, announce, return and refuse."""

from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.messages import Message
from infra.rulebook import service as rulebook
from listings.registrations import completion, history, objections, service
from listings.registrations.domain import RefusalGround
from listings.registrations.errors import PartyToResource
from listings.registrations.states import APPLICATION, ApplicationAction, ObjectionAction, ObjectionStatus
from listings.registrations.tables import RegistrationApplication, RegistrationObjection
from listings.resources.tables import DataResource


async def accept(
    session: AsyncSession, actor: Actor, application_id: UUID, reason: str
) -> RegistrationApplication:
    """Accept an application for the formal review. Of two officers at once, one learns that it is accepted already.

    :raises Forbidden, PartyToResource, AnotherOfficer: the actor is no officer who may decide about it.
    :raises ApplicationStateForbids: it was not just submitted.
    """
    row, _ = await _lock(session, actor, application_id)
    row.status = APPLICATION.next_state(row.status, ApplicationAction.ACCEPT)
    rules = await rulebook.in_force(session)
    row.due_at = await service.due_at(session, rules, "registration.review_days", await now(session))
    await history.record(session, actor, row, ApplicationAction.ACCEPT, reason=reason, rules=rules)
    await history.publish_step(session, EventKind.REGISTRATION_ACCEPTED, row)
    return row


async def approve(
    session: AsyncSession, actor: Actor, application_id: UUID, reason: str
) -> RegistrationApplication:
    """Pass the formal review: what is applied for goes on public notice, and is registered when that ends.

    Where the rules ask for no notice of its kind, it is registered at once.

    :raises Forbidden, PartyToResource, AnotherOfficer: the actor is no officer who may decide about it.
    :raises ApplicationStateForbids: it is not under review.
    """
    row, resource = await _lock(session, actor, application_id)
    row.status = APPLICATION.next_state(row.status, ApplicationAction.ANNOUNCE)
    rules = await rulebook.in_force(session)
    moment = await now(session)
    row.due_at = None
    row.notice_opened_at = moment
    row.notice_ends_at = await service.due_at(
        session, rules, f"registration.{row.kind.value}_notice_days", moment
    )
    await history.record(
        session,
        actor,
        row,
        ApplicationAction.ANNOUNCE,
        reason=reason,
        rules=rules,
        detail={"notice_ends_at": row.notice_ends_at.isoformat()},
    )
    if row.notice_ends_at <= moment:
        await completion.complete(session, actor, row, resource)
    else:
        await history.publish(
            session,
            EventKind.REGISTRATION_ANNOUNCED,
            row.resource_id,
            {
                "application_id": str(row.id),
                "kind": row.kind.value,
                "ends_at": row.notice_ends_at.isoformat(),
            },
        )
    return row


async def return_to_applicant(
    session: AsyncSession, actor: Actor, application_id: UUID, reason: str
) -> RegistrationApplication:
    """Return an application with what to mend; the owner mends it and hands it in again.

    :raises Forbidden, PartyToResource, AnotherOfficer: the actor is no officer who may decide about it.
    :raises ApplicationStateForbids: it is decided, or returned already.
    """
    row, _ = await _lock(session, actor, application_id)
    return await _end(session, actor, row, ApplicationAction.RETURN, reason, None)


async def refuse(
    session: AsyncSession, actor: Actor, application_id: UUID, ground: RefusalGround, reason: str
) -> RegistrationApplication:
    """Refuse an application for good, on a ground.

    :raises Forbidden, PartyToResource, AnotherOfficer: the actor is no officer who may decide about it.
    :raises ApplicationStateForbids: it is decided, or was returned.
    """
    row, _ = await _lock(session, actor, application_id)
    return await _end(session, actor, row, ApplicationAction.REFUSE, reason, ground)


async def answer(
    session: AsyncSession,
    actor: Actor,
    objection_id: UUID,
    *,
    upheld: bool,
    ground: RefusalGround | None,
    reason: str,
) -> RegistrationObjection:
    """Answer an objection: dismissed, the notice goes on for what was left of it; upheld, the application is returned.

    :param ground: of an upheld one: the application is refused for good.
    :raises NotFound: there is no such objection.
    :raises Forbidden, PartyToResource, AnotherOfficer: the actor is no officer who may decide, or raised it.
    :raises ObjectionStateForbids: it was answered already.
    """
    found = await objections.get(session, objection_id)
    row, _ = await _lock(session, actor, found.application_id)
    objection = await objections.get(session, objection_id)
    await officers.require_another_person(
        session,
        actor,
        objection.raised_by,
        detail=Message("An objection is answered by another person than raised it."),
        remedy=Message("Ask a colleague who had no part in it."),
    )
    action = ObjectionAction.UPHOLD if upheld else ObjectionAction.DISMISS
    await objections.answer(session, actor, objection, action, reason)
    if objection.status is ObjectionStatus.UPHELD:
        step = ApplicationAction.REFUSE if ground else ApplicationAction.RETURN
        await _end(session, actor, row, step, reason, ground)
    elif await objections.resume(session, row):
        rules = await rulebook.in_force(session)
        await history.record(session, actor, row, ApplicationAction.RESUME, reason=reason, rules=rules)
        await history.publish_step(
            session, EventKind.REGISTRATION_RESUMED, row, also=(objection.organisation_id,)
        )
    return objection


async def _end(
    session: AsyncSession,
    actor: Actor,
    row: RegistrationApplication,
    action: ApplicationAction,
    reason: str,
    ground: RefusalGround | None,
) -> RegistrationApplication:
    row.status = APPLICATION.next_state(row.status, action)
    service.close(row)
    rules = await rulebook.in_force(session)
    await history.record(session, actor, row, action, reason=reason, rules=rules, ground=ground)
    await objections.close_open(session, row)
    kind = (
        EventKind.REGISTRATION_REFUSED
        if action is ApplicationAction.REFUSE
        else EventKind.REGISTRATION_RETURNED
    )
    await history.publish_step(session, kind, row)
    return row


async def _lock(
    session: AsyncSession, actor: Actor, application_id: UUID
) -> tuple[RegistrationApplication, DataResource]:
    """An application that the actor, a person of a regulator with no part in the resource, may decide about; locked."""
    if not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only a regulator decides about registrations."),
            remedy=Message("Wait for the decision: GET /v1/registration-applications shows it."),
        )
    officers.require_person(
        actor, remedy=Message("Sign in as a person: somebody answers for a registration.")
    )
    row, resource = await service.lock_application(session, actor, application_id)
    if row.owner_id == actor.organisation_id:
        raise PartyToResource(
            Message("Your organisation applied for it."),
            remedy=Message("Ask another regulator to decide."),
        )
    await officers.require_no_member(
        session,
        actor,
        [row.owner_id],
        Message("A registration is decided by somebody who does not belong to its owner."),
    )
    return row, resource
