"""Products over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.params import QueryParameter

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from listings.products import service
from listings.products.schemas import ProductCreate, ProductPricePlanUpdate, ProductRead, ProductUpdate
from listings.products.states import ProductStatus

StatusFilter = Annotated[
    ProductStatus | None, QueryParameter(name="status", description="Only products of this status")
]


class ProductController(Controller):
    """Data products: created and described by operators, suspended by them or a regulator."""

    path = "/v1/products"
    tags = ["Products"]

    @post(
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="createProduct",
        summary="Create a product",
    )
    async def create(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: ProductCreate
    ) -> ProductRead:
        """Create a draft on a resource that you are authorised to operate."""

        async def effect() -> ProductRead:
            return ProductRead.of(await service.create(session, actor, data))

        return await idempotency.run(ProductRead, effect)

    @get(guards=[requires(Permission.PRODUCT_READ)], operation_id="listProducts", summary="List products")
    async def list_visible(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        only: StatusFilter = None,
    ) -> Page[ProductRead]:
        """Your own, or for a regulator all that were ever submitted; newest first. Buyers use the catalogue."""
        rows, following = await service.list_visible(session, actor, only, page)
        return Page(items=[ProductRead.of(row) for row in rows], next_cursor=following)

    @get(
        "/{product_id:uuid}",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getProduct",
        summary="Get a product",
    )
    async def read(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRead:
        """A product you can access."""
        return ProductRead.of(await service.access_product(session, actor, product_id))

    @put(
        "/{product_id:uuid}",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="updateProduct",
        summary="Update a draft",
    )
    async def update(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ProductUpdate
    ) -> ProductRead:
        """Replace titles, descriptions, themes and update promise of a draft."""
        return ProductRead.of(await service.update(session, actor, product_id, data))

    @put(
        "/{product_id:uuid}/price-plan",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="attachPricePlan",
        summary="Attach a price plan to a draft",
    )
    async def attach_plan(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ProductPricePlanUpdate
    ) -> ProductRead:
        """The plan is one of yours; agreements copy it."""
        return ProductRead.of(await service.attach_plan(session, actor, product_id, data.plan_id))

    @post(
        "/{product_id:uuid}/suspension",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        operation_id="suspendProduct",
        summary="Suspend a product",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """By its operator or a regulator: every licence to it stops at once."""
        return ProductRead.of(await service.suspend(session, actor, product_id, data.reason))

    @post(
        "/{product_id:uuid}/reinstatement",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        operation_id="reinstateProduct",
        summary="Reinstate a product",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """Lift your organisation's suspension; it is on the market again once no other organisation's remains."""
        return ProductRead.of(await service.reinstate(session, actor, product_id, data.reason))

    @post(
        "/{product_id:uuid}/withdrawal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="withdrawProduct",
        summary="Withdraw a product",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """Take it off the market: no new orders; what was agreed before goes on to its end."""
        return ProductRead.of(await service.withdraw(session, actor, product_id, data.reason))
