"""Price plans over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.paging import PageRequest
from infra.schema import Page
from pricing.plans import service
from pricing.plans.schemas import PricePlanCreate, PricePlanRead


class PricePlanController(Controller):
    """What operators ask for their data: immutable price versions, each with its successor."""

    path = "/v1/price-plans"
    tags = ["Price plans"]

    @post(
        guards=[requires(Permission.PRICE_PLAN_CREATE)], summary="Create a price plan or a new version of one"
    )
    async def create(self, session: AsyncSession, actor: Actor, data: PricePlanCreate) -> PricePlanRead:
        """Keep a price version of your organisation. It never changes; agreements keep the one they name.

        A plan that cannot be priced with is refused, and `errors` names every place: a negative price, too many
        decimal places, an unknown currency or metric, two charges on one metric, an allowance on a flat charge.
        """
        return PricePlanRead.model_validate(await service.create(session, actor, data))

    @get(guards=[requires(Permission.PRICE_PLAN_READ)], summary="Price plans of your organisation")
    async def list_own(self, session: AsyncSession, actor: Actor, page: PageRequest) -> Page[PricePlanRead]:
        """List the price versions of your organisation, newest first; platform and regulator see everybody's."""
        rows, cursor = await service.list_price_plans(session, actor, page)
        return Page(items=[PricePlanRead.model_validate(row) for row in rows], next_cursor=cursor)

    @get("/{price_plan_id:uuid}", guards=[requires(Permission.PRICE_PLAN_READ)], summary="One price plan")
    async def read(self, session: AsyncSession, actor: Actor, price_plan_id: UUID) -> PricePlanRead:
        """Show one price version."""
        return PricePlanRead.model_validate(await service.access_price_plan(session, actor, price_plan_id))
