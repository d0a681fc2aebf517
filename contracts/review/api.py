"""Review over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from contracts.agreements.schemas import AgreementSummary
from contracts.parties import party_names
from contracts.review import service
from contracts.review.schemas import ReviewCreate, ReviewRead, StopRead
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody


class ReviewController(Controller):
    """The regulator's desk for contracts."""

    path = "/v1/contract-reviews"
    tags = ["Supervision"]

    @get(
        guards=[requires(Permission.AGREEMENT_REVIEW)],
        operation_id="listContractsToReview",
        summary="List contracts to review",
    )
    async def list_unreviewed(self, session: AsyncSession, page: PageRequest) -> Page[AgreementSummary]:
        """Concluded agreements that no regulator has reviewed yet."""
        rows, cursor = await service.list_unreviewed(session, page)
        names = await party_names(session, rows)
        return Page(items=[AgreementSummary.of(row, names) for row in rows], next_cursor=cursor)

    @post(
        "/{agreement_id:uuid}",
        guards=[requires(Permission.AGREEMENT_REVIEW)],
        operation_id="reviewContract",
        summary="Record a finding",
    )
    async def review(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: ReviewCreate
    ) -> ReviewRead:
        """Record a finding on a contract; it leaves the list of contracts to review."""
        return ReviewRead.model_validate(await service.review(session, actor, agreement_id, data.note))

    @post(
        "/{agreement_id:uuid}/suspension",
        guards=[requires(Permission.AGREEMENT_SUSPEND)],
        operation_id="suspendAgreement",
        summary="Suspend a contract",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: ReasonBody
    ) -> StopRead:
        """Stop a contract: no call under it is admitted from now on, on any node."""
        stop = await service.suspend(session, actor, agreement_id, data.reason)
        return StopRead.of(stop, await identity.party_names(session, [stop.placed_by_organisation]))

    @post(
        "/{agreement_id:uuid}/reinstatement",
        guards=[requires(Permission.AGREEMENT_SUSPEND)],
        operation_id="reinstateAgreement",
        summary="Reinstate a contract",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: ReasonBody
    ) -> list[StopRead]:
        """Lift the stops that your authority placed on a contract."""
        lifted = await service.reinstate(session, actor, agreement_id, data.reason)
        names = await identity.party_names(session, (stop.placed_by_organisation for stop in lifted))
        return [StopRead.of(stop, names) for stop in lifted]
