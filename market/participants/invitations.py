"""Use cases of invitations: who invites, how the token reaches the invited address, joining."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, Role
from infra.db import AsyncSession, now
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import invitations, members
from infra.identity import service as organisations
from infra.identity.attempts import Origin
from infra.identity.runtime import Identity
from infra.identity.tables import Invitation, Membership, Organisation, Person
from infra.mail import service as mail
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.settings import Settings
from market.participants import domain
from market.participants.errors import FirstAdministrator, MailedNotHanded, NotMailed
from market.participants.mails import INVITATION, SEND_JOB
from market.participants.roles import check_roles
from market.participants.schemas import InvitationAccept
from market.participants.service import SUBJECT, access_to_administer, must_manage


async def invite(
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    organisation_id: UUID,
    *,
    email: str,
    roles: Collection[Role],
) -> Invitation:
    """Invite somebody; with a mail server the token is mailed to the address, else it waits to be handed over.

    :raises AdministersItself: the organisation has its own administrator, and the actor is another's.
    :raises FirstAdministrator: whom the platform invites first is to administer the organisation.
    :raises RoleNotForKind, PlatformRoleProtected: the roles cannot be given.
    :raises AlreadyMember: the address belongs to a member.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    check_roles(actor, organisation, (), roles)
    if actor.organisation_id != organisation_id and not set(roles) & set(members.ADMINISTRATOR_ROLES):
        raise FirstAdministrator(
            Message("The organisation has no administrator yet; the first to be invited becomes one."),
            remedy=Message("Add organisation_admin to the roles; that person invites the others."),
        )
    return await open_invitation(session, actor, settings, organisation, email=email, roles=roles)


async def open_invitation(
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    organisation: Organisation,
    *,
    email: str,
    roles: Collection[Role],
) -> Invitation:
    """Invite an address, where it is settled already that the actor may.

    :raises AlreadyMember: the address belongs to a member.
    """
    rules = await rulebook.in_force(session)
    days = rules.integer("identity.invitation_days")
    row = await invitations.invite(session, actor, organisation.id, email=email, roles=roles, days=days)
    await audit.record(
        session,
        actor,
        action="member.invited",
        subject_kind=SUBJECT,
        subject_id=organisation.id,
        detail={"invitation_id": str(row.id), "roles": row.roles},
        rules=rules,
    )
    if settings.smtp_host is not None:
        await _mail(session, row)
    return row


def listing(actor: Actor, organisation_id: UUID) -> SelectOfScalar[Invitation]:
    """What the list of an organisation's invitations pages through."""
    must_manage(actor, organisation_id)
    return invitations.listing(organisation_id)


async def resend(
    session: AsyncSession, actor: Actor, settings: Settings, organisation_id: UUID, invitation_id: UUID
) -> Invitation:
    """Mail a fresh token to the invited address; the one before opens nothing any more once it is sent.

    :raises NotMailed: there is no mail server.
    :raises PlatformRoleProtected: it is for a platform administrator, and the actor is none.
    :raises InvitationClosed: the invitation was accepted or revoked, or has expired.
    """
    row = await _lock_to_deliver(session, actor, organisation_id, invitation_id)
    if settings.smtp_host is None:
        raise NotMailed(
            Message("The installation has no mail server."),
            remedy=Message(
                "Hand it over: POST /v1/organisations/{organisation_id}/invitations/{invitation_id}/hand-over.",
                organisation_id=organisation_id,
                invitation_id=invitation_id,
            ),
        )
    await invitations.require_open(session, row)
    await _mail(session, row)
    await _record(session, actor, "invitation.sent_again", row)
    return row


