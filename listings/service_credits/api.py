"""Service credits over HTTP."""

from uuid import UUID

from litestar import Controller, get

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page
from listings.service_credits import service
from listings.service_credits.schemas import ServiceCreditRead


class ServiceCreditController(Controller):
    """Missed promises of freshness and availability."""

    path = "/v1/products/{product_id:uuid}/service-credits"
    tags = ["Products"]

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listServiceCredits",
        summary="List the service credits of a product",
    )
    async def list_of_product(
        self, session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
    ) -> Page[ServiceCreditRead]:
        """Promises that were missed, once for each lapse or month, newest first.

        Open to everybody who is signed in, also once the product is suspended or withdrawn. The event
        `product.promise_missed` tells operator and owner, and `licence.promise_missed` the parties of each licence.
        """
        rows, following = await service.list_of_product(session, actor, product_id, page)
        return Page(items=[ServiceCreditRead.model_validate(row) for row in rows], next_cursor=following)
