"""Data calls are counted by product, and handed over without being in anybody's way."""

from typing import Any

import pytest

from infra.db import SessionMaker, new_id, transaction
from infra.errors import Unavailable
from infra.messages import Message
from market.delivery.call_counts import CallCounter
from quality.observations import service as observations
from quality.observations.domain import CallCounts
from quality.score import Measure
from tests.support.delivery import Shop


async def test_what_the_service_cannot_answer_failed_and_what_a_caller_did_wrong_is_no_call(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = shop.app.state.data_plane
    counter = plane.calls
    counter.take()
    token = shop.token(new_id())
    await shop.call(token, "limit=0")
    assert (await shop.call(None)).status_code == 401
    assert counter.take() == {}

    async def unavailable(**_: Any) -> None:
        raise Unavailable(Message("Busy."), remedy=Message("Wait."), retry_after=1)

    async def broken(**_: Any) -> None:
        raise RuntimeError("a fault of ours")

    for failing in (unavailable, broken):
        with monkeypatch.context() as patch:
            patch.setattr(plane, "records", failing)
            assert (await shop.call(token)).status_code >= 500
    found = counter.take()[shop.product_id]
    assert (found.calls, found.succeeded) == (2, 0)


async def test_counts_are_handed_over_once_and_kept_while_they_cannot_be(
    sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, product = CallCounter(), new_id()
    await counter.flush(sessions)
    counter.add(product, 0.25, succeeded=True)
    counter.add(product, 0.05, succeeded=False)

    async def fails(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(observations, "record_calls", fails)
        with pytest.raises(ConnectionError):
            await counter.flush(sessions)
    counter.add(product, 0.1, succeeded=True)
    await counter.flush(sessions)
    assert counter.take() == {}
    async with transaction(sessions) as session:
        assert (await observations.get(session, product)).accessibility == Measure(2, 3)
    counter.put_back({product: CallCounts(1, 1, 7)})
    assert counter.take() == {product: CallCounts(1, 1, 7)}
