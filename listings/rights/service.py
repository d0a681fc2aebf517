"""Use cases of rights: recorded, suspended, ended, and walked up to the source agency.

How they are granted is in :mod:`listings.rights.grants`, what weighs on them in :mod:`listings.rights.encumbrances`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.rulebook.retention import kept_until
from infra.stops import service as stops
from listings import decisions
from listings.resources import service as resources
from listings.resources.tables import DataResource
from listings.rights import freezing, repository
from listings.rights.domain import Right, RightKind, holding_right, require_term, title_chain
from listings.rights.errors import RightEncumbered, RightEnded, RightInUse
from listings.rights.schemas import RightCreate
from listings.rights.tables import ResourceRight, RightEncumbrance

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
    return await add(session, actor, row, rules)


async def add(session: AsyncSession, actor: Actor, row: ResourceRight, rules: Rules) -> ResourceRight:
    """Put a right on record that was recorded by its holder, or granted to it."""
    session.add(row)
    await session.flush()
    await _record(
        session,
        actor,
        row,
        "recorded",
        row.legal_basis,
        rules=rules,
        holder_id=str(row.holder_id),
        parent_id=str(row.parent_id) if row.parent_id else None,
        kind=row.kind.value,
        basis=row.basis.value,
        evidence_sha256=row.evidence_sha256,
    )
    return row


async def _record(
    session: AsyncSession,
    actor: Actor,
    row: ResourceRight,
    what: str,
    reason: str,
    *,
    rules: Rules | None = None,
    **detail: object,
) -> None:
    await decisions.record(
        session,
        actor,
        action=f"right.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        under="records.",
        reason=reason,
        rules=rules,
        resource_id=str(row.resource_id),
        **detail,
    )


async def list_rights(
    session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
) -> tuple[Sequence[ResourceRight], str | None]:
    """One page of the rights to a resource the actor can access, newest first.

    :raises NotFound: there is no resource the actor can access.
    """
    await resources.access_resource(session, actor, resource_id)
    return await repository.list_of_resource(session, resource_id, page)


async def access_right(session: AsyncSession, actor: Actor, right_id: UUID) -> ResourceRight:
    """A right to a resource the actor can access: the only way to one by its id.

    :raises NotFound: there is none the actor can access.
    """
    row = await repository.get(session, right_id)
    if row is None:
        raise _no_such_right()
    try:
        await resources.access_resource(session, actor, row.resource_id)
    except NotFound:
        raise _no_such_right() from None
    return row


def _no_such_right() -> NotFound:
    return NotFound(
        Message("There is no such right."),
        remedy=Message("GET /v1/resources/{resource_id}/rights lists those to a resource you can access."),
    )


async def find_right(session: AsyncSession, right_id: UUID) -> ResourceRight:
    """A right, for whoever knows its id: a claim on it is lodged by strangers too.

    :raises NotFound: there is none.
    """
    row = await repository.get(session, right_id)
    if row is None:
        raise _no_such_right()
    return row


async def get_title_chain(
    session: AsyncSession, actor: Actor, right_id: UUID
) -> tuple[DataResource, list[ResourceRight], Sequence[RightEncumbrance]]:
    """A right and those above it up to the source agency's, with what weighs on any of them.

    :return: the resource, the rights from the one asked for upwards, and their open encumbrances.
    :raises NotFound: there is no right the actor can access.
    """
    row = await access_right(session, actor, right_id)
    resource = await resources.get_resource(session, row.resource_id)
    chain = await chain_above(session, row)
    return resource, chain, await repository.open_encumbrances(session, [one.id for one in chain])


async def chain_above(session: AsyncSession, row: ResourceRight) -> list[ResourceRight]:
    """A right and those above it, from itself up to the source agency's."""
    rows = {one.id: one for one in await repository.list_of_resources(session, [row.resource_id])}
    chain = title_chain({one.id: one.parent_id for one in rows.values()}, row.id)
    return [rows[right_id] for right_id in chain]


