"""Publication over HTTP."""

from uuid import UUID

from litestar import Controller, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.schema import ReasonBody
from listings.products.api import product_read
from listings.products.schemas import ProductRead
from listings.publication import service
from listings.publication.schemas import ApprovalRequest, ProductReturn


class PublicationController(Controller):
    """From draft to publication: submitted by operators, decided by regulators."""

    path = "/v1/products/{product_id:uuid}"
    tags = ["Products"]

    @post(
        "/submission",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="submitProduct",
        summary="Submit a product for review",
    )
    async def submit(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRead:
        """It needs a revision that passed its quality check, a sample and a price plan; all gaps are named."""
        return await product_read(session, await service.submit(session, actor, product_id))

    @post(
        "/approval",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="approveProduct",
        summary="Approve and publish a product",
    )
    async def approve(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ApprovalRequest
    ) -> ProductRead:
        """By a regulator, whose organisation is no party to it.

        GET /v1/products/{product_id}/editions tells the digest of what you read.
        """
        return await product_read(
            session, await service.approve(session, actor, product_id, data.digest, data.note)
        )

    @post(
        "/return",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        operation_id="returnProduct",
        summary="Return a product to its operator",
    )
    async def return_to_draft(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ProductReturn
    ) -> ProductRead:
        """By a regulator, with reasons the operator can act on, field by field if you like; it is a draft again.

        GET /v1/products/{product_id}/editions finds its first edition, which shows the remarks; each is acted on or
        explained before it is submitted again.
        """
        remarks = [remark.domain() for remark in data.remarks]
        return await product_read(
            session,
            await service.return_to_draft(session, actor, product_id, data.digest, data.reason, remarks),
        )

    @post(
        "/withdrawal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="withdrawProduct",
        summary="Withdraw a product",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """Take it off the market: no new orders; agreements made before run to their end."""
        return await product_read(session, await service.withdraw(session, actor, product_id, data.reason))
