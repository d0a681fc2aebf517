"""Members and invitations: joining, roles, leaving."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra.auth import Actor, Role
from infra.db import AsyncSession, now, transaction
from infra.errors import NotFound
from infra.identity import credentials, repository
from infra.identity.attempts import Origin
from infra.identity.errors import (
    CHOOSE_A_PASSWORD,
    AlreadyMember,
    InvitationNotOpen,
    LastAdministrator,
    WeakPassword,
)
from infra.identity.runtime import Identity
from infra.identity.tables import Invitation, Membership, Organisation, Person
from infra.messages import Message

# Roles of which an organisation that has a holder keeps one: without them nobody could let others in.
KEPT_ROLES = (Role.ORGANISATION_ADMIN, Role.PLATFORM_ADMIN)


async def invite(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    *,
    email: str,
    roles: Collection[Role],
    days: int,
) -> tuple[Invitation, str]:
    """Invite an address; answers the invitation and its token, which is kept nowhere.

    :param days: how long the invitation is open.
    :raises AlreadyMember: the address belongs to a member.
    """
    if await repository.is_member(session, organisation_id, email):
        raise AlreadyMember(
            Message("{email} belongs to the organisation already.", email=email),
            remedy=Message("Change the member's roles."),
        )
    token = credentials.new_token()
    moment = await now(session)
    row = Invitation(
        organisation_id=organisation_id,
        email=email,
        roles=_values(roles),
        token_digest=credentials.digest(token),
        invited_by=actor.id,
        created_at=moment,
        expires_at=moment + timedelta(days=days),
    )
    session.add(row)
    await session.flush()
    return row, token


def invitation_listing(organisation_id: UUID) -> SelectOfScalar[Invitation]:
    """What a list of an organisation's invitations pages through."""
    return repository.invitations_statement(organisation_id)


async def revoke_invitation(session: AsyncSession, organisation_id: UUID, invitation_id: UUID) -> Invitation:
    """Close an invitation before it is used; closing it twice changes nothing.

    :raises NotFound: the organisation has no such invitation.
    :raises AlreadyMember: it was used.
    """
    row = await repository.lock_invitation(session, organisation_id, invitation_id)
    if row is None:
        raise NotFound(Message("There is no such invitation."))
    if row.accepted_at is not None:
        raise AlreadyMember(
            Message("The invitation was accepted already."), remedy=Message("Remove the member instead.")
        )
    if row.revoked_at is None:
        row.revoked_at = await now(session)
        await session.flush()
    return row


async def accept(
    session: AsyncSession, identity: Identity, origin: Origin, *, token: str, name: str, password: str
) -> tuple[Membership, Person]:
    """Use an invitation: make an account for the address, with a password of its own, and its membership.

    Accounts that the address has elsewhere are neither looked at nor touched. So the answer tells nobody whether there
    is one, whoever holds a token takes none over, and none stands in the way.

    :raises InvitationNotOpen: the token is unknown, used, revoked or expired.
    :raises WeakPassword: the password is too easily guessed.
    :raises AlreadyMember: the address joined the organisation in the meantime.
    :raises SourceThrottled: too many tokens were guessed from the same network.
    """
    await identity.throttle.check_guess(origin)
    token_digest = credentials.digest(token)
    # Apart from the request's transaction, so that no connection is held while the processor hashes.
    async with transaction(identity.sessions) as look:
        invitation = await repository.open_invitation(look, token_digest, lock=False)
        organisation = await look.get(Organisation, invitation.organisation_id) if invitation else None
    if invitation is None or organisation is None:
        await identity.throttle.wrong_guess(origin)
        raise _not_open()
    weakness = await identity.passwords.weakness(
        password, invitation.email, name, organisation.name_zh, organisation.name_en
    )
    if weakness is not None:
        raise WeakPassword(weakness, remedy=CHOOSE_A_PASSWORD)
    password_hash = await identity.passwords.hash(password)
    # Several may have come this far, by this invitation or another one: the locks show who was first.
    await repository.lock_organisation(session, invitation.organisation_id)
    invitation = await repository.open_invitation(session, token_digest, lock=True)
    if invitation is None:
        raise _not_open()
    if await repository.is_member(session, invitation.organisation_id, invitation.email):
        raise AlreadyMember(
            Message("The address joined by another invitation a moment ago."), remedy=Message("Sign in.")
        )
    moment = await now(session)
    person = _new_person(invitation.email, name, password_hash, moment)
    session.add(person)
    await session.flush()
    membership = Membership(
        person_id=person.id,
        organisation_id=invitation.organisation_id,
        roles=list(invitation.roles),
        created_at=moment,
    )
    session.add(membership)
    invitation.accepted_at, invitation.accepted_by = moment, person.id
    await session.flush()
    return membership, person


async def members(
    session: AsyncSession, organisation_id: UUID, *, limit: int, after: UUID | None
) -> Sequence[tuple[Membership, Person]]:
    """Members with their persons, newest first."""
    return await repository.members(session, organisation_id, limit=limit, after=after)


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

    :raises LastAdministrator: nobody would be left to administer it.
    """
    await _keep_an_administrator(
        session, membership, without=[role for role in KEPT_ROLES if role not in roles]
    )
    membership.roles = _values(roles)
    await session.flush()


async def remove(session: AsyncSession, membership: Membership) -> None:
    """End a membership and its sessions. The organisation must be locked.

    :raises LastAdministrator: nobody would be left to administer it.
    """
    await _keep_an_administrator(session, membership, without=KEPT_ROLES)
    await repository.drop_membership(session, membership.id)


async def _keep_an_administrator(
    session: AsyncSession, membership: Membership, *, without: Collection[Role]
) -> None:
    for role in without:
        if await repository.holders(session, membership.organisation_id, role) == {membership.id}:
            raise LastAdministrator(
                Message("This member is the last one with the role {role}.", role=role.value),
                remedy=Message("Give the role to another member first."),
            )


def _new_person(email: str, name: str, password_hash: str, moment: datetime) -> Person:
    return Person(
        email=email, name=name, password_hash=password_hash, created_at=moment, password_changed_at=moment
    )


def _values(roles: Collection[Role]) -> list[str]:
    return sorted(role.value for role in roles)


def _not_open() -> InvitationNotOpen:
    return InvitationNotOpen(
        Message("The invitation token is unknown, used, revoked or expired."),
        remedy=Message("Ask for a new invitation."),
    )
