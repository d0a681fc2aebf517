"""Purges over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from listings.purges import service
from listings.purges.schemas import PurgeOrderCreate, PurgeOrderRead
from listings.purges.tables import PurgeOrder
from listings.revisions.tables import ProductRevision


class PurgeController(Controller):
    """Orders to destroy data that was published unlawfully."""

    path = "/v1"
    tags = ["Supervision"]

    @post(
        "/products/{product_id:uuid}/purge-orders",
        guards=[requires(Permission.DATA_PURGE)],
        operation_id="orderPurge",
        summary="Order data to be destroyed",
    )
    async def order(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: PurgeOrderCreate
    ) -> PurgeOrderRead:
        """By an officer of the regulator: stopped at once, and destroyed when another person confirms it."""
        return await _read(session, await service.order(session, actor, product_id, data))

    @get(
        "/purge-orders",
        guards=[requires(Permission.DATA_PURGE)],
        operation_id="listPurgeOrders",
        summary="List orders to destroy data",
    )
    async def list_orders(self, session: AsyncSession, page: PageRequest) -> Page[PurgeOrderRead]:
        """Every order with what remains of its revisions; newest first."""
        rows, following = await service.list_orders(session, page)
        items = [await _read(session, (row, await service.list_revisions(session, row))) for row in rows]
        return Page(items=items, next_cursor=following)

    @get(
        "/purge-orders/{order_id:uuid}",
        guards=[requires(Permission.DATA_PURGE)],
        operation_id="getPurgeOrder",
        summary="Get an order to destroy data",
    )
    async def read(self, session: AsyncSession, order_id: UUID) -> PurgeOrderRead:
        """An order with what remains of its revisions, and what is known of backups that hold them."""
        return await _read(session, await service.get_order(session, order_id))

    @post(
        "/purge-orders/{order_id:uuid}/confirmation",
        status_code=200,
        guards=[requires(Permission.DATA_PURGE)],
        operation_id="confirmPurge",
        summary="Confirm an order to destroy data",
    )
    async def confirm(
        self, session: AsyncSession, actor: Actor, order_id: UUID, data: ReasonBody
    ) -> PurgeOrderRead:
        """By another person of the regulator, or of the platform: files, samples, profiles and failing examples go.

        There is no way back. What remains is a tombstone: digests, the reason, who ordered and confirmed it, and when.
        """
        return await _read(session, await service.confirm(session, actor, order_id, data.reason))

    @post(
        "/purge-orders/{order_id:uuid}/rejection",
        status_code=200,
        guards=[requires(Permission.DATA_PURGE)],
        operation_id="rejectPurge",
        summary="Reject an order to destroy data",
    )
    async def reject(
        self, session: AsyncSession, actor: Actor, order_id: UUID, data: ReasonBody
    ) -> PurgeOrderRead:
        """By the regulator that placed it, as long as nobody has confirmed it: the data stays, and is read again."""
        return await _read(session, await service.reject(session, actor, order_id, data.reason))


async def _read(session: AsyncSession, found: tuple[PurgeOrder, list[ProductRevision]]) -> PurgeOrderRead:
    order, rows = found
    return PurgeOrderRead.of(order, rows, await service.list_copies(session, rows))
