"""What the service observes of products becomes evidence of two dimensions, and none without any."""

from datetime import timedelta

import pytest

from infra.db import AsyncSession, new_id, now
from quality.checks import Dimension
from quality.observations import service
from quality.observations.domain import CallCounts, Observations
from quality.score import Measure


async def test_calls_add_up_and_promises_are_replaced(session: AsyncSession) -> None:
    product, other = new_id(), new_id()
    assert await service.get(session, product) == Observations()
    assert Observations().by_dimension() == {}
    await service.record_calls(session, {})
    for _ in range(2):
        await service.record_calls(session, {product: CallCounts(10, 9, 250), other: CallCounts(1, 1, 5)})
    for in_time in (3, 4):
        await service.record_timeliness(session, {product: (in_time, 12)})
    await service.record_timeliness(session, {other: (0, 0)})
    seen = await service.get(session, product)
    assert seen == Observations(timeliness=Measure(4, 12), accessibility=Measure(18, 20))
    assert seen.by_dimension() == {
        Dimension.TIMELINESS: Measure(4, 12),
        Dimension.ACCESSIBILITY: Measure(18, 20),
    }
    # No period was looked at yet: that is no evidence.
    assert await service.get(session, other) == Observations(accessibility=Measure(2, 2))
    moment = await now(session)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    found = await service.get_calls(session, [product, new_id()], hour, hour + timedelta(hours=1))
    assert found == {product: CallCounts(20, 18, 500)}
    assert await service.get_calls(session, [product], hour + timedelta(hours=1), moment) == {}
    assert {product, other} <= set(await service.list_called(session, hour, hour + timedelta(hours=1)))


async def test_calls_of_any_number_of_products_are_taken_at_once(session: AsyncSession) -> None:
    """A statement of PostgreSQL has 32,767 parameters at most."""
    called = [new_id() for _ in range(7_000)]
    for _ in range(2):
        await service.record_calls(session, dict.fromkeys(called, CallCounts(2, 1, 3)))
    assert (await service.get(session, called[-1])).accessibility == Measure(2, 4)


def test_no_more_succeed_than_there_are() -> None:
    assert CallCounts(1, 0, 3) + CallCounts(2, 2, 4) == CallCounts(3, 2, 7)
    with pytest.raises(AssertionError):
        CallCounts(1, 2, 0)
