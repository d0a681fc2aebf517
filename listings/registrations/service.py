"""Use cases of who applies for a registration, and of who looks one up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events.kinds import EventKind
from infra.identity import members
from infra.identity import service as identity
from infra.identity.schemas import PartyNames
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from listings.registrations import history, objections, repository
from listings.registrations.domain import (
    CONTENT,
    RegistrationKind,
    end_of_working_day,
    read_code,
    require_applicable,
    require_content,
)
from listings.registrations.errors import ApplicationOpen
from listings.registrations.states import APPLICATION, ApplicationAction, ApplicationStatus
from listings.registrations.tables import (
    Registration,
    RegistrationApplication,
    RegistrationObjection,
    RegistrationStep,
)
from listings.resources import registering
from listings.resources import service as resources
from listings.resources.domain import require_themes
from listings.resources.tables import DataResource


@dataclass(frozen=True, slots=True)
class History:
    """An application with all that was done with it, and the names it is shown with."""

    steps: Sequence[RegistrationStep]
    objections: Sequence[RegistrationObjection]
    names: PartyNames
    people: Mapping[UUID, str]
    code: str | None


async def apply(
    session: AsyncSession,
    actor: Actor,
    resource_id: UUID,
    *,
    kind: RegistrationKind,
    content: Mapping[str, Any] | None,
    reason: str,
    detail: Mapping[str, object] | None = None,
) -> RegistrationApplication:
    """The owner applies for a registration of a resource.

    :param content: all of `CONTENT`, in JSON; None where the kind changes none of it.
    :param detail: what else was confirmed with it, for the audit log.
    :raises NotFound: the resource is not the actor's.
    :raises KindNotApplicable: what is registered does not allow it now.
    :raises ApplicationOpen: another one is open.
    :raises ContentRefused: the content does not suit the kind.
    :raises UnknownTheme: the domain is not in the code list.
    """
    await identity.require_verified(session, actor.organisation_id)
    resource = (await resources.lock_own(session, actor, [resource_id]))[0]
    moment = await now(session)
    rules = await rulebook.in_force(session)
    renewable_from = (
        resource.registered_until - timedelta(days=rules.integer("registration.renewal_days"))
        if resource.registered_until
        else None
    )
    require_applicable(
        kind, registering.status_of(resource, moment), now=moment, renewable_from=renewable_from
    )
    before = await repository.open_application(session, resource_id)
    if before is not None:
        raise ApplicationOpen(
            Message("Application {application_id} for the resource is open.", application_id=before.id),
            remedy=Message(
                "Wait for its decision, or withdraw it:"
                " POST /v1/registration-applications/{application_id}/withdrawal.",
                application_id=before.id,
            ),
            application_id=str(before.id),
        )
    base = content_of(resource)
    wanted = require_content(kind, content, base)
    require_themes([wanted["domain"]])
    row = RegistrationApplication(
        resource_id=resource_id,
        owner_id=resource.owner_id,
        kind=kind,
        status=ApplicationStatus.SUBMITTED,
        content=wanted,
        base=base,
        applied_by=actor.id,
        applied_at=moment,
        due_at=await due_at(session, rules, "registration.acceptance_days", moment),
    )
    session.add(row)
    await session.flush()
    await history.record(
        session, actor, row, None, reason=reason, rules=rules, with_content=True, detail=detail
    )
    await history.publish_step(session, EventKind.REGISTRATION_APPLIED, row)
    return row


async def resubmit(
    session: AsyncSession,
    actor: Actor,
    application_id: UUID,
    *,
    content: Mapping[str, Any] | None,
    reason: str,
) -> RegistrationApplication:
    """The owner hands in a returned application again, mended.

    :param content: as `apply` takes it; None leaves it as it was returned.
    :raises NotFound: the application is not the actor's.
    :raises ApplicationStateForbids: it was not returned.
    :raises ContentRefused, UnknownTheme: see `apply`.
    """
    row = await _lock_own(session, actor, application_id)
    row.status = APPLICATION.next_state(row.status, ApplicationAction.RESUBMIT)
    if content is not None:
        row.content = require_content(row.kind, content, row.base)
        require_themes([row.content["domain"]])
    moment, rules = await now(session), await rulebook.in_force(session)
    row.attempt += 1
    row.due_at = await due_at(session, rules, "registration.acceptance_days", moment)
    await history.record(
        session, actor, row, ApplicationAction.RESUBMIT, reason=reason, rules=rules, with_content=True
    )
    await history.publish_step(session, EventKind.REGISTRATION_APPLIED, row)
    return row


async def withdraw(
    session: AsyncSession, actor: Actor, application_id: UUID, reason: str
) -> RegistrationApplication:
    """The owner takes its application back; what is registered stays as it is.

    :raises NotFound: the application is not the actor's.
    :raises ApplicationStateForbids: it is decided already.
    """
    row = await _lock_own(session, actor, application_id)
    row.status = APPLICATION.next_state(row.status, ApplicationAction.WITHDRAW)
    close(row)
    rules = await rulebook.in_force(session)
    await history.record(session, actor, row, ApplicationAction.WITHDRAW, reason=reason, rules=rules)
    await objections.close_open(session, row)
    await history.publish_step(session, EventKind.REGISTRATION_WITHDRAWN, row)
    return row


async def access_application(
    session: AsyncSession, actor: Actor, application_id: UUID
) -> RegistrationApplication:
    """An application the actor can access: its owner's, or any for a regulator.

    :raises NotFound: there is none the actor can access.
    """
    row = await repository.get_visible(session, actor, application_id)
    if row is None:
        raise NotFound(
            Message("There is no such application."),
            remedy=Message("GET /v1/registration-applications lists those you can access."),
        )
    return row


async def lock_application(
    session: AsyncSession, actor: Actor, application_id: UUID
) -> tuple[RegistrationApplication, DataResource]:
    """An application the actor can access and its resource, both locked: the resource first, as whoever applies does.

    :raises NotFound: there is none the actor can access.
    """
    found = await access_application(session, actor, application_id)
    resource = await registering.lock(session, found.resource_id)
    return await repository.lock(session, application_id), resource


async def _lock_own(session: AsyncSession, actor: Actor, application_id: UUID) -> RegistrationApplication:
    row, _ = await lock_application(session, actor, application_id)
    if row.owner_id != actor.organisation_id:
        raise NotFound(
            Message("There is no such application of your organisation."),
            remedy=Message("Its owner withdraws it or hands it in again."),
        )
    return row


def applications_listing(
    actor: Actor, status: ApplicationStatus | None, resource_id: UUID | None
) -> SelectOfScalar[RegistrationApplication]:
    """What the list of applications pages through."""
    return repository.applications_statement(actor, status, resource_id)


async def get_history(session: AsyncSession, row: RegistrationApplication) -> History:
    """All that was done with an application."""
    steps = await repository.steps(session, row.id)
    raised = await repository.objections(session, row.id)
    organisations = {row.owner_id, *(step.organisation_id for step in steps)}
    return History(
        steps=steps,
        objections=raised,
        names=await identity.party_names(session, organisations | {one.organisation_id for one in raised}),
        people=await members.person_names(
            session, {step.responsible_id for step in steps if step.responsible_id}
        ),
        code=await repository.code_of(session, row.id),
    )


def notices_listing() -> SelectOfScalar[RegistrationApplication]:
    """What the list of open public notices pages through."""
    return repository.notices_statement()


async def get_notice(session: AsyncSession, application_id: UUID) -> RegistrationApplication:
    """An application on public notice.

    :raises NotFound: there is no such notice, or it is over.
    """
    row = await repository.find_notice(session, application_id)
    if row is None:
        raise NotFound(
            Message("There is no such public notice, or it is over."),
            remedy=Message("GET /v1/registration-notices lists those that are open."),
        )
    return row


async def look_up(session: AsyncSession, text: str) -> Sequence[Registration]:
    """The versions under a code as somebody typed it, newest first.

    :raises NotFound: it is no code, was mistyped, or nothing is registered under it.
    """
    code = read_code(text)
    if code is None:
        raise NotFound(
            Message("This is no registration code: its length or its check digits do not fit."),
            remedy=Message("Compare it with the certificate: DR, two check digits, and twelve digits."),
        )
    rows = await repository.versions(session, code)
    if not rows:
        raise NotFound(
            Message("Nothing is registered under the code {code}.", code=code),
            remedy=Message("Compare it with the certificate."),
        )
    return rows


def content_of(resource: DataResource) -> dict[str, Any]:
    """The content of a resource as it is, in JSON."""
    return {name: getattr(resource, name) for name in CONTENT}


def close(row: RegistrationApplication) -> None:
    """Forget the times of what is decided."""
    row.due_at = row.notice_ends_at = row.notice_left_seconds = None


async def due_at(session: AsyncSession, rules: Rules, key: str, moment: datetime) -> datetime:
    """The end of as many working days as a parameter of the rulebook says."""
    zone = ZoneInfo(await repository.time_zone(session))
    return end_of_working_day(moment, rules.integer(key), zone)
