"""Deliveries seen from outside: how far they are behind, and whose trace they continue."""

import asyncio

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from infra.db import AsyncSession, SessionMaker, new_id, transaction
from infra.events import service
from infra.events.domain import Event
from infra.events.samples import OUTBOX, samples
from infra.events.subscribers import Subscriber
from infra.settings import Settings
from infra.telemetry import trace_id
from tests.support.database import TestDatabase
from tests.support.events import delivering, publish, subscriber, until

TRACE = 0x4BF92F3577B34DA6A3CE929D0E0E4736


async def figures(sessions: SessionMaker, listener: Subscriber) -> dict[str, dict[str, float]]:
    async with transaction(sessions) as session:
        return {sample.name: dict(await sample.read(session)) for sample in samples([listener])}


async def test_lag_is_the_age_of_the_oldest_event_not_delivered(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    failing = True

    async def handler(_: AsyncSession, __: Event) -> None:
        if failing:
            raise ZeroDivisionError

    listener = subscriber(handler, attempts=1)
    nothing = {"market.events.lag": {OUTBOX: 0.0, listener.name: 0.0}}
    assert (await figures(sessions, listener)).items() >= nothing.items()
    subject = new_id()
    await publish(sessions, subject)
    await asyncio.sleep(0.2)
    lag = (await figures(sessions, listener))["market.events.lag"]
    assert lag[OUTBOX] >= 0.2
    assert lag[listener.name] == 0
    async with transaction(sessions) as session:
        await service.dispatch(session, [listener])
    lag = (await figures(sessions, listener))["market.events.lag"]
    assert lag[OUTBOX] == 0
    assert lag[listener.name] >= 0.2
    async with delivering(database, settings, sessions, [listener]):
        await until(lambda: _dead(sessions, listener))
        failing = False
        await publish(sessions, subject)
        await asyncio.sleep(0.3)
    # The later one is held back by the dead letter, and counts.
    assert (await figures(sessions, listener))["market.events.lag"][listener.name] > 0


async def _dead(sessions: SessionMaker, listener: Subscriber) -> bool:
    return (await figures(sessions, listener))["market.events.dead_letters"][listener.name] == 1


async def test_a_handler_continues_the_publishers_trace(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    seen: list[str | None] = []

    async def handler(_: AsyncSession, __: Event) -> None:
        seen.append(trace_id())

    context = SpanContext(TRACE, 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    async with delivering(database, settings, sessions, [subscriber(handler)]):
        with trace.use_span(NonRecordingSpan(context)):
            await publish(sessions, new_id())
        await until(lambda: seen)
        await publish(sessions, new_id())
        await until(lambda: len(seen) == 2)
    assert seen == [format(TRACE, "032x"), None]
