"""Use cases of rights."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.paging import PageRequest
from listings.resources import service as resources
from listings.rights import repository
from listings.rights.domain import Right, holding_right, require_term
from listings.rights.schemas import RightCreate
from listings.rights.tables import ResourceRight


async def record(session: AsyncSession, actor: Actor, resource_id: UUID, data: RightCreate) -> ResourceRight:
    """Record a right of the actor's organisation to its own resource.

    :raises NotFound: the resource is not the actor's.
    :raises RightTermReversed: the right would end before it begins.
    """
    await resources.lock_own(session, actor, [resource_id])
    require_term(data.valid_from, data.valid_until)
    row = ResourceRight(
        **data.model_dump(),
        resource_id=resource_id,
        holder_id=actor.organisation_id,
        recorded_at=await now(session),
        recorded_by=actor.id,
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="right.recorded",
        subject_kind="right",
        subject_id=row.id,
        detail={
            "resource_id": str(resource_id),
            "kind": row.kind.value,
            "basis": row.basis.value,
            "evidence_sha256": row.evidence_sha256,
        },
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


async def find_holding_rights(
    session: AsyncSession, resource_ids: Collection[UUID], start: datetime, end: datetime
) -> dict[UUID, UUID]:
    """The right to hold that covers [start, end), by resource.

    :raises RightMissing: a resource has none.
    """
    rows = await repository.list_of_resources(session, resource_ids)
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
