"""Who gets in, over HTTP: invitations, members, programs.

Answers that show a token or a secret once take no ``Idempotency-Key``: a remembered answer would keep the secret.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import Provide

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import QuotaExceeded, Unauthenticated
from infra.guards import json_only, public, requires
from infra.identity.attempts import Origin
from infra.identity.runtime import Identity, provide_identity, provide_origin
from infra.identity.schemas import PartyName
from infra.identity.service import party_names
from infra.identity.tables import Client, Invitation, Membership, Person
from infra.paging import PageRequest, paginate
from infra.schema import Page
from market.participants import access, invitations
from market.participants.schemas import (
    ClientCreate,
    ClientCreated,
    ClientRead,
    HandOverCreate,
    InvitationAccept,
    InvitationCreate,
    InvitationHandedOver,
    InvitationRead,
    MemberRead,
    MemberUpdate,
    SecretRotated,
    SecretRotationCreate,
)


class InvitationController(Controller):
    """Invitations of one organisation."""

    path = "/v1/organisations/{organisation_id:uuid}/invitations"
    tags = ["Members"]

    @post(
        guards=[requires(Permission.MEMBER_MANAGE)],
        summary="Create an invitation",
        operation_id="createInvitation",
    )
    async def create_invitation(
        self, session: AsyncSession, actor: Actor, state: State, organisation_id: UUID, data: InvitationCreate
    ) -> InvitationRead:
        """Invite an e-mail address for the own organisation, or its first administrator for one that has none.

        The token goes to the address by mail; whoever invites does not see it. An installation without a mail server
        has it handed over by an officer.
        """
        row = await invitations.invite(
            session, actor, state.settings, organisation_id, email=data.email, roles=data.roles
        )
        return InvitationRead.model_validate(row)

    @post(
        "/{invitation_id:uuid}/mail",
        guards=[requires(Permission.MEMBER_MANAGE)],
        status_code=200,
        summary="Send an invitation again",
        operation_id="resendInvitation",
    )
    async def resend_invitation(
        self, session: AsyncSession, actor: Actor, state: State, organisation_id: UUID, invitation_id: UUID
    ) -> InvitationRead:
        """Mail a fresh token to the invited address; then only this one is valid."""
        row = await invitations.resend(session, actor, state.settings, organisation_id, invitation_id)
        return InvitationRead.model_validate(row)

    @post(
        "/{invitation_id:uuid}/hand-over",
        guards=[requires(Permission.MEMBER_MANAGE)],
        status_code=200,
        summary="Hand an invitation over",
        operation_id="handOverInvitation",
    )
    async def hand_over_invitation(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        organisation_id: UUID,
        invitation_id: UUID,
        data: HandOverCreate,
    ) -> InvitationHandedOver:
        """Take a fresh token to the invited person, where the installation has no mail server.

        That the address is the person's then rests on your word: you are named in the invitation, in the audit log and
        in an event for the organisation. The token is shown this once; one taken before is void.
        """
        row, token = await invitations.hand_over(
            session,
            actor,
            state.settings,
            organisation_id,
            invitation_id,
            identification=data.identification,
        )
        return InvitationHandedOver(**InvitationRead.model_validate(row).model_dump(), token=token)

    @get(
        guards=[requires(Permission.MEMBER_MANAGE)],
        summary="List invitations",
        operation_id="listInvitations",
    )
    async def list_invitations(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[InvitationRead]:
        """Every invitation, newest first, with who took its token to hand it over."""
        statement = invitations.listing(actor, organisation_id)
        rows, cursor = await paginate(session, statement, Invitation.id, page)
        return Page(items=[InvitationRead.model_validate(row) for row in rows], next_cursor=cursor)

    @delete(
        "/{invitation_id:uuid}",
        guards=[requires(Permission.MEMBER_MANAGE)],
        summary="Revoke an invitation",
        operation_id="revokeInvitation",
    )
    async def revoke_invitation(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, invitation_id: UUID
    ) -> None:
        """Close an invitation before it is used."""
        await invitations.revoke(session, actor, organisation_id, invitation_id)


@post(
    "/v1/invitations/acceptance",
    opt={**public("the token is the credential"), "problems": [Unauthenticated, QuotaExceeded]},
    guards=[json_only],
    dependencies={
        "identity": Provide(provide_identity, sync_to_thread=False),
        "origin": Provide(provide_origin, sync_to_thread=False),
    },
    tags=["Members"],
    summary="Accept an invitation",
    operation_id="acceptInvitation",
)
async def accept_invitation(
    session: AsyncSession, identity: Identity, origin: Origin, data: InvitationAccept
) -> MemberRead:
    """Join by an invitation's token. Then sign in at `POST /v1/session`."""
    membership, person = await invitations.accept(session, identity, origin, data)
    return await _member(session, membership, person)


