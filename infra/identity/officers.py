"""Decisions that take two people: who counts as a person, and as another one."""

from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.identity import members
from infra.identity.errors import AnotherOfficer
from infra.messages import Message


def require_person(actor: Actor, *, remedy: Message) -> None:
    """Check that somebody decides who signed in, not a program: one person may hold several of those.

    :param remedy: what to do where it is a program.
    :raises AnotherOfficer: the actor is a program.
    """
    if actor.kind != "person":
        raise AnotherOfficer(Message("This is decided by persons, not by programs."), remedy=remedy)


async def require_another_person(
    session: AsyncSession, actor: Actor, *others: UUID, detail: Message, remedy: Message
) -> None:
    """Check that a person acts who is none of the others.

    One person may have several accounts: whoever shares an address counts as the same.

    :param others: accounts of those who took part before.
    :param detail: which two people the decision takes.
    :param remedy: what to do where it is the same person, or a program.
    :raises AnotherOfficer: the actor is a program, or one of the others.
    """
    require_person(actor, remedy=remedy)
    own = await members.address(session, actor.id)
    if actor.id in others or (
        own is not None and own in [await members.address(session, other) for other in others]
    ):
        raise AnotherOfficer(detail, remedy=remedy)
