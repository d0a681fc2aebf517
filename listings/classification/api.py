"""Classes of columns over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from listings.classification import service
from listings.classification.schemas import ColumnClassRaise, ColumnGradingCreate, ColumnGradingRead
from listings.gradings import service as gradings
from listings.gradings.domain import GradingAction
from listings.products.api import product_read
from listings.products.schemas import ProductRead
from listings.resources.api import resource_read
from listings.resources.schemas import ResourceRead


class ColumnGradingController(Controller):
    """Classes of columns: lowered by approval, raised at once, every step kept."""

    path = "/v1"
    tags = ["Resources"]

    @post(
        "/resources/{resource_id:uuid}/column-gradings",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="requestColumnGrading",
        summary="Ask for a lower class of a column",
    )
    async def request(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        resource_id: UUID,
        data: ColumnGradingCreate,
    ) -> ColumnGradingRead:
        """By the owner or an authorised operator, with reasons; a regulator decides. Until then nothing changes."""

        async def effect() -> ColumnGradingRead:
            return ColumnGradingRead.of(await service.request_grading(session, actor, resource_id, data))

        return await idempotency.run(ColumnGradingRead, effect)

    @get(
        "/resources/{resource_id:uuid}/column-gradings",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listColumnGradings",
        summary="List what happened to the classes of a resource's columns",
    )
    async def list_of_resource(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, page: PageRequest
    ) -> Page[ColumnGradingRead]:
        """Requests, decisions, revocations and raises, newest first. A column without any has its resource's class."""
        rows, following = await service.list_gradings(session, actor, resource_id, page)
        return Page(items=[ColumnGradingRead.of(row) for row in rows], next_cursor=following)

    @get(
        "/column-gradings/undecided",
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="listUndecidedColumnGradings",
        summary="List requests for a lower class that wait for a regulator",
    )
    async def list_undecided(self, session: AsyncSession, page: PageRequest) -> Page[ColumnGradingRead]:
        """Of all resources, newest first."""
        rows, following = await gradings.list_undecided(session, page)
        return Page(items=[ColumnGradingRead.of(row) for row in rows], next_cursor=following)

    @post(
        "/resources/{resource_id:uuid}/column-gradings/{request_id:uuid}/approval",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="approveColumnGrading",
        summary="Approve a lower class of a column",
    )
    async def approve(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, request_id: UUID, data: ReasonBody
    ) -> ColumnGradingRead:
        """By a regulator that neither owns the resource nor asked; in effect at once."""
        return ColumnGradingRead.of(
            await service.decide_request(
                session, actor, resource_id, request_id, GradingAction.APPROVED, data.reason
            )
        )

    @post(
        "/resources/{resource_id:uuid}/column-gradings/{request_id:uuid}/rejection",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="rejectColumnGrading",
        summary="Reject a lower class of a column",
    )
    async def reject(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, request_id: UUID, data: ReasonBody
    ) -> ColumnGradingRead:
        """By a regulator that neither owns the resource nor asked. Another request may be made."""
        return ColumnGradingRead.of(
            await service.decide_request(
                session, actor, resource_id, request_id, GradingAction.REJECTED, data.reason
            )
        )

    @post(
        "/resources/{resource_id:uuid}/column-gradings/{request_id:uuid}/withdrawal",
        status_code=200,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="withdrawColumnGrading",
        summary="Withdraw a request for a lower class",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, request_id: UUID, data: ReasonBody
    ) -> ColumnGradingRead:
        """By the organisation that asked, before it is decided."""
        return ColumnGradingRead.of(
            await service.withdraw_request(session, actor, resource_id, request_id, data.reason)
        )

    @post(
        "/resources/{resource_id:uuid}/column-gradings/{request_id:uuid}/revocation",
        status_code=200,
        guards=[requires(Permission.RESOURCE_SUSPEND)],
        operation_id="revokeColumnGrading",
        summary="Revoke the approval of a lower class",
    )
    async def revoke(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, request_id: UUID, data: ReasonBody
    ) -> ColumnGradingRead:
        """By the owner or a regulator: the column has its former class again; products that may not offer it stop."""
        return ColumnGradingRead.of(
            await service.revoke_approval(session, actor, resource_id, request_id, data.reason)
        )

    @post(
        "/resources/{resource_id:uuid}/column-gradings/raise",
        guards=[requires(Permission.RESOURCE_SUSPEND)],
        operation_id="raiseColumnClass",
        summary="Give a column a stricter class",
    )
    async def raise_class(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        resource_id: UUID,
        data: ColumnClassRaise,
    ) -> ColumnGradingRead:
        """By the owner or a regulator, in effect at once: products that may not offer the column any more stop."""

        async def effect() -> ColumnGradingRead:
            return ColumnGradingRead.of(await service.raise_class(session, actor, resource_id, data))

        return await idempotency.run(ColumnGradingRead, effect)

    @post(
        "/resources/{resource_id:uuid}/raw-data-restriction",
        status_code=200,
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="restrictRawData",
        summary="Decide that raw records may not leave",
    )
    async def restrict_raw_data(
        self, session: AsyncSession, actor: Actor, resource_id: UUID, data: ReasonBody
    ) -> ResourceRead:
        """原始数据不出域, by the owner: products that hand records out stop at once.

        A resource whose records may leave after all is registered anew.
        """
        return await resource_read(
            session, await service.restrict_raw_data(session, actor, resource_id, data.reason)
        )

    @post(
        "/products/{product_id:uuid}/classification-recheck",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        operation_id="recheckProductClassification",
        summary="Have the class of a product looked at anew",
    )
    async def recheck(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRead:
        """For those who can access it. A product that was stopped for its class is let go once the class allows the
        offer: after a re-grading, after an assessment was filed, or with other data."""
        return await product_read(session, await service.recheck_product(session, actor, product_id))
