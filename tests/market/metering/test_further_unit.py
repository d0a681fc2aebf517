"""A further summed unit is one entry in the registry: everything else follows from it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from contracts.agreements.schemas import OrderCreate
from infra import units
from infra.db import SessionMaker, create_engine, create_sessions, transaction
from infra.labels import Label
from infra.migrations import runner
from infra.paging import PageRequest
from infra.units import Aggregation, Registry, Unit, UnitVector
from market.delivery.api import headers_of
from market.delivery.engine import RenderedPage
from market.delivery.service import MeteredResponse
from market.metering import repository, service
from market.metering.admission_sql import admit
from market.metering.domain import Decision, Outcome, UsageRecordStatus
from market.metering.schemas import UsageRecordRead
from market.metering.service import KnownRecord
from market.settlement.reconciliation.checks import usage as usage_check
from pricing.money import Money
from pricing.plans.domain import PricePlan, read_charges
from pricing.quotes.context import QuoteContext
from pricing.quotes.domain import quote
from pricing.regulated.purposes import PurposeClass
from tests.pricing.strategies import LIMITS
from tests.support.database import TestDatabase, TestServer
from tests.support.metering import LicenceMaker, call_for, close_period, counted, licences, recorded

SECONDS = Unit(
    "seconds", 4, Aggregation.SUM, Label("计算秒数", "Seconds"), "second", "seconds", "秒", "计算", quota=True
)


@dataclass(frozen=True)
class Metered:
    """A database brought up to date by `market migrate` after the unit was registered.

    :ivar older: a licence from before, with one call.
    """

    connection: Any
    owner: Any
    sessions: SessionMaker
    make_licence: LicenceMaker
    older: UUID

    async def decide(self, licence_id: UUID, *seconds: int) -> list[Decision]:
        calls = [
            call_for(licence_id)._replace(units=UnitVector(calls=1, rows=2, seconds=number))
            for number in seconds
        ]
        return await admit(self.connection, calls, seconds=10)


@pytest.fixture
async def metered(test_server: TestServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Metered]:
    async with test_server.copy() as made:
        engine = create_engine(made.service_url)
        sessions = create_sessions(engine)
        older = await licences(made.owner_url)(quotas={"calls": 5})
        before = await asyncpg.connect(made.service_url)
        await admit(before, [call_for(older)], seconds=10)
        await before.close()
        monkeypatch.setattr(units, "UNITS", Registry((*units.UNITS, SECONDS)))
        with pytest.raises(runner.SchemaMismatch, match=r"other metered units .* run `market migrate`"):
            await runner.check(made.service_url)
        await migrate(made)
        await runner.check(made.service_url)
        connection = await asyncpg.connect(made.service_url)
        owner = await asyncpg.connect(made.owner_url)
        yield Metered(connection, owner, sessions, licences(made.owner_url), older)
        await connection.close()
        await owner.close()
        await engine.dispose()


async def migrate(database: TestDatabase) -> None:
    role = sa.make_url(database.service_url).username
    assert role is not None
    await runner.upgrade(database.owner_url, runner.ServiceLogin(role, None))


async def test_it_is_counted_limited_recorded_and_summed_up_by_period(metered: Metered) -> None:
    licence_id = await metered.make_licence(quotas={"seconds": 10})
    decisions = await metered.decide(licence_id, 4, 7, 5)
    assert [decision.outcome for decision in decisions] == [
        Outcome.ADMITTED,
        Outcome.QUOTA_EXCEEDED,
        Outcome.ADMITTED,
    ]
    assert decisions[0].left_by_unit == {"seconds": 1}
    used = UnitVector(calls=2, rows=4, seconds=9)
    assert await counted(metered.connection, licence_id) == used
    assert await recorded(metered.connection, licence_id) == used
    async with transaction(metered.sessions) as session:
        assert (await close_period(session, licence_id, 1)).units == used
        assert (await service.used_by_purpose(session, licence_id, 1))["research"] == used
        assert (await close_period(session, licence_id, 2)).units == UnitVector()
        assert await service.differences(session) == []
        ((record, _), _) = await repository.list_records(
            session, licence_id, PageRequest(10, None), period_no=1
        )
        shown = UsageRecordRead.of(KnownRecord(record, UsageRecordStatus.ANSWERED, None, None, licence_id))
        assert shown.units["seconds"] in (4, 5)


async def test_what_differs_in_it_alone_is_found(metered: Metered) -> None:
    licence_id = await metered.make_licence()
    await metered.decide(licence_id, 3)
    await metered.owner.execute(
        "UPDATE licence_counters SET used_4 = 5, period_4 = 5 WHERE licence_id = $1", licence_id
    )
    async with transaction(metered.sessions) as session:
        (found,) = await service.differences(session)
        (broken,) = await usage_check.check(session, datetime.now(UTC))
    assert (found.counted["seconds"], found.recorded["seconds"]) == (5, 3)
    assert (broken.difference, broken.subject) == (2, f"{licence_id}/1")
    assert "5 seconds" in broken.explanation


async def test_it_is_rated_and_said_in_both_languages(metered: Metered) -> None:
    charge = {"model": "per_unit", "metric": "seconds", "unit_price": "0.5", "allowance": 2}
    plan = PricePlan(
        UUID(int=1), UUID(int=2), None, "Computing", "CNY", read_charges([charge], "CNY", LIMITS)
    )
    context = QuoteContext(PurposeClass.INDUSTRY, frozenset())
    rated = quote(plan, UnitVector(calls=2, seconds=9), context)
    assert rated.total == Money(350, "CNY")
    (line,) = rated.lines
    assert (line.metric, line.quantity, line.exact) == ("seconds", 9, Decimal("3.5"))
    assert line.explanation.en.startswith("9 seconds, 2 within the free allowance")
    assert line.explanation.zh.startswith("9秒计算")


async def test_it_is_ordered_and_told_over_http(metered: Metered) -> None:
    order = {
        "product_id": str(UUID(int=1)),
        "purposes": ["industry"],
        "purpose_statement": "Computing on the data",
        "valid_until": "2030-01-01T00:00:00Z",
    }
    assert OrderCreate.model_validate(order | {"quotas": {"seconds": 60}}).quotas == {"seconds": 60}
    with pytest.raises(ValidationError, match="minutes"):
        OrderCreate.model_validate(order | {"quotas": {"minutes": 1}})
    licence_id = await metered.make_licence(quotas={"seconds": 60, "calls": 5})
    (decision,) = await metered.decide(licence_id, 4)
    page = RenderedPage(b"{}", UnitVector(calls=1, bytes=2, seconds=4))
    headers = dict(headers_of(MeteredResponse(page, UUID(int=1), decision)))
    assert headers[b"usage-units"] == b"calls=1, rows=0, bytes=2, seconds=4"
    assert headers[b"ratelimit"] == b'"calls";r=4, "seconds";r=56'


async def test_a_licence_from_before_the_unit_goes_on_and_counts_it_from_nothing(metered: Metered) -> None:
    (decision,) = await metered.decide(metered.older, 6)
    assert (decision.outcome, decision.left_by_unit) == (Outcome.ADMITTED, {"calls": 3})
    used = UnitVector(calls=2, rows=12, bytes=1000, seconds=6)
    assert await counted(metered.connection, metered.older) == used
    assert await recorded(metered.connection, metered.older) == used
    async with transaction(metered.sessions) as session:
        assert (await close_period(session, metered.older, 1)).units == used
