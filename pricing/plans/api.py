"""Price plans over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page
from pricing.plans import service
from pricing.plans.schemas import PricePlanCreate, PricePlanRead
from pricing.plans.tables import PricePlanRow


class PricePlanController(Controller):
    """What operators ask for their data: immutable price versions, each with its successor."""

    path = "/v1/price-plans"
    tags = ["Price plans"]

    @post(
        guards=[requires(Permission.PRICE_PLAN_CREATE)],
        operation_id="createPricePlan",
        summary="Create a price plan or a new version of one",
    )
    async def create(self, session: AsyncSession, actor: Actor, data: PricePlanCreate) -> PricePlanRead:
        """Record a price version of your organisation. It never changes; agreements keep the one they name.

        An invalid plan is refused, and `errors` names every place: a negative price, too many
        decimal places, an unknown currency or metric, two charges on one metric, an allowance on a flat charge.
        """
        return await _read(session, await service.create(session, actor, data))

    @get(
        guards=[requires(Permission.PRICE_PLAN_READ)],
        operation_id="listPricePlans",
        summary="List price plans",
    )
    async def list_price_plans(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[PricePlanRead]:
        """List the price versions of your organisation, newest first; platform and regulator see everybody's."""
        rows, cursor = await service.list_price_plans(session, actor, page)
        names = await identity.party_names(session, (row.organisation_id for row in rows))
        return Page(items=[PricePlanRead.of(row, names) for row in rows], next_cursor=cursor)

    @get(
        "/{price_plan_id:uuid}",
        guards=[requires(Permission.PRICE_PLAN_READ)],
        operation_id="getPricePlan",
        summary="Get a price plan",
    )
    async def get_price_plan(self, session: AsyncSession, actor: Actor, price_plan_id: UUID) -> PricePlanRead:
        """One version of a price plan, with its charges; it never changes, a new version supersedes it."""
        return await _read(session, await service.access_price_plan(session, actor, price_plan_id))


async def _read(session: AsyncSession, row: PricePlanRow) -> PricePlanRead:
    return PricePlanRead.of(row, await identity.party_names(session, [row.organisation_id]))