async def hand_over(
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    organisation_id: UUID,
    invitation_id: UUID,
    *,
    identification: str,
) -> tuple[Invitation, str]:
    """Take a fresh token, to bring it to the invited person; answers the invitation and the token, once.

    For an installation without a mail server. That the address is the person's then rests on the word of the officer,
    who is named in the invitation, in the audit log and in an event for the organisation.

    :param identification: how the officer knows that the person is the one invited.
    :raises MailedNotHanded: there is a mail server.
    :raises PlatformRoleProtected: it is for a platform administrator, and the actor is none.
    :raises InvitationClosed: the invitation was accepted or revoked, or has expired.
    """
    row = await _lock_to_deliver(session, actor, organisation_id, invitation_id)
    if settings.smtp_host is not None:
        raise MailedNotHanded(
            Message("The token goes to the invited address by mail."),
            remedy=Message(
                "Send it again: POST /v1/organisations/{organisation_id}/invitations/{invitation_id}/mail.",
                organisation_id=organisation_id,
                invitation_id=invitation_id,
            ),
        )
    await invitations.require_open(session, row)
    token = await invitations.issue_token(session, row)
    await invitations.note_handed_over(session, row, actor)
    await _record(session, actor, "invitation.handed_over", row, identification=identification)
    await events.publish(
        session,
        EventKind.INVITATION_HANDED_OVER,
        subject_id=row.id,
        organisations=(organisation_id,),
        payload={
            "organisation_id": str(organisation_id),
            "handed_over_by": str(actor.id),
            "handed_over_by_organisation": str(actor.organisation_id),
        },
    )
    return row, token


async def revoke(session: AsyncSession, actor: Actor, organisation_id: UUID, invitation_id: UUID) -> None:
    """Close an invitation before it is used.

    :raises PlatformRoleProtected: it is for a platform administrator, and the actor is none.
    """
    organisation = await access_to_administer(session, actor, organisation_id)
    row = await invitations.lock(session, organisation_id, invitation_id)
    _check_roles_of(actor, organisation, row)
    await invitations.revoke(session, row)
    await _record(session, actor, "invitation.revoked", row)


async def accept(
    session: AsyncSession, identity: Identity, origin: Origin, data: InvitationAccept
) -> tuple[Membership, Person]:
    """Join by an invitation's token; see :func:`infra.identity.invitations.accept` for what is refused."""
    membership, person = await invitations.accept(
        session, identity, origin, token=data.token, name=data.name, password=data.password
    )
    organisation = await organisations.organisation(session, membership.organisation_id)
    joined = Actor(
        kind="person",
        id=person.id,
        organisation_id=organisation.id,
        organisation_kind=organisation.kind,
        roles=frozenset(Role(role) for role in membership.roles),
        organisation_status=organisation.status,
    )
    await audit.record(
        session,
        joined,
        action="member.joined",
        subject_kind=SUBJECT,
        subject_id=organisation.id,
        detail={"person_id": str(person.id), "roles": membership.roles},
    )
    return membership, person


async def _lock_to_deliver(
    session: AsyncSession, actor: Actor, organisation_id: UUID, invitation_id: UUID
) -> Invitation:
    """The invitation, for who may see to its delivery: the own people, and the platform for what nobody else can."""
    must_manage(actor, organisation_id)
    organisation = await organisations.lock_organisation(session, organisation_id)
    row = await invitations.lock(session, organisation_id, invitation_id)
    _check_roles_of(actor, organisation, row)
    if not (domain.manages_all(actor) and row.invited_by_organisation == SYSTEM.organisation_id):
        await access_to_administer(session, actor, organisation_id)
    return row


def _check_roles_of(actor: Actor, organisation: Organisation, row: Invitation) -> None:
    """Whoever holds the token gets the roles, so only who may give them delivers or closes the invitation."""
    check_roles(actor, organisation, (), [Role(role) for role in row.roles])


async def _mail(session: AsyncSession, row: Invitation) -> None:
    keep: timedelta = row.expires_at - await now(session)
    await mail.post(session, INVITATION, row.email, {"invitation_id": str(row.id)}, keep=keep)
    await jobs.enqueue(session, SEND_JOB, {})


async def _record(session: AsyncSession, actor: Actor, action: str, row: Invitation, **detail: str) -> None:
    await audit.record(
        session,
        actor,
        action=action,
        subject_kind=SUBJECT,
        subject_id=row.organisation_id,
        detail={"invitation_id": str(row.id), **detail},
    )
