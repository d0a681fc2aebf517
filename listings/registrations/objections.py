"""Use cases of objections: raised by anybody while the public notice runs, answered by the registration office."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.rulebook import service as rulebook
from listings import decisions
from listings.registrations import history, repository
from listings.registrations.errors import NoticeOver, ObjectionRepeated, PartyToResource
from listings.registrations.states import (
    APPLICATION,
    OBJECTION,
    ON_NOTICE,
    ApplicationAction,
    ApplicationStatus,
    ObjectionAction,
    ObjectionStatus,
)
from listings.registrations.tables import RegistrationApplication, RegistrationObjection

SUBJECT = "registration_objection"


async def raise_objection(
    session: AsyncSession, actor: Actor, application_id: UUID, reasons: str, evidence_sha256: str | None
) -> RegistrationObjection:
    """Object to what is on public notice; the notice is suspended until the objection is answered.

    :raises NotFound: it was never on public notice.
    :raises NoticeOver: the notice is over.
    :raises PartyToResource: the actor's organisation applied for it.
    :raises ObjectionRepeated: the actor's organisation has objected to this notice already.
    """
    row = await repository.find_announced(session, application_id)
    if row is None:
        raise NotFound(
            Message("There is no such public notice, or it is over."),
            remedy=Message("GET /v1/registration-notices lists those that are open."),
        )
    moment = await now(session)
    over = row.notice_ends_at is not None and moment >= row.notice_ends_at
    if row.status not in ON_NOTICE or over:
        raise NoticeOver(
            Message("The public notice is over."),
            remedy=Message(
                "Tell the regulator, who can suspend the resource: POST /v1/resources/{resource_id}/suspension.",
                resource_id=row.resource_id,
            ),
            resource_id=str(row.resource_id),
        )
    if row.owner_id == actor.organisation_id:
        raise PartyToResource(
            Message("Your organisation applied for it."),
            remedy=Message(
                "Withdraw it instead: POST /v1/registration-applications/{application_id}/withdrawal.",
                application_id=row.id,
            ),
        )
    if any(
        one.attempt == row.attempt
        for one in await repository.objections(session, row.id, actor.organisation_id)
    ):
        raise ObjectionRepeated(
            Message("Your organisation has objected to this notice already."),
            remedy=Message(
                "Wait for the answer: GET /v1/registration-notices/{application_id}/objections.",
                application_id=row.id,
            ),
        )
    if row.notice_ends_at is not None:
        row.notice_left_seconds = int((row.notice_ends_at - moment).total_seconds()) + 1
    row.status = APPLICATION.next_state(row.status, ApplicationAction.CONTEST)
    row.notice_ends_at = None
    objection = RegistrationObjection(
        application_id=row.id,
        attempt=row.attempt,
        organisation_id=actor.organisation_id,
        status=ObjectionStatus.OPEN,
        reasons=reasons,
        evidence_sha256=evidence_sha256,
        raised_by=actor.id,
        raised_at=moment,
    )
    session.add(objection)
    await session.flush()
    rules = await rulebook.in_force(session)
    await history.record(
        session,
        actor,
        row,
        ApplicationAction.CONTEST,
        reason=reasons,
        rules=rules,
        detail={"objection_id": str(objection.id), "evidence_sha256": evidence_sha256},
    )
    await history.publish_step(session, EventKind.REGISTRATION_CONTESTED, row, also=(actor.organisation_id,))
    return objection


async def list_visible(
    session: AsyncSession, actor: Actor, application_id: UUID
) -> Sequence[RegistrationObjection]:
    """Objections to an application: all to its owner and to a regulator, one's own to others."""
    application = await repository.get_visible(session, actor, application_id)
    return await repository.objections(
        session, application_id, None if application else actor.organisation_id
    )


async def get(session: AsyncSession, objection_id: UUID) -> RegistrationObjection:
    """An objection, whoever asks.

    :raises NotFound: there is none.
    """
    row = await repository.objection(session, objection_id)
    if row is None:
        raise NotFound(
            Message("There is no such objection."),
            remedy=Message(
                "GET /v1/registration-applications/{application_id} lists those to an application."
            ),
        )
    return row


async def answer(
    session: AsyncSession, actor: Actor, objection: RegistrationObjection, action: ObjectionAction, text: str
) -> None:
    """Write the answer to an objection of a locked application.

    :raises ObjectionStateForbids: it was answered already.
    """
    objection.status = OBJECTION.next_state(
        objection.status, action, remedy=Message("Look at the answer that it got.")
    )
    objection.answered_by, objection.answered_at, objection.answer = actor.id, await now(session), text
    await session.flush()
    await decisions.record(
        session,
        actor,
        action=f"registration_objection.{objection.status.value}",
        subject_kind=SUBJECT,
        subject_id=objection.id,
        under="registration.",
        reason=text,
        application_id=str(objection.application_id),
    )


async def resume(session: AsyncSession, row: RegistrationApplication) -> bool:
    """Let the notice of a locked application go on for what was left of it, once no objection is open.

    :return: whether it goes on.
    """
    if row.status is not ApplicationStatus.CONTESTED or await repository.open_objections(session, row.id):
        return False
    row.status = APPLICATION.next_state(row.status, ApplicationAction.RESUME)
    row.notice_ends_at = await now(session) + timedelta(seconds=row.notice_left_seconds or 0)
    row.notice_left_seconds = None
    return True


async def close_open(session: AsyncSession, row: RegistrationApplication) -> None:
    """Close what is open of an application that is decided, or returned, for another reason."""
    for objection in await repository.open_objections(session, row.id):
        objection.status = OBJECTION.next_state(objection.status, ObjectionAction.CLOSE)
        objection.answered_at = await now(session)
    await session.flush()
