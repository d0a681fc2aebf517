"""Use cases of price plans."""

from collections.abc import Sequence
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, new_id, now
from infra.errors import Forbidden, NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from pricing.plans import repository
from pricing.plans.domain import PricePlan, read_charges
from pricing.plans.errors import AlreadySuperseded
from pricing.plans.limits import ACCEPTED, plan_limits
from pricing.plans.schemas import PricePlanCreate
from pricing.plans.tables import PricePlanRow


async def create(session: AsyncSession, actor: Actor, plan: PricePlanCreate) -> PricePlanRow:
    """Record a new price version of the actor's organisation; it never changes.

    :raises Forbidden: the organisation is not an operator, who is the seller of record.
    :raises InvalidPricePlan: the plan is invalid; every fault is named with its place.
    :raises NotFound: the version to supersede is not one of the organisation's.
    :raises AlreadySuperseded: that version has a successor.
    """
    if actor.organisation_kind is not OrganisationKind.OPERATOR:
        raise Forbidden(Message("Only an operator, the seller of record, can create a price plan."))
    rules = await rulebook.in_force(session)
    charges = read_charges(
        [charge.model_dump() for charge in plan.charges], plan.currency, plan_limits(rules)
    )
    if plan.supersedes is not None:
        await access_price_plan(session, actor, plan.supersedes)
    row = PricePlanRow(
        id=new_id(),
        organisation_id=actor.organisation_id,
        name_zh=plan.name_zh,
        name_en=plan.name_en,
        currency=plan.currency,
        charges=[charge.document() for charge in charges],
        supersedes=plan.supersedes,
        created_by=actor.id,
        created_at=await now(session),
    )
    if not await repository.add(session, row):
        raise AlreadySuperseded(
            Message("The price plan {supersedes} is already superseded.", supersedes=plan.supersedes),
            remedy=Message("Supersede the newest version, which GET /v1/price-plans lists first."),
        )
    await audit.record(
        session,
        actor,
        action="price_plan.created",
        subject_kind="price_plan",
        subject_id=row.id,
        detail={
            "currency": row.currency,
            "charges": row.charges,
            "supersedes": str(row.supersedes) if row.supersedes else None,
        },
        rules=rules,
    )
    return row


async def access_price_plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> PricePlanRow:
    """Return a price plan that the caller can see: its own organisation's; any for platform and authorities.

    :raises NotFound: there is none, or the caller cannot see it.
    """
    return _found(await repository.get_visible(session, actor, plan_id), plan_id)


async def list_price_plans(
    session: AsyncSession, actor: Actor, page: PageRequest
) -> tuple[Sequence[PricePlanRow], str | None]:
    """Return a page of the price plans that the caller can see, newest first, and the next cursor."""
    return await repository.list_visible(session, actor, page)


async def get_plan(session: AsyncSession, plan_id: UUID) -> PricePlan:
    """Return the plan to price with; for floors above, which decide themselves who may see what it prices.

    :raises NotFound: there is no such plan.
    """
    row = _found(await repository.get(session, plan_id), plan_id)
    return PricePlan(
        id=row.id,
        organisation_id=row.organisation_id,
        name_zh=row.name_zh,
        name_en=row.name_en,
        currency=row.currency,
        charges=read_charges(row.charges, row.currency, ACCEPTED),
        supersedes=row.supersedes,
    )


def _found(row: PricePlanRow | None, plan_id: UUID) -> PricePlanRow:
    if row is None:
        raise NotFound(
            Message("There is no price plan {plan_id}.", plan_id=plan_id),
            remedy=Message("GET /v1/price-plans lists yours."),
        )
    return row
