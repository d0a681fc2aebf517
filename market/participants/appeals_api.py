"""Appeals against suspensions, over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest, paginate
from infra.schema import Page
from market.participants import appeals
from market.participants.schemas import AppealCreate, AppealDecisionCreate, AppealRead
from market.participants.states import AppealStatus
from market.participants.tables import Appeal


class AppealController(Controller):
    """Objections of suspended organisations, and their decision."""

    path = "/v1"
    tags = ["Appeals"]

    @post(
        "/organisations/{organisation_id:uuid}/appeals",
        guards=[requires(Permission.APPEAL_LODGE)],
        summary="Appeal against a suspension",
        operation_id="createAppeal",
    )
    async def create_appeal(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, data: AppealCreate
    ) -> AppealRead:
        """Object to the own organisation's suspension. One appeal is open at a time; another may follow it."""
        return AppealRead.model_validate(await appeals.lodge(session, actor, organisation_id, data))

    @get(
        "/organisations/{organisation_id:uuid}/appeals",
        guards=[requires(Permission.ORGANISATION_READ)],
        summary="List an organisation's appeals",
        operation_id="listOrganisationAppeals",
    )
    async def list_of_organisation(
        self, session: AsyncSession, actor: Actor, organisation_id: UUID, page: PageRequest
    ) -> Page[AppealRead]:
        """Appeals of the own organisation, newest first, or of any for those who see all."""
        statement = await appeals.listing(session, actor, organisation_id)
        rows, cursor = await paginate(session, statement, Appeal.id, page)
        return Page(items=[AppealRead.model_validate(row) for row in rows], next_cursor=cursor)

    @get(
        "/appeals",
        guards=[requires(Permission.APPEAL_DECIDE)],
        summary="List appeals",
        operation_id="listAppeals",
    )
    async def list_appeals(
        self,
        session: AsyncSession,
        page: PageRequest,
        status: Annotated[AppealStatus | None, Parameter(description="Only with this status.")] = None,
    ) -> Page[AppealRead]:
        """Appeals of every organisation, newest first."""
        rows, cursor = await paginate(session, appeals.all_appeals(status), Appeal.id, page)
        return Page(items=[AppealRead.model_validate(row) for row in rows], next_cursor=cursor)

    @post(
        "/organisations/{organisation_id:uuid}/appeals/{appeal_id:uuid}/decision",
        guards=[requires(Permission.APPEAL_DECIDE)],
        status_code=200,
        summary="Decide an appeal",
        operation_id="decideAppeal",
    )
    async def decide_appeal(
        self,
        session: AsyncSession,
        actor: Actor,
        organisation_id: UUID,
        appeal_id: UUID,
        data: AppealDecisionCreate,
    ) -> AppealRead:
        """Uphold an appeal, which lifts the suspension whoever ordered it, or dismiss it."""
        row = await appeals.decide(
            session, actor, organisation_id, appeal_id, decision=data.decision, reason=data.reason
        )
        return AppealRead.model_validate(row)
