"""What every command of a registration leaves behind: its step, its decision in the audit log, and an event."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import persons
from infra.rulebook.domain import Rules
from listings import decisions
from listings.registrations.domain import RefusalGround, content_digest
from listings.registrations.states import ApplicationAction
from listings.registrations.tables import RegistrationApplication, RegistrationStep
from listings.resources import service as resources

SUBJECT = "registration_application"


async def record(
    session: AsyncSession,
    actor: Actor,
    row: RegistrationApplication,
    action: ApplicationAction | None,
    *,
    reason: str | None,
    rules: Rules,
    ground: RefusalGround | None = None,
    with_content: bool = False,
    detail: Mapping[str, object] | None = None,
) -> RegistrationStep:
    """Keep one step for good: who answers for it, under which rules, and why.

    :param action: None for the application itself.
    :param with_content: keep the content as it is now with the step.
    :param detail: what else the audit log says of it.
    """
    responsible = await persons.answering_for(session, actor)
    digest = content_digest(row.content)
    step = RegistrationStep(
        application_id=row.id,
        action=action,
        status=row.status,
        actor_kind=actor.kind,
        actor_id=actor.id,
        organisation_id=actor.organisation_id,
        responsible_id=responsible,
        taken_at=await now(session),
        reason=reason,
        ground=ground,
        content=dict(row.content) if with_content else None,
        content_sha256=digest,
        rules=rules.stamp(),
    )
    session.add(step)
    await session.flush()
    await decisions.record(
        session,
        actor,
        action=f"registration.{_PAST[action]}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under="registration.",
        reason=reason,
        rules=rules,
        resource_id=str(row.resource_id),
        kind=row.kind.value,
        status=row.status.value,
        attempt=row.attempt,
        content_sha256=digest,
        ground=ground.value if ground else None,
        **(detail or {}),
    )
    return step


async def publish(
    session: AsyncSession,
    kind: EventKind,
    resource_id: UUID,
    payload: Mapping[str, Any],
) -> None:
    """Tell those who see the resource of something about its registration."""
    resource = await resources.get_resource(session, resource_id)
    await events.publish(
        session,
        kind,
        subject_id=resource_id,
        organisations=await resources.list_those_who_see(session, resource),
        payload={"title_zh": resource.title_zh, "title_en": resource.title_en} | dict(payload),
    )


async def publish_step(
    session: AsyncSession, kind: EventKind, row: RegistrationApplication, *, also: tuple[UUID, ...] = ()
) -> None:
    """Tell the owner of a step of its application."""
    await events.publish(
        session,
        kind,
        subject_id=row.resource_id,
        organisations=[row.owner_id, *also],
        payload={"application_id": str(row.id), "kind": row.kind.value, "status": row.status.value},
    )


_PAST = {
    None: "applied",
    ApplicationAction.ACCEPT: "accepted",
    ApplicationAction.ANNOUNCE: "approved",
    ApplicationAction.CONTEST: "contested",
    ApplicationAction.RESUME: "resumed",
    ApplicationAction.RETURN: "returned",
    ApplicationAction.REFUSE: "refused",
    ApplicationAction.RESUBMIT: "resubmitted",
    ApplicationAction.WITHDRAW: "withdrawn",
    ApplicationAction.COMPLETE: "completed",
}