async def suspend(
    session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID, reason: str
) -> ResourceRight:
    """The owner or a regulator stops a right, and with its commit everything that rests on it or hangs below it.

    :raises NotFound: the resource has no such right, or the actor cannot access it.
    :raises Forbidden: the actor is neither.
    """
    row = await _to_suspend(session, actor, resource_id, right_id)
    before = await freezing.lock(session, resource_id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await freezing.spread(session, actor, resource_id, reason, before)
    await _record(session, actor, row, "suspended", reason)
    return row


async def reinstate(
    session: AsyncSession, actor: Actor, resource_id: UUID, right_id: UUID, reason: str
) -> ResourceRight:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the owner nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it.
    """
    row = await _to_suspend(session, actor, resource_id, right_id)
    before = await freezing.lock(session, resource_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    await freezing.spread(session, actor, resource_id, reason, before)
    await _record(session, actor, row, "reinstated", reason)
    return row


async def revoke(session: AsyncSession, actor: Actor, right_id: UUID, reason: str) -> ResourceRight:
    """The grantor takes back a right, or its holder gives it up: it ends for good with all that hangs below it.

    :raises NotFound: there is no right the actor can access.
    :raises Forbidden: the actor is neither the holder nor the grantor.
    :raises RightEnded: it has ended already.
    :raises RightEncumbered: a pledge or a dispute keeps its holder from giving it up.
    """
    row = await access_right(session, actor, right_id)
    before = await freezing.lock(session, row.resource_id)
    chain = await chain_above(session, row)
    if actor.organisation_id not in {one.holder_id for one in chain[:2]}:
        raise Forbidden(
            Message("Only the holder of a right and whoever granted it can end it."),
            remedy=Message("A regulator suspends it; everybody else disputes it."),
        )
    await require_not_ended(session, [row])
    if weighing := await repository.open_encumbrances(session, [row.id]):
        raise encumbered(weighing[0])
    await end(session, actor, row, reason, before)
    return row


async def end(
    session: AsyncSession, actor: Actor, row: ResourceRight, reason: str, before: Collection[UUID]
) -> None:
    """End a right for good, and with it all that hangs below it.

    :param before: from :func:`listings.rights.freezing.lock`.
    """
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason, final=True)
    await freezing.spread(session, actor, row.resource_id, reason, before, ended=row.id)
    await _record(session, actor, row, "ended", reason)


async def require_not_ended(
    session: AsyncSession,
    rows: Sequence[ResourceRight],
    remedy: Message = Message("Have it granted or recorded anew."),  # noqa: B008 -- immutable
) -> None:
    """Refuse to decide about a right that has ended, or of which one above it has.

    :param rows: the right, and those above it as far as they matter.
    :raises RightEnded: one has.
    """
    ended = next((stop for stop in await stops.active(session, [row.id for row in rows]) if stop.final), None)
    if ended is not None:
        raise RightEnded(Message("The right has ended: {reason}", reason=ended.reason), remedy=remedy)


async def require_free(session: AsyncSession, chain: Sequence[ResourceRight]) -> None:
    """Refuse to grant or transfer a right while anything stops or encumbers it or a right above it.

    :param chain: from the right up to the source agency's.
    :raises RightEncumbered: something does.
    """
    if stopped := await stops.active(session, [row.id for row in chain]):
        raise RightEncumbered(
            Message(
                "The right, or one that it was granted from, is stopped: {reason}", reason=stopped[0].reason
            ),
            remedy=Message("Try again when the stop has been lifted."),
        )
    recorded = await repository.list_of_resources(session, [chain[0].resource_id])
    for one in await repository.open_encumbrances(session, _same_titles(recorded, chain)):
        if one.effective_at is not None:
            raise encumbered(one)


def _same_titles(recorded: Iterable[ResourceRight], chain: Sequence[ResourceRight]) -> set[UUID]:
    """The rights of a chain, and whatever else their holders have on record of the same kind.

    What weighs on a right weighs on it however often its holder recorded it: a second record is no way around a pledge.

    :param recorded: every right to the resource.
    """
    titles = {(row.holder_id, row.kind) for row in chain}
    return {row.id for row in recorded if (row.holder_id, row.kind) in titles}


def encumbered(one: RightEncumbrance) -> RightEncumbered:
    """That something weighs on the right."""
    return RightEncumbered(
        Message("The right, or one that it was granted from, is encumbered by a {kind}.", kind=one.kind),
        remedy=Message(
            "Try again when it has ended; GET /v1/rights/{right_id}/chain-of-title shows what weighs on it.",
            right_id=one.right_id,
        ),
        encumbrance_id=str(one.id),
    )


async def require_unused(session: AsyncSession, row: ResourceRight) -> None:
    """Refuse to pass on a right from which live rights were granted.

    :raises RightInUse: some were.
    """
    granted = [
        one
        for one in await repository.list_of_resources(session, [row.resource_id])
        if one.parent_id == row.id
    ]
    ended = {
        stop.subject_id for stop in await stops.active(session, [one.id for one in granted]) if stop.final
    }
    if live := [one for one in granted if one.id not in ended]:
        raise RightInUse(
            Message("{count} rights were granted from this one.", count=len(live)),
            remedy=Message(
                "Revoke them first with POST /v1/rights/{right_id}/revocation, then transfer the right."
            ),
        )


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


async def find_holding_rights(
    session: AsyncSession, resource_ids: Collection[UUID], start: datetime, end: datetime
) -> dict[UUID, UUID]:
    """The owner's right to hold that covers [start, end), by resource.

    One that is stopped or encumbered carries nothing new. What changes the rights waits until the transaction ends.

    :raises RightMissing: a resource has none.
    :raises RightEncumbered: what it has is encumbered.
    :raises RightNotGrantable: its owner holds it without the right to grant it on.
    """
    for resource_id in sorted(resource_ids):
        await repository.lock_tree(session, resource_id)
    recorded = {row.id: row for row in await repository.list_of_resources(session, resource_ids)}
    parents = {row.id: row.parent_id for row in recorded.values()}
    placed = await stops.active(session, recorded)
    stopped, ended = {stop.subject_id for stop in placed}, {stop.subject_id for stop in placed if stop.final}
    weighing = [
        one for one in await repository.open_encumbrances(session, recorded) if one.effective_at is not None
    ]
    found = {}
    for resource_id in sorted(resource_ids):
        owner_id = (await resources.get_resource(session, resource_id)).owner_id
        here = [row for row in recorded.values() if row.resource_id == resource_id]
        free, burdens = [], []
        for row in here:
            if row.holder_id != owner_id or row.kind is not RightKind.HOLD or row.id in ended:
                continue
            titles = _same_titles(here, [recorded[right_id] for right_id in title_chain(parents, row.id)])
            on_it = [one for one in weighing if one.right_id in titles]
            burdens += on_it
            free += [] if on_it or row.id in stopped else [as_right(row)]
        if burdens and not free:
            raise encumbered(burdens[0])
        found[resource_id] = holding_right(free, start, end).id
    return found


async def require_carrying(session: AsyncSession, held: Mapping[UUID, UUID]) -> None:
    """Refuse to go on with what rests on rights that are stopped or encumbered by now.

    What changes the rights waits until the transaction ends.

    :param held: the right that is rested on, by resource.
    :raises RightEncumbered: one is.
    :raises RightEnded: one has ended.
    """
    for resource_id in sorted(held):
        await repository.lock_tree(session, resource_id)
    recorded = {row.id: row for row in await repository.list_of_resources(session, held)}
    parents = {row.id: row.parent_id for row in recorded.values()}
    for resource_id in sorted(held):
        chain = [recorded[right_id] for right_id in title_chain(parents, held[resource_id])]
        await require_not_ended(
            session, chain, Message("Decline what rests on it, and propose that anew on a right in force.")
        )
        await require_free(session, chain)


def as_right(row: ResourceRight) -> Right:
    """A right as far as terms and grants are concerned."""
    return Right(row.id, row.kind, row.valid_from, row.valid_until, row.may_grant)
