"""Products over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from infra.stops import service as stops
from listings.products import service
from listings.products.schemas import ProductCreate, ProductPricePlanUpdate, ProductRead, ProductUpdate
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct

StatusFilter = Annotated[
    ProductStatus | None, QueryParameter(name="status", description="Only products of this status")
]
StoppedFilter = Annotated[
    bool | None,
    QueryParameter(description="Only products with an active stop on them, or only those without"),
]


async def product_read(session: AsyncSession, row: DataProduct) -> ProductRead:
    """Render a product, its parties named."""
    return (await product_reads(session, [row]))[0]


async def product_reads(session: AsyncSession, rows: Sequence[DataProduct]) -> list[ProductRead]:
    """Render products for a list, their parties named."""
    names = await identity.party_names(
        session, {party for row in rows for party in (row.operator_id, row.owner_id)}
    )
    stopped = await stops.reasons(session, [row.id for row in rows])
    return [ProductRead.of(row, names, stopped[row.id]) for row in rows]


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
            return await product_read(session, await service.create(session, actor, data))

        return await idempotency.run(ProductRead, effect)

    @get(guards=[requires(Permission.PRODUCT_READ)], operation_id="listProducts", summary="List products")
    async def list_visible(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        only: StatusFilter = None,
        stopped: StoppedFilter = None,
    ) -> Page[ProductRead]:
        """Your own, or for a regulator all that were ever submitted; newest first. Buyers use the catalogue."""
        rows, following = await service.list_products(session, actor, only, stopped, page)
        return Page(items=await product_reads(session, rows), next_cursor=following)

    @get(
        "/{product_id:uuid}",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getProduct",
        summary="Get a product",
    )
    async def read(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRead:
        """A product you can access."""
        return await product_read(session, await service.access_product(session, actor, product_id))

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
        return await product_read(session, await service.update(session, actor, product_id, data))

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
        return await product_read(
            session, await service.attach_plan(session, actor, product_id, data.plan_id)
        )

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
        return await product_read(session, await service.suspend(session, actor, product_id, data.reason))

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
        """Lift your organisation's suspension, also of a withdrawn product; it ends with the last organisation's."""
        return await product_read(session, await service.reinstate(session, actor, product_id, data.reason))
