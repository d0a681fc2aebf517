"""How far deliveries of events are behind, as gauges."""

from collections.abc import Sequence

from infra.db import AsyncSession
from infra.events import repository
from infra.events.subscribers import Subscriber
from infra.samples import Sample

OUTBOX = "(outbox)"
"""Stands for all subscribers, of events that were not given to any yet."""


def samples(subscribers: Sequence[Subscriber]) -> tuple[Sample, ...]:
    """Age of the oldest event that is not delivered, and number of dead letters, by subscriber."""
    names = [subscriber.name for subscriber in subscribers]

    async def lag(session: AsyncSession) -> dict[str, float]:
        behind = await repository.lags(session)
        waiting = {OUTBOX: await repository.outbox_age(session)}
        return waiting | {name: behind.get(name, 0.0) for name in names}

    async def dead(session: AsyncSession) -> dict[str, float]:
        held = await repository.dead_letter_counts(session)
        return {name: held.get(name, 0.0) for name in names}

    return (
        Sample("market.events.lag", "Age of the oldest event not delivered yet", "s", "subscriber", lag),
        Sample("market.events.dead_letters", "Events held for a person", "", "subscriber", dead),
    )
