"""Invitations: who is let in, how the token reaches the address, and its acceptance.

A token is made when it is delivered, kept as a digest only, and goes to the invited address: by mail, or by the hands
of an officer who is named in the invitation. Inviting somebody shows it to nobody.
"""

from collections.abc import Collection
from datetime import timedelta
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
    InvitationClosed,
    InvitationNotOpen,
    WeakPassword,
)
from infra.identity.members import ADMINISTRATOR_ROLES
from infra.identity.runtime import Identity
from infra.identity.states import InvitationDelivery
from infra.identity.tables import Invitation, Membership, Organisation, Person
from infra.messages import Message


async def invite(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    *,
    email: str,
    roles: Collection[Role],
    days: int,
) -> Invitation:
    """Invite an address. Nobody can accept before the token is delivered, and inviting keeps the address from nobody.

    :param days: how long the invitation is open.
    :raises AlreadyMember: the address belongs to a member.
    """
    if await repository.is_member(session, organisation_id, email):
        raise AlreadyMember(
            Message("{email} belongs to the organisation already.", email=email),
            remedy=Message("Change the member's roles."),
        )
    moment = await now(session)
    row = Invitation(
        organisation_id=organisation_id,
        email=email,
        roles=sorted(role.value for role in roles),
        delivery=InvitationDelivery.PENDING,
        invited_by=actor.id,
        invited_by_organisation=actor.organisation_id,
        created_at=moment,
        expires_at=moment + timedelta(days=days),
    )
    session.add(row)
    await session.flush()
    return row


def listing(organisation_id: UUID) -> SelectOfScalar[Invitation]:
    """What a list of an organisation's invitations pages through."""
    return repository.invitations_statement(organisation_id)


async def who_let_in(session: AsyncSession, organisation_id: UUID) -> frozenset[UUID]:
    """Who invited somebody to an organisation, or took a token to hand it over."""
    return await repository.who_let_in(session, organisation_id)


async def organisation_of(session: AsyncSession, invitation_id: UUID) -> UUID | None:
    """For which organisation an invitation is; None when there is no such invitation."""
    row = await session.get(Invitation, invitation_id)
    return None if row is None else row.organisation_id


async def lock(session: AsyncSession, organisation_id: UUID, invitation_id: UUID) -> Invitation:
    """One invitation, which nobody else changes until the transaction ends.

    :raises NotFound: the organisation has no such invitation.
    """
    row = await repository.lock_invitation(session, organisation_id, invitation_id)
    if row is None:
        raise NotFound(Message("There is no such invitation."))
    return row


async def is_open(session: AsyncSession, row: Invitation) -> bool:
    """Whether the invitation can still be accepted, or will be once its token is delivered."""
    return row.accepted_at is None and row.revoked_at is None and row.expires_at > await now(session)


async def require_open(session: AsyncSession, row: Invitation) -> None:
    """Pass an invitation that is open.

    :raises InvitationClosed: it was accepted or revoked, or has expired.
    """
    if not await is_open(session, row):
        raise InvitationClosed(
            Message("The invitation was accepted or revoked, or has expired."),
            remedy=Message("Invite the address again."),
        )


async def issue_token(session: AsyncSession, row: Invitation) -> str:
    """A fresh token for a locked invitation; any one before it opens nothing any more.

    :return: the token, which is kept nowhere.
    """
    token = credentials.new_token()
    row.token_digest, row.delivery = credentials.digest(token), InvitationDelivery.PENDING
    await session.flush()
    return token


async def note_mailed(session: AsyncSession, row: Invitation) -> None:
    """Note that the mail server took the token of a locked invitation."""
    row.delivery, row.delivered_at = InvitationDelivery.MAILED, await now(session)
    await session.flush()


async def note_undeliverable(session: AsyncSession, row: Invitation) -> None:
    """Note that the mail server refused the address of a locked invitation."""
    row.delivery = InvitationDelivery.UNDELIVERABLE
    await session.flush()


async def note_handed_over(session: AsyncSession, row: Invitation, actor: Actor) -> None:
    """Note who took the token of a locked invitation to hand it over."""
    row.delivery, row.delivered_at = InvitationDelivery.HANDED_OVER, await now(session)
    row.handed_over_by, row.handed_over_by_organisation = actor.id, actor.organisation_id
    await session.flush()


async def revoke(session: AsyncSession, row: Invitation) -> None:
    """Close a locked invitation before it is used; closing it twice changes nothing.

    :raises AlreadyMember: it was used.
    """
    if row.accepted_at is not None:
        raise AlreadyMember(
            Message("The invitation was accepted already."), remedy=Message("Remove the member instead.")
        )
    if row.revoked_at is None:
        row.revoked_at = await now(session)
        await session.flush()


async def accept(
    session: AsyncSession, identity: Identity, origin: Origin, *, token: str, name: str, password: str
) -> tuple[Membership, Person]:
    """Use an invitation: make an account for the address, with a password of its own, and its membership.

    Accounts that the address has elsewhere are neither looked at nor touched. So the answer tells nobody whether there
    is one, whoever holds a token takes none over, and none stands in the way. With the first administrator of its own,
    whatever others opened for the organisation is closed.

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
    membership, person = await _join(session, invitation, name, password_hash)
    if set(invitation.roles) & set(ADMINISTRATOR_ROLES):
        await repository.revoke_foreign_invitations(session, invitation.organisation_id)
    return membership, person


async def _join(
    session: AsyncSession, invitation: Invitation, name: str, password_hash: str
) -> tuple[Membership, Person]:
    moment = await now(session)
    person = Person(
        email=invitation.email,
        name=name,
        password_hash=password_hash,
        created_at=moment,
        password_changed_at=moment,
        # Tokens leave by mail or by hand; one that was mailed may come back before that is noted.
        email_proved_at=None if invitation.delivery is InvitationDelivery.HANDED_OVER else moment,
    )
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


def _not_open() -> InvitationNotOpen:
    return InvitationNotOpen(
        Message("The invitation token is unknown, used, revoked or expired."),
        remedy=Message("If you have accepted it already, sign in; otherwise ask for a new invitation."),
    )
