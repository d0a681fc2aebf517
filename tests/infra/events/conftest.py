"""Each test of deliveries begins with an empty outbox and without delays."""

import pytest

from infra.db import SessionMaker, transaction
from infra.events import domain, service


@pytest.fixture(autouse=True)
async def nothing_waits(sessions: SessionMaker) -> None:
    """Give what other tests published to nobody."""
    left = 1
    while left:
        async with transaction(sessions) as session:
            left = await service.dispatch(session, [])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    monkeypatch.setattr("infra.events.runner.retry_delay", lambda _: domain.FIRST_DELAY / 50)
