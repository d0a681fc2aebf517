"""Decisions and contracts that take two people: who counts as a person, and as another one."""

from collections.abc import Iterable
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.identity import persons
from infra.identity.errors import AnotherOfficer, BothSides
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
    """Check that a person acts who is none of the others; see :mod:`infra.identity.persons` for who is the same.

    :param others: accounts, or programs, of those who took part before.
    :param detail: which two people the decision takes.
    :param remedy: what to do where it is the same person, or a program.
    :raises AnotherOfficer: the actor is a program, or one of the others.
    """
    require_person(actor, remedy=remedy)
    if await persons.same_person(session, actor, others):
        raise AnotherOfficer(detail, remedy=remedy)


async def require_no_member(
    session: AsyncSession, actor: Actor, organisation_ids: Iterable[UUID], detail: Message
) -> None:
    """Check that the caller belongs to none of some organisations, under no account.

    :param detail: what is decided by somebody from elsewhere.
    :raises AnotherOfficer: the caller, or whoever made the program that calls, belongs to one of them.
    """
    if await persons.belongs_to(session, actor, organisation_ids):
        raise AnotherOfficer(detail, remedy=Message("Ask a colleague who had no part in it."))


async def require_other_side(session: AsyncSession, actor: Actor, *others: UUID) -> None:
    """Check that the caller is none of those who acted for the other side of a contract, under no account.

    :param others: accounts, or programs, that acted for the other side.
    :raises BothSides: one of them is the same person.
    """
    if await persons.same_person(session, actor, others):
        raise BothSides(
            Message("You have acted for the other side already, perhaps under another account."),
            remedy=Message(
                "Let a colleague act for your organisation. Where there is none, invite one:"
                " POST /v1/organisations/{organisation_id}/invitations.",
                organisation_id=actor.organisation_id,
            ),
        )
