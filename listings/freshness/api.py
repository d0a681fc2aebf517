"""Freshness over HTTP."""

from uuid import UUID

from litestar import Controller, get

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from listings.freshness import service
from listings.freshness.schemas import PromiseRead
from listings.products import service as products


class FreshnessController(Controller):
    """What was promised, and what comes."""

    path = "/v1/products/{product_id:uuid}/update-promise"
    tags = ["Products"]

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getUpdatePromise",
        summary="Get how the update promise of a product stands",
    )
    async def read(self, session: AsyncSession, actor: Actor, product_id: UUID) -> PromiseRead:
        """When new data is due, since when it is late, and how often it came in time; in the catalogue as well.

        The event `product.overdue` tells operator and owner once for each lapse.
        """
        product = await products.access_product(session, actor, product_id)
        return PromiseRead.of(product.update_frequency, await service.get_promise(session, product))