class MemberController(Controller):
    """Members of one organisation."""

    path = "/v1/organisations/{organisation_id:uuid}/members"
    tags = ["Members"]

    @get(guards=[requires(Permission.MEMBER_READ)], summary="List members", operation_id="listMembers")
    async def list_members(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[MemberRead]:
        """Who belongs to the organisation, newest first."""
        rows, cursor = await access.list_members(session, actor, organisation_id, page)
        names = await party_names(session, [organisation_id])
        return Page(items=[_read_member(*row, names) for row in rows], next_cursor=cursor)

    @patch(
        "/{person_id:uuid}",
        guards=[requires(Permission.MEMBER_MANAGE)],
        summary="Update a member's roles",
        operation_id="updateMember",
    )
    async def update_member(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, person_id: UUID, data: MemberUpdate
    ) -> MemberRead:
        """Replace a member's roles, from the member's next request on; the last administrator keeps the role."""
        membership, person = await access.change_roles(session, actor, organisation_id, person_id, data.roles)
        return await _member(session, membership, person)

    @delete(
        "/{person_id:uuid}",
        guards=[requires(Permission.MEMBER_MANAGE)],
        summary="Remove a member",
        operation_id="removeMember",
    )
    async def remove_member(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, person_id: UUID
    ) -> None:
        """End a membership at once; the last administrator stays."""
        await access.remove_member(session, actor, organisation_id, person_id)


class ClientController(Controller):
    """Programs of the own organisation."""

    path = "/v1/organisations/{organisation_id:uuid}/clients"
    tags = ["Programs"]

    @post(
        guards=[requires(Permission.CLIENT_MANAGE)],
        summary="Create a program",
        operation_id="createClient",
    )
    async def create_client(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, data: ClientCreate
    ) -> ClientCreated:
        """Make an OAuth client. Its secret is shown this once."""
        row, secret = await access.create_client(
            session, actor, organisation_id, name=data.name, roles=data.roles
        )
        return ClientCreated(**ClientRead.model_validate(row).model_dump(), client_secret=secret)

    @get(guards=[requires(Permission.CLIENT_MANAGE)], summary="List programs", operation_id="listClients")
    async def list_clients(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[ClientRead]:
        """Programs of the organisation, newest first; secrets are not shown again."""
        statement = await access.client_listing(session, actor, organisation_id)
        rows, cursor = await paginate(session, statement, Client.id, page)
        return Page(items=[ClientRead.model_validate(row) for row in rows], next_cursor=cursor)

    @post(
        "/{client_id:uuid}/secret-rotations",
        guards=[requires(Permission.CLIENT_MANAGE)],
        summary="Rotate a program's secret",
        operation_id="rotateClientSecret",
    )
    async def rotate_secret(
        self,
        session: AsyncSession,
        actor: Actor,
        organisation_id: UUID,
        client_id: UUID,
        data: SecretRotationCreate,
    ) -> SecretRotated:
        """A new secret, shown this once; the one before stays good for the overlap, older ones end at once."""
        secret, ends = await access.rotate_secret(
            session, actor, organisation_id, client_id, timedelta(hours=data.overlap_hours)
        )
        return SecretRotated(client_id=client_id, client_secret=secret, former_secret_ends_at=ends)

    @delete(
        "/{client_id:uuid}",
        guards=[requires(Permission.CLIENT_MANAGE)],
        summary="Delete a program",
        operation_id="deleteClient",
    )
    async def delete_client(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, client_id: UUID
    ) -> None:
        """End a program; its secrets and its access tokens stop at once."""
        await access.delete_client(session, actor, organisation_id, client_id)


async def _member(session: AsyncSession, membership: Membership, person: Person) -> MemberRead:
    return _read_member(membership, person, await party_names(session, [membership.organisation_id]))


def _read_member(membership: Membership, person: Person, names: Mapping[UUID, PartyName]) -> MemberRead:
    return MemberRead(
        person_id=person.id,
        organisation_id=membership.organisation_id,
        organisation_name=names[membership.organisation_id],
        email=person.email,
        email_proved_at=person.email_proved_at,
        name=person.name,
        roles=membership.roles,
        joined_at=membership.created_at,
    )
