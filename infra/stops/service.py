"""Place, lift and look up stops."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.identity import service as identity
from infra.messages import Message
from infra.stops import repository
from infra.stops.errors import NotStopped
from infra.stops.tables import Stop


async def place(
    session: AsyncSession,
    actor: Actor,
    *,
    subject_kind: str,
    subject_id: UUID,
    reason: str,
    final: bool = False,
    begins_at: datetime | None = None,
) -> Stop:
    """Stop a thing and all that hangs below it, from the commit of this transaction on, or from a later instant.

    :param final: the thing has ended for good, so that nobody can lift the stop, not even who places it.
    :param begins_at: an instant to come from which on it counts, exactly and without a job; not for a final one.
    """
    await repository.lock(session, subject_id)
    moment = await now(session)
    stop = Stop(
        subject_kind=subject_kind,
        subject_id=subject_id,
        reason=reason,
        final=final,
        placed_by=actor.id,
        placed_by_organisation=actor.organisation_id,
        placed_at=moment,
        begins_at=max(begins_at or moment, moment),
    )
    session.add(stop)
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"{subject_kind}.stopped",
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail={
            "stop_id": str(stop.id),
            "reason": reason,
            "final": final,
            "begins_at": stop.begins_at.isoformat(),
        },
    )
    return stop


async def lift(
    session: AsyncSession,
    actor: Actor,
    *,
    subject_kind: str,
    subject_id: UUID,
    reason: str,
    also_placed_by: Collection[UUID] = (),
) -> list[Stop]:
    """Lift the stops that the actor's own organisation placed on the thing, those to come too.

    Others' stops stay, and so does an end, and so do stops of another kind on the same thing.

    :param also_placed_by: organisations that the actor's is above, whose stops it lifts too.
    :raises NotStopped: there is no active stop on it that the actor lifts.
    """
    await repository.lock(session, subject_id)
    placers = {actor.organisation_id, *also_placed_by}
    stops = [
        stop
        for stop in await repository.liftable(session, subject_kind, subject_id)
        if stop.placed_by_organisation in placers
    ]
    if not stops:
        raise await _not_stopped(session, subject_kind, subject_id)
    moment = await now(session)
    for stop in stops:
        stop.lifted_at, stop.lifted_by, stop.lift_reason = moment, actor.id, reason
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"{subject_kind}.stop_lifted",
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail={"stop_ids": [str(stop.id) for stop in stops], "reason": reason},
    )
    return stops


async def _not_stopped(session: AsyncSession, subject_kind: str, subject_id: UUID) -> NotStopped:
    """Why the caller lifts no stop, and who does."""
    stops = await repository.active(session, [subject_id])
    if not stops:
        return NotStopped(
            Message("It is not suspended."),
            remedy=Message("Nothing is left to do: whoever suspended it has lifted that already."),
        )
    final = next((stop for stop in stops if stop.final), None)
    if final is not None:
        return NotStopped(
            Message("It has ended for good: {reason}", reason=final.reason),
            remedy=Message("Nobody lifts an end. What is still wanted is concluded or recorded anew."),
        )
    placed = [stop for stop in stops if stop.subject_kind == subject_kind]
    if not placed:
        return NotStopped(
            Message("It is not suspended, but stopped: {reason}", reason=stops[0].reason),
            remedy=Message(
                "Settle what the reason says: this stop ends with its cause, and by nobody's hand."
            ),
        )
    placer = placed[0].placed_by_organisation
    name = (await identity.party_names(session, [placer])).get(placer)
    who = " / ".join(filter(None, (name.zh, name.en))) if name else Message("The service")
    return NotStopped(
        Message("{who} has suspended it: {reason}", who=who, reason=placed[0].reason),
        remedy=Message("Ask {who}: a suspension is lifted by the organisation that placed it.", who=who),
    )


async def active(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Active stops on any of the things, oldest first."""
    return await repository.active(session, subject_ids)


async def standing(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Stops on any of the things that were not lifted, those to come too, in the order in which they begin."""
    return await repository.standing(session, subject_ids)


async def reasons(session: AsyncSession, subject_ids: Collection[UUID]) -> Mapping[UUID, list[str]]:
    """Why each of the things is stopped: reasons of the active stops on it itself, oldest first."""
    found: dict[UUID, list[str]] = {subject_id: [] for subject_id in subject_ids}
    for stop in await repository.active(session, subject_ids):
        found[stop.subject_id].append(stop.reason)
    return found


async def history(session: AsyncSession, subject_ids: Iterable[UUID]) -> Sequence[Stop]:
    """Every stop there ever was on any of the things, those to come too, oldest first."""
    return await repository.history(session, subject_ids)


def any_active(*subject_ids: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """A condition for statements of other slices: one of the things in these columns has an active stop."""
    return repository.any_active(*subject_ids)


def has_begun() -> sa.ColumnElement[bool]:
    """A condition on rows of stops for statements of other slices: their instant has come."""
    return repository.has_begun()
