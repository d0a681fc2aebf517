"""Recovery of a lost administrator, over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest, paginate
from infra.schema import Page, ReasonBody
from market.participants import recoveries
from market.participants.schemas import RecoveryCreate, RecoveryRead
from market.participants.tables import Recovery


class RecoveryController(Controller):
    """Recoveries of one organisation."""

    path = "/v1/organisations/{organisation_id:uuid}/recoveries"
    tags = ["Recoveries"]

    @post(
        guards=[requires(Permission.RECOVERY_MANAGE)],
        summary="Request the recovery of an administrator",
        operation_id="requestRecovery",
    )
    async def request_recovery(
        self, session: AsyncSession, actor: Actor, state: State, organisation_id: UUID, data: RecoveryCreate
    ) -> RecoveryRead:
        """Ask, as an officer of the platform, that an address administer an organisation whose administrator is lost.

        Another officer approves; the organisation is told and has a delay in which its people can cancel.
        """
        row = await recoveries.request(session, actor, state.settings, organisation_id, data)
        return RecoveryRead.model_validate(row)

    @get(
        guards=[requires(Permission.ORGANISATION_READ)],
        summary="List recoveries",
        operation_id="listRecoveries",
    )
    async def list_recoveries(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[RecoveryRead]:
        """Recoveries of the own organisation, newest first, or of any for those who see all."""
        statement = await recoveries.listing(session, actor, organisation_id)
        rows, cursor = await paginate(session, statement, Recovery.id, page)
        return Page(items=[RecoveryRead.model_validate(row) for row in rows], next_cursor=cursor)

    @post(
        "/{recovery_id:uuid}/approval",
        guards=[requires(Permission.RECOVERY_MANAGE)],
        status_code=200,
        summary="Approve a recovery",
        operation_id="approveRecovery",
    )
    async def approve_recovery(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        organisation_id: UUID,
        recovery_id: UUID,
        data: ReasonBody,
    ) -> RecoveryRead:
        """Approve what another officer requested. After the delay the named address is invited."""
        row = await recoveries.approve(
            session, actor, state.settings, organisation_id, recovery_id, data.reason
        )
        return RecoveryRead.model_validate(row)

    @post(
        "/{recovery_id:uuid}/cancellation",
        guards=[requires(Permission.RECOVERY_CANCEL)],
        status_code=200,
        summary="Cancel a recovery",
        operation_id="cancelRecovery",
    )
    async def cancel_recovery(
        self,
        session: AsyncSession,
        actor: Actor,
        organisation_id: UUID,
        recovery_id: UUID,
        data: ReasonBody,
    ) -> RecoveryRead:
        """Object to it as any member of the organisation, or take it back as an officer of the platform."""
        row = await recoveries.cancel(session, actor, organisation_id, recovery_id, data.reason)
        return RecoveryRead.model_validate(row)
