"""What a person does who has lost the password or the second factor, and what administrators do for others."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.di import Provide

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import Conflict, NotFound, QuotaExceeded
from infra.guards import json_only, public, requires
from infra.identity import password_resets as links
from infra.identity.attempts import Origin
from infra.identity.runtime import Identity, provide_identity, provide_origin
from infra.identity.schemas import PasswordResetAccept, PasswordResetCreate
from infra.paging import PageRequest, paginate
from infra.schema import Page, ReasonBody
from market.participants import factor_resets, password_resets
from market.participants.schemas import (
    FactorResetCreate,
    FactorResetRead,
    HandOverCreate,
    PasswordResetHandedOver,
)
from market.participants.tables import FactorReset


class PasswordResetController(Controller):
    """A new password for who has lost it."""

    path = "/v1/password-resets"
    tags = ["Session"]
    dependencies = {
        "identity": Provide(provide_identity, sync_to_thread=False),
        "origin": Provide(provide_origin, sync_to_thread=False),
    }

    @post(
        opt={**public("whoever has lost the password cannot sign in"), "problems": [Conflict, QuotaExceeded]},
        guards=[json_only],
        status_code=202,
        summary="Request a password reset",
        operation_id="requestPasswordReset",
    )
    async def request_reset(
        self, session: AsyncSession, identity: Identity, origin: Origin, data: PasswordResetCreate
    ) -> None:
        """Have a one-time link mailed to the address, for each account it has. The answer is the same if it has none.

        Without a mail server it is 409: an administrator of the organisation hands a link over.
        """
        await password_resets.request(
            session, identity, origin, email=data.email, organisation_id=data.organisation_id
        )

    @post(
        "/acceptance",
        opt={**public("the token is the credential"), "problems": [NotFound, QuotaExceeded]},
        guards=[json_only],
        status_code=204,
        summary="Set a new password",
        operation_id="acceptPasswordReset",
    )
    async def accept_reset(
        self, session: AsyncSession, identity: Identity, origin: Origin, data: PasswordResetAccept
    ) -> None:
        """Set a new password by a one-time link. Every session and licence token of the person ends.

        Then sign in at `POST /v1/session`; a second factor is asked for as always.
        """
        await links.accept(session, identity, origin, token=data.token, password=data.new_password)


class LostFactorController(Controller):
    """What administrators do for members who have lost the password or the second factor."""

    path = "/v1/organisations/{organisation_id:uuid}"
    tags = ["Members"]

    @post(
        "/members/{person_id:uuid}/password-reset",
        guards=[requires(Permission.MEMBER_MANAGE)],
        status_code=200,
        summary="Hand a password reset over",
        operation_id="handOverPasswordReset",
    )
    async def hand_over_reset(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        organisation_id: UUID,
        person_id: UUID,
        data: HandOverCreate,
    ) -> PasswordResetHandedOver:
        """Take a one-time link to a member, where the installation has no mail server.

        You are named in the audit log. The token is shown this once; one taken before is void.
        """
        token = await password_resets.hand_over(
            session, actor, state.settings, organisation_id, person_id, identification=data.identification
        )
        return PasswordResetHandedOver(
            person_id=person_id, token=token, expires_in_minutes=state.settings.password_reset_minutes
        )

    @post(
        "/second-factor-resets",
        guards=[requires(Permission.MEMBER_MANAGE)],
        summary="Reset a member's second factor",
        operation_id="requestSecondFactorReset",
    )
    async def request_factor_reset(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        organisation_id: UUID,
        data: FactorResetCreate,
    ) -> FactorResetRead:
        """Take the second factor of a member away who has lost phone and recovery codes; the member is told by mail.

        On the platform another administrator approves it first.
        """
        row = await factor_resets.request(
            session, actor, state.settings, organisation_id, data.person_id, data.reason
        )
        return FactorResetRead.model_validate(row)

    @get(
        "/second-factor-resets",
        guards=[requires(Permission.MEMBER_READ)],
        summary="List resets of second factors",
        operation_id="listSecondFactorResets",
    )
    async def list_factor_resets(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[FactorResetRead]:
        """Resets of members' second factors, newest first."""
        statement = await factor_resets.listing(session, actor, organisation_id)
        rows, cursor = await paginate(session, statement, FactorReset.id, page)
        return Page(items=[FactorResetRead.model_validate(row) for row in rows], next_cursor=cursor)

    @post(
        "/second-factor-resets/{reset_id:uuid}/approval",
        guards=[requires(Permission.MEMBER_MANAGE)],
        status_code=200,
        summary="Approve the reset of a second factor",
        operation_id="approveSecondFactorReset",
    )
    async def approve_factor_reset(
        self, session: AsyncSession, actor: Actor, state: State, organisation_id: UUID, reset_id: UUID
    ) -> FactorResetRead:
        """Approve, as another administrator of the platform, what a colleague requested for a third."""
        row = await factor_resets.approve(session, actor, state.settings, organisation_id, reset_id)
        return FactorResetRead.model_validate(row)

    @post(
        "/second-factor-resets/{reset_id:uuid}/cancellation",
        guards=[requires(Permission.RECOVERY_CANCEL)],
        status_code=200,
        summary="Cancel the reset of a second factor",
        operation_id="cancelSecondFactorReset",
    )
    async def cancel_factor_reset(
        self,
        session: AsyncSession,
        actor: Actor,
        organisation_id: UUID,
        reset_id: UUID,
        data: ReasonBody,
    ) -> FactorResetRead:
        """Object to a reset that waits for its approval, as any member of the organisation."""
        row = await factor_resets.cancel(session, actor, organisation_id, reset_id, data.reason)
        return FactorResetRead.model_validate(row)
