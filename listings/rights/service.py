"""Use cases of rights."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.retention import kept_until
from infra.stops import service as stops
from listings.resources import service as resources
from listings.rights import repository
from listings.rights.domain import Right, holding_right, require_term
from listings.rights.schemas import RightCreate
from listings.rights.tables import ResourceRight

SUBJECT = "right"


async def record(session: AsyncSession, actor: Actor, resource_id: UUID, data: RightCreate) -> ResourceRight:
    """Record a right of the actor's organisation to its own resource.

    :raises NotFound: the resource is not the actor's.
    :raises RightTermReversed: the right would end before it begins.
    """
    await resources.lock_own(session, actor, [resource_id])
    require_term(data.valid_from, data.valid_until)
    rules, moment = await rulebook.in_force(session), await now(session)
    row = ResourceRight(
        **data.model_dump(),
        resource_id=resource_id,
        holder_id=actor.organisation_id,
        recorded_at=moment,
        recorded_by=actor.id,
        evidence_kept_until=kept_until(rules, moment),
        rules=rules.stamp(),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="right.recorded",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail={
            "resource_id": str(resource_id),
            "kind": row.kind.value,
            "basis": row.basis.value,
            "evidence_sha256": row.evidence_sha256,
        },
        rules=rules,
    )
    return row


async def list_rights(
    session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
) -> tuple[Sequence[ResourceRight], str | None]:
    """One page of the rights to a resource the actor can access, newest first.

    :raises NotFound: there is no resource the actor can access.
    """
    await resources.access_resource(session, actor, resource_id)
    return await repository.list_of_resource(session, resource_id, page)


async def suspend(
    session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID, reason: str
) -> ResourceRight:
    """The owner or a regulator stops a right, and with its commit everything that rests on it.

    :raises NotFound: the resource has no such right, or the actor cannot access it.
    :raises Forbidden: the actor is neither.
    """
    row = await _to_suspend(session, actor, resource_id, right_id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await _publish_event(session, row, EventKind.RIGHT_SUSPENDED)
    return row


async def reinstate(
    session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID, reason: str
) -> ResourceRight:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the owner nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await _to_suspend(session, actor, resource_id, right_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    if not await stops.active(session, [row.id]):
        await _publish_event(session, row, EventKind.RIGHT_REINSTATED)
    return row


async def _to_suspend(
    session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID
) -> ResourceRight:
    await resources.access_to_suspend(session, actor, resource_id)
    row = await repository.get(session, right_id)
    if row is None or row.resource_id != resource_id:
        raise NotFound(
            Message("The resource has no such right."),
            remedy=Message("GET /v1/resources/{resource_id}/rights lists them.", resource_id=resource_id),
        )
    return row


async def _publish_event(session: AsyncSession, row: ResourceRight, kind: EventKind) -> None:
    resource = await resources.get_resource(session, row.resource_id)
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=await resources.list_those_who_see(session, resource),
        payload={"resource_id": str(row.resource_id), "kind": row.kind.value},
    )


async def find_holding_rights(
    session: AsyncSession, resource_ids: Collection[UUID], start: datetime, end: datetime
) -> dict[UUID, UUID]:
    """The right to hold that covers [start, end), by resource; one that is stopped carries nothing new.

    :raises RightMissing: a resource has none.
    """
    recorded = await repository.list_of_resources(session, resource_ids)
    stopped = await stops.reasons(session, [row.id for row in recorded])
    rows = [row for row in recorded if not stopped[row.id]]
    return {
        resource_id: holding_right(
            [
                Right(row.id, row.kind, row.valid_from, row.valid_until)
                for row in rows
                if row.resource_id == resource_id
            ],
            start,
            end,
        ).id
        for resource_id in resource_ids
    }
