"""Review over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from contracts.agreements.schemas import AgreementSummary
from contracts.review import service
from contracts.review.schemas import ReviewGive, ReviewRead, StopOrder, StopRead
from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.paging import PageRequest
from infra.schema import Page


class ReviewController(Controller):
    """The regulator's desk for contracts."""

    path = "/v1/contract-reviews"
    tags = ["Supervision"]

    @get(guards=[requires(Permission.AGREEMENT_REVIEW)], summary="Contracts to review")
    async def queue(self, session: AsyncSession, page: PageRequest) -> Page[AgreementSummary]:
        """Concluded agreements that no regulator has reviewed yet."""
        rows, cursor = await service.queue(session, page)
        return Page(items=[AgreementSummary.model_validate(row) for row in rows], next_cursor=cursor)

    @post("/{agreement_id:uuid}", guards=[requires(Permission.AGREEMENT_REVIEW)], summary="Keep a finding")
    async def review(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: ReviewGive
    ) -> ReviewRead:
        """Keep a finding on a contract; it leaves the queue."""
        return ReviewRead.model_validate(await service.review(session, actor, agreement_id, data.note))

    @post(
        "/{agreement_id:uuid}/suspension",
        guards=[requires(Permission.AGREEMENT_SUSPEND)],
        summary="Suspend a contract",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: StopOrder
    ) -> StopRead:
        """Stop a contract: no call under it is admitted from now on, on any node."""
        return StopRead.model_validate(await service.suspend(session, actor, agreement_id, data.reason))

    @post(
        "/{agreement_id:uuid}/reinstatement",
        guards=[requires(Permission.AGREEMENT_SUSPEND)],
        summary="Let a contract go on",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, data: StopOrder
    ) -> list[StopRead]:
        """Lift the stops that your authority placed on a contract."""
        lifted = await service.reinstate(session, actor, agreement_id, data.reason)
        return [StopRead.model_validate(stop) for stop in lifted]
