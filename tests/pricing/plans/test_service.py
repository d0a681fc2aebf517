"""Price plans against the real database: append-only, audited, one successor each."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from infra.audit.tables import AuditEntry
from infra.auth import Actor, OrganisationKind, Role
from infra.db import AsyncSession, new_id
from infra.errors import Forbidden, NotFound
from infra.identity.tables import Organisation
from infra.organisation_status import OrganisationStatus
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Parameter, Rules
from pricing.money import Money
from pricing.plans import service
from pricing.plans.errors import AlreadySuperseded, InvalidPricePlan
from pricing.plans.limits import plan_limits
from pricing.plans.schemas import PricePlanCreate
from pricing.quotes.context import quote_context
from pricing.quotes.domain import quote
from pricing.quotes.errors import RoundingNotSupported
from pricing.regulated.purposes import PurposeClass
from tests.support.database import TestDatabase


async def a_member(session: AsyncSession, kind: OrganisationKind = OrganisationKind.OPERATOR) -> Actor:
    """Somebody of a fresh organisation."""
    organisation = Organisation(
        id=new_id(),
        kind=kind,
        name_en="Harbour Data",
        status=OrganisationStatus.VERIFIED,
        registered_by=new_id(),
        registered_at=datetime.now(UTC),
    )
    session.add(organisation)
    await session.flush()
    return Actor(
        "person", new_id(), organisation.id, kind, frozenset({Role.DATA_OPERATOR}), organisation.status
    )


def a_plan(**changes: object) -> PricePlanCreate:
    return PricePlanCreate.model_validate(
        {
            "name_en": "Standard",
            "name_zh": "标准方案",
            "currency": "CNY",
            "charges": [
                {"model": "per_unit", "metric": "calls", "unit_price": "0.050", "allowance": 100},
                {"model": "per_unit", "metric": "rows", "unit_price": "0.00000001"},
            ],
            **changes,
        }
    )


async def test_a_plan_comes_back_exactly_and_prices(session: AsyncSession) -> None:
    operator = await a_member(session)
    row = await service.create(session, operator, a_plan())
    session.expire_all()
    plan = await service.get_plan(session, row.id)
    assert (plan.id, plan.organisation_id, plan.currency) == (row.id, operator.organisation_id, "CNY")
    rules = await rulebook.in_force(session)
    result = quote(plan, {"calls": 101, "rows": 10**8}, quote_context(rules, PurposeClass.INDUSTRY))
    assert [line.amount for line in result.lines] == [Money(5, "CNY"), Money(100, "CNY")]
    assert [stamp["key"] for stamp in result.rules] == [
        "pricing.public_purposes_are_free",
        "pricing.rounding",
    ]


async def test_the_rulebook_makes_public_purposes_free(session: AsyncSession) -> None:
    row = await service.create(session, await a_member(session), a_plan())
    plan = await service.get_plan(session, row.id)
    for purpose in (PurposeClass.PUBLIC_GOVERNANCE, PurposeClass.PUBLIC_WELFARE):
        context = quote_context(await rulebook.in_force(session), purpose)
        assert quote(plan, {"calls": 10**6}, context).total == Money(0, "CNY")


def test_a_rounding_that_is_not_carried_out_is_refused() -> None:
    rules = Rules({"pricing.rounding": Parameter("pricing.rounding", 2, "half-even")})
    with pytest.raises(RoundingNotSupported, match="half-even"):
        quote_context(rules, PurposeClass.INDUSTRY)


async def test_creation_is_audited_with_the_rules_it_was_decided_by(session: AsyncSession) -> None:
    operator = await a_member(session)
    row = await service.create(session, operator, a_plan())
    entry = (await session.exec(select(AuditEntry).where(col(AuditEntry.subject_id) == row.id))).one()
    assert (entry.action, entry.actor_id) == ("price_plan.created", operator.id)
    assert entry.detail["charges"][1]["unit_price"] == "0.00000001"
    assert [stamp["key"] for stamp in entry.rules] == [
        "pricing.max_allowance",
        "pricing.max_charges",
        "pricing.max_price_places",
        "pricing.max_unit_price",
    ]


async def test_a_new_version_supersedes_the_old_one_once(session: AsyncSession) -> None:
    operator = await a_member(session)
    first = await service.create(session, operator, a_plan())
    second = await service.create(session, operator, a_plan(supersedes=first.id))
    assert (await service.get_plan(session, second.id)).supersedes == first.id
    with pytest.raises(AlreadySuperseded):
        await service.create(session, operator, a_plan(supersedes=first.id))
    # The refusal left the transaction usable.
    await service.create(session, operator, a_plan(supersedes=second.id))


async def test_plans_of_others_cannot_be_seen_or_superseded(session: AsyncSession) -> None:
    operator, rival = await a_member(session), await a_member(session)
    row = await service.create(session, operator, a_plan())
    with pytest.raises(NotFound):
        await service.create(session, rival, a_plan(supersedes=row.id))
    with pytest.raises(NotFound):
        await service.access_price_plan(session, rival, row.id)
    with pytest.raises(NotFound):
        await service.get_plan(session, uuid4())
    page = PageRequest(limit=50, after=None)
    assert await service.list_price_plans(session, rival, page) == ([], None)
    for kind in (OrganisationKind.REGULATOR, OrganisationKind.PLATFORM):
        supervisor = await a_member(session, kind)
        assert (await service.access_price_plan(session, supervisor, row.id)).id == row.id


async def test_pages_are_newest_first(session: AsyncSession) -> None:
    operator = await a_member(session)
    made = [(await service.create(session, operator, a_plan())).id for _ in range(3)]
    rows, cursor = await service.list_price_plans(session, operator, PageRequest(limit=2, after=None))
    assert [row.id for row in rows] == [made[2], made[1]]
    assert cursor is not None
    rows, cursor = await service.list_price_plans(session, operator, PageRequest(limit=2, after=made[1]))
    assert ([row.id for row in rows], cursor) == ([made[0]], None)


@pytest.mark.parametrize("kind", [kind for kind in OrganisationKind if kind is not OrganisationKind.OPERATOR])
async def test_only_operators_ask_prices(session: AsyncSession, kind: OrganisationKind) -> None:
    with pytest.raises(Forbidden):
        await service.create(session, await a_member(session, kind), a_plan())


async def test_a_bad_plan_is_refused_by_the_limits_of_the_rulebook(session: AsyncSession) -> None:
    limits = plan_limits(await rulebook.in_force(session))
    assert (limits.max_charges, limits.max_price_places) == (20, 8)
    charges = [{"model": "per_unit", "metric": "calls", "unit_price": "0.000000001"}]
    with pytest.raises(InvalidPricePlan) as refused:
        await service.create(session, await a_member(session), a_plan(charges=charges))
    assert refused.value.problem()["errors"] == [
        {"at": "charges.0.unit_price", "problem": "has 9 decimal places; at most 8 are allowed"}
    ]


@pytest.mark.parametrize("change", ["UPDATE price_plans SET currency = 'USD'", "DELETE FROM price_plans"])
async def test_the_database_refuses_to_change_a_plan(session: AsyncSession, change: str) -> None:
    await service.create(session, await a_member(session), a_plan())
    with pytest.raises(DBAPIError, match="permission denied"):
        await session.execute(sa.text(change))


async def test_not_even_the_owner_of_the_schema_changes_a_plan(database: TestDatabase) -> None:
    owner = await asyncpg.connect(database.owner_url)
    try:
        for change in ("UPDATE price_plans SET currency = 'USD'", "DELETE FROM price_plans"):
            with pytest.raises(asyncpg.RestrictViolationError, match="kept as they were written"):
                await owner.execute(change)
        with pytest.raises(asyncpg.RestrictViolationError, match="TRUNCATE"):
            await owner.execute("TRUNCATE price_plans CASCADE")
    finally:
        await owner.close()
