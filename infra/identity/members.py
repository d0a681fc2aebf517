"""Members: roles, leaving."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from infra.auth import Role
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import credential_repository, credentials, factor_repository, repository
from infra.identity.errors import LastAdministrator
from infra.identity.tables import Membership, Person
from infra.messages import Message

# Roles of which an organisation that has a holder keeps one: without them nobody could let others in.
ADMINISTRATOR_ROLES = (Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN)


async def members(
    session: AsyncSession, organisation_id: UUID, *, limit: int, after: UUID | None
) -> Sequence[tuple[Membership, Person]]:
    """Members with their persons, newest first."""
    return await repository.members(session, organisation_id, limit=limit, after=after)


async def has_administrator(session: AsyncSession, organisation_id: UUID) -> bool:
    """Whether somebody of its own administers the organisation."""
    for role in ADMINISTRATOR_ROLES:
        if await repository.holders(session, organisation_id, role):
            return True
    return False


async def member_by_email(session: AsyncSession, organisation_id: UUID, email: str) -> Membership | None:
    """The membership of an address in an organisation."""
    return await repository.membership_by_email(session, organisation_id, email)


async def address(session: AsyncSession, person_id: UUID) -> str | None:
    """The address of an account."""
    person = await repository.person(session, person_id)
    return None if person is None else person.email


async def person_names(session: AsyncSession, person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What several people are called, by id; ids of nobody are left out."""
    return await repository.person_names(session, set(person_ids))


async def addresses(session: AsyncSession, organisation_id: UUID, *, limit: int) -> Sequence[str]:
    """Addresses of an organisation's members, the administrators' first, up to ``limit``."""
    return await repository.addresses(session, organisation_id, ADMINISTRATOR_ROLES, limit)


async def member(session: AsyncSession, organisation_id: UUID, person_id: UUID) -> tuple[Membership, Person]:
    """One member.

    :raises NotFound: the person does not belong to the organisation.
    """
    membership = await repository.membership(session, organisation_id, person_id)
    person = await repository.person(session, person_id)
    if membership is None or person is None:
        raise NotFound(Message("The organisation has no such member."))
    return membership, person


async def set_roles(session: AsyncSession, membership: Membership, roles: Collection[Role]) -> None:
    """Give a member other roles. The organisation must be locked.

    With an administrator of its own, whatever others opened for the organisation is closed.

    :raises LastAdministrator: nobody would be left to administer it.
    """
    await _keep_an_administrator(
        session, membership, without=[role for role in ADMINISTRATOR_ROLES if role not in roles]
    )
    membership.roles = sorted(role.value for role in roles)
    await session.flush()
    if set(roles) & set(ADMINISTRATOR_ROLES):
        await repository.revoke_foreign_invitations(session, membership.organisation_id)


async def remove(session: AsyncSession, membership: Membership) -> None:
    """End a membership and its sessions. The organisation must be locked.

    :raises LastAdministrator: nobody would be left to administer it.
    """
    await _keep_an_administrator(session, membership, without=ADMINISTRATOR_ROLES)
    await repository.drop_membership(session, membership.id)


async def give_password(
    session: AsyncSession, organisation_id: UUID, email: str, *, name: str
) -> tuple[Membership, str]:
    """A generated password for the account that an address has in a locked organisation, or for a new one.

    The sessions and licence tokens of an account that is there end.

    :param email: in lower case.
    :param name: of the person, should the account be new; it has no role then.
    :return: the membership, and the password, which is kept nowhere.
    """
    password, moment = credentials.new_token()[:24], await now(session)
    password_hash = credentials.hash_password(password)
    found = await repository.membership_by_email(session, organisation_id, email)
    if found is not None:
        _, person = await member(session, organisation_id, found.person_id)
        person.password_hash, person.password_changed_at = password_hash, moment
        await credential_repository.drop_sessions_of(session, person.id, keep=0)
        await factor_repository.drop_reset(session, person.id)
        return found, password
    person = Person(
        email=email,
        name=name,
        password_hash=password_hash,
        created_at=moment,
        password_changed_at=moment,
    )
    session.add(person)
    await session.flush()
    membership = Membership(person_id=person.id, organisation_id=organisation_id, roles=[], created_at=moment)
    session.add(membership)
    return membership, password


async def _keep_an_administrator(
    session: AsyncSession, membership: Membership, *, without: Collection[Role]
) -> None:
    for role in without:
        if await repository.holders(session, membership.organisation_id, role) == {membership.id}:
            raise LastAdministrator(
                Message("This member is the last one with the role {role}.", role=role.value),
                remedy=Message("Give the role to another member first."),
            )
