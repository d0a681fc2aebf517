"""Who stands behind an actor, so that what takes two persons is not done by one."""

from collections.abc import Iterable
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.identity import repository


async def same_person(session: AsyncSession, actor: Actor, others: Iterable[UUID | None]) -> bool:
    """Whether one of some actors is the same person as the caller; see :func:`accounts_of_caller`."""
    return bool(await accounts_of_caller(session, actor, others))


async def accounts_of_caller(
    session: AsyncSession, actor: Actor, others: Iterable[UUID | None]
) -> frozenset[UUID]:
    """Those among some actors who are the same person as the caller.

    One person may have several accounts: whoever shares the address counts as the same. A program stands for whoever
    made it.

    :param others: ids of people or programs; None and ids of nobody are left out.
    """
    theirs = {other for other in others if other is not None}
    behind = await repository.addresses_behind(session, {actor.id, *theirs})
    own = behind.get(actor.id, set())
    return frozenset(other for other in theirs if other == actor.id or own & behind.get(other, set()))


async def answering_for(session: AsyncSession, actor: Actor) -> UUID | None:
    """The person who answers for what the actor does: oneself, or who made the program; None for the service's own."""
    return actor.id if actor.kind == "person" else await repository.maker_of(session, actor.id)


async def belongs_to(session: AsyncSession, actor: Actor, organisation_ids: Iterable[UUID]) -> bool:
    """Whether the caller, or whoever made the program that calls, is a member of one of some organisations."""
    addresses = (await repository.addresses_behind(session, [actor.id])).get(actor.id, set())
    for organisation_id in sorted(set(organisation_ids)):
        for address in sorted(addresses):
            if await repository.is_member(session, organisation_id, address):
                return True
    return False
