"""Who stands behind an actor, so that what takes two persons is not done by one."""

from collections.abc import Iterable
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.identity import repository
from infra.identity.errors import SamePerson
from infra.messages import Message


async def same_person(session: AsyncSession, actor: Actor, others: Iterable[UUID | None]) -> bool:
    """Whether one of some actors is the same person as the caller.

    One person may have several accounts: whoever shares the address counts as the same. A program stands for whoever
    made it.

    :param others: ids of people or programs; None and ids of nobody are left out.
    """
    theirs = {other for other in others if other is not None}
    if actor.id in theirs:
        return True
    behind = await repository.addresses_behind(session, {actor.id, *theirs})
    own = behind.pop(actor.id, set())
    return any(own & addresses for addresses in behind.values())


async def require_another_person(
    session: AsyncSession,
    actor: Actor,
    others: Iterable[UUID | None],
    detail: Message,
    remedy: Message | None = None,
) -> None:
    """Pass a caller who is another person than all of some actors; see :func:`same_person`.

    :param detail: which two persons it takes.
    :raises SamePerson: the caller is one of them.
    """
    if await same_person(session, actor, others):
        raise SamePerson(detail, remedy=remedy or Message("Ask a colleague who had no part in it."))
