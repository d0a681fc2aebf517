"""What is stopped with a right: the right itself, and every right that hangs below it.

Each stopped right has stops of its own, so that whatever rests on it feels them without knowing what it hangs on. The
stops of `BY_ENCUMBRANCE` and `FROM_ABOVE` are kept here, and lifted by no organisation.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.stops import service as stops
from infra.stops.tables import Stop
from listings.resources import service as resources
from listings.rights import repository
from listings.rights.domain import below
from listings.rights.states import EncumbranceStatus
from listings.rights.tables import ResourceRight, RightEncumbrance

SUSPENSION = "right"
BY_ENCUMBRANCE = "right_encumbrance"
FROM_ABOVE = "right_above"


async def spread(
    session: AsyncSession,
    actor: Actor,
    resource_id: UUID,
    reason: str,
    before: Collection[UUID],
    *,
    ended: UUID | None = None,
) -> None:
    """Bring the stops on a resource's rights in line with what was decided about one of them.

    :param reason: of the decision; the reason of every stop that is placed or lifted for it.
    :param before: the rights that were stopped before it: from :func:`lock`.
    :param ended: the right that it ended for good, whose event says so.
    """
    rows = await repository.list_of_resources(session, [resource_id])
    weighing = await repository.open_encumbrances(session, [row.id for row in rows])
    encumbered = {one.right_id for one in weighing if _stops(one)}
    kept = await _active(session, rows)
    await _keep(session, actor, BY_ENCUMBRANCE, encumbered, kept, reason)
    own = encumbered | {right_id for right_id, kind in kept if kind == SUSPENSION}
    parents = {row.id: row.parent_id for row in rows}
    above = below(parents, own)
    await _keep(session, actor, FROM_ABOVE, above, kept, reason)
    after = own | above
    for row in rows:
        if row.id in after and row.id not in before:
            kind = EventKind.RIGHT_ENDED if row.id == ended else EventKind.RIGHT_SUSPENDED
            await _publish_event(session, row, kind)
        elif row.id == ended:
            await _publish_event(session, row, EventKind.RIGHT_ENDED)
        elif row.id in before and row.id not in after:
            await _publish_event(session, row, EventKind.RIGHT_REINSTATED)


async def lock(session: AsyncSession, resource_id: UUID) -> set[UUID]:
    """Keep the rights to a resource, and what weighs on them, as they are until the transaction ends.

    :return: the rights that are stopped.
    """
    await repository.lock_tree(session, resource_id)
    rows = await repository.list_of_resources(session, [resource_id])
    return {right_id for right_id, _ in await _active(session, rows)}


def _stops(one: RightEncumbrance) -> bool:
    return one.status is EncumbranceStatus.IN_FORCE and one.stops_use


async def _active(
    session: AsyncSession, rows: Sequence[ResourceRight]
) -> Mapping[tuple[UUID, str], list[Stop]]:
    """The active stops by right and kind."""
    found: dict[tuple[UUID, str], list[Stop]] = {}
    for stop in await stops.active(session, [row.id for row in rows]):
        found.setdefault((stop.subject_id, stop.subject_kind), []).append(stop)
    return found


async def _keep(
    session: AsyncSession,
    actor: Actor,
    kind: str,
    wanted: Collection[UUID],
    active: Mapping[tuple[UUID, str], list[Stop]],
    reason: str,
) -> None:
    there = {right_id for right_id, placed in active if placed == kind}
    for right_id in sorted(set(wanted) - there):
        await stops.place(session, actor, subject_kind=kind, subject_id=right_id, reason=reason)
    for right_id in sorted(there - set(wanted)):
        placers = {stop.placed_by_organisation for stop in active[right_id, kind]}
        await stops.lift(
            session, actor, subject_kind=kind, subject_id=right_id, reason=reason, also_placed_by=placers
        )


async def _publish_event(session: AsyncSession, row: ResourceRight, kind: EventKind) -> None:
    resource = await resources.get_resource(session, row.resource_id)
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=dict.fromkeys([*await resources.list_those_who_see(session, resource), row.holder_id]),
        payload={"resource_id": str(row.resource_id), "kind": row.kind.value},
    )
