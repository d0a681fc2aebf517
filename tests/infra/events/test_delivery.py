"""Events reach their subscribers once in effect, in order per subject, whatever fails meanwhile."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from infra.audit import service as audit
from infra.auth import SYSTEM
from infra.db import AsyncSession, SessionMaker, new_id, transaction
from infra.events import domain, service
from infra.events.domain import DeliveryStatus, Event
from infra.events.kinds import EventKind
from infra.settings import Settings
from tests.support.database import TestDatabase
from tests.support.events import KIND, delivering, effects, publish, subscriber, until


async def statuses(sessions: SessionMaker, name: str) -> list[str]:
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT status FROM event_deliveries WHERE subscriber = :name ORDER BY sequence"),
            {"name": name},
        )
        return [row.status for row in rows]


async def test_an_event_exists_exactly_when_its_effect_does(sessions: SessionMaker) -> None:
    subject = new_id()

    async def publish_and_fail() -> None:
        async with transaction(sessions) as session:
            await service.publish(session, KIND, subject_id=subject, organisations=[])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await publish_and_fail()
    kept = await publish(sessions, subject)
    assert kept.sequence == 1
    async with sessions() as session:
        count = await session.scalar(
            sa.text("SELECT count(*) FROM events WHERE subject_id = :id"), {"id": subject}
        )
    assert count == 1


async def test_events_cannot_be_changed(database: TestDatabase, sessions: SessionMaker) -> None:
    event = await publish(sessions, new_id())
    for url, refusal in (
        (database.owner_url, asyncpg.RestrictViolationError),
        (database.service_url, asyncpg.InsufficientPrivilegeError),
    ):
        connection = await asyncpg.connect(url)
        for statement in ("UPDATE events SET kind = 'x' WHERE id = $1", "DELETE FROM events WHERE id = $1"):
            with pytest.raises(refusal):
                await connection.execute(statement, event.id)
        await connection.close()


async def test_events_arrive_within_a_second_and_keep_what_they_say(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    arrived: list[tuple[Event, float]] = []

    async def handler(_: AsyncSession, event: Event) -> None:
        arrived.append((event, perf_counter()))

    async with delivering(database, settings, sessions, [listener := subscriber(handler)]):
        await asyncio.sleep(0.3)
        started = perf_counter()
        event = await publish(sessions, new_id(), amount="1.50")
        await until(lambda: arrived)
        await until(lambda: _all_delivered(sessions, listener.name))
    assert arrived[0][0] == event
    # The notification wakes the worker: far less than the second that it polls at.
    assert arrived[0][1] - started < 0.8


async def _all_delivered(sessions: SessionMaker, name: str, count: int = 1) -> bool:
    found = await statuses(sessions, name)
    return len(found) == count and set(found) == {DeliveryStatus.DELIVERED}


async def test_concurrent_publishers_and_failures_leave_the_order_of_each_subject(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    subjects = [new_id() for _ in range(4)]
    handled: dict[UUID, list[int]] = defaultdict(list)
    committed: dict[UUID, list[int]] = defaultdict(list)
    tried: set[UUID] = set()

    async def handler(session: AsyncSession, event: Event) -> None:
        if event.sequence % 4 == 0 and event.id not in tried:
            tried.add(event.id)
            raise ZeroDivisionError
        await session.execute(sa.select(sa.func.pg_sleep(0.001)))
        handled[event.subject_id].append(event.sequence)

    async def publisher(number: int) -> None:
        for turn in range(15):
            subject = subjects[(number + turn) % len(subjects)]
            async with transaction(sessions) as session:
                event = await service.publish(session, KIND, subject_id=subject, organisations=[])
                # Whoever has the number holds the lock: nobody gets a later one before this commit.
                await asyncio.sleep(0.001 * (number % 3))
                committed[subject].append(event.sequence)

    listener = subscriber(handler)
    # Two workers at once, as in an installation with several.
    async with (
        delivering(database, settings, sessions, [listener]),
        delivering(database, settings, sessions, [listener]),
    ):
        await asyncio.gather(*(publisher(number) for number in range(6)))
        await until(lambda: _all_delivered(sessions, listener.name, 90), seconds=60)
    for subject in subjects:
        expected = list(range(1, len(committed[subject]) + 1))
        assert committed[subject] == expected
        assert handled[subject] == expected
    assert sum(map(len, handled.values())) == 90
    assert tried


async def test_the_next_number_is_given_after_the_commit_of_the_one_before(sessions: SessionMaker) -> None:
    subject = new_id()
    async with transaction(sessions) as session:
        first = await service.publish(session, KIND, subject_id=subject, organisations=[])
        waiting = asyncio.create_task(publish(sessions, subject))
        other = await asyncio.wait_for(publish(sessions, new_id()), 5)
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert (first.sequence, (await waiting).sequence, other.sequence) == (1, 2, 1)


async def test_positions_in_the_outbox_follow_the_commits_even_where_ids_do_not(
    database: TestDatabase, settings: Settings, sessions: SessionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, earlier_id = new_id(), new_id()
    handled: list[int] = []

    async def handler(_: AsyncSession, event: Event) -> None:
        handled.append(event.sequence)

    await publish(sessions, subject)
    with monkeypatch.context() as patch:
        # A second machine whose clock is behind.
        patch.setattr("infra.events.service.new_id", lambda: earlier_id)
        await publish(sessions, subject)
    monkeypatch.setattr("infra.events.service.DISPATCH_BATCH", 1)
    async with delivering(database, settings, sessions, [listener := subscriber(handler)]):
        await until(lambda: _all_delivered(sessions, listener.name, 2))
    assert handled == [1, 2]


async def test_a_handler_that_fails_leaves_no_effect_and_is_tried_again(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    attempts = 0

    async def handler(session: AsyncSession, event: Event) -> None:
        nonlocal attempts
        attempts += 1
        await audit.record(
            session, SYSTEM, action="test.handled", subject_kind="test", subject_id=event.subject_id
        )
        if attempts < 3:
            raise ZeroDivisionError("no luck")

    subject = new_id()
    async with delivering(database, settings, sessions, [listener := subscriber(handler)]):
        await publish(sessions, subject)
        await until(lambda: _all_delivered(sessions, listener.name))
    assert attempts == 3
    assert await effects(database, subject) == ["test.handled"]


async def test_a_subscriber_hears_only_its_kinds(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    heard: list[Event] = []

    async def handler(_: AsyncSession, event: Event) -> None:
        heard.append(event)

    listener = subscriber(handler)
    async with delivering(database, settings, sessions, [listener]):
        async with transaction(sessions) as session:
            await service.publish(session, EventKind.LICENCE_STOPPED, subject_id=new_id(), organisations=[])
        wanted = await publish(sessions, new_id())
        await until(lambda: _all_delivered(sessions, listener.name))
    assert [event.id for event in heard] == [wanted.id]


async def test_a_handler_that_hangs_is_cut_off(
    database: TestDatabase, settings: Settings, sessions: SessionMaker
) -> None:
    async def handler(_: AsyncSession, __: Event) -> None:
        await asyncio.sleep(60)

    listener = replace(subscriber(handler, attempts=1), timeout=timedelta(seconds=0.2))
    async with delivering(database, settings, sessions, [listener]):
        await publish(sessions, new_id())
        await until(lambda: _is_dead(sessions, listener.name))


async def _is_dead(sessions: SessionMaker, name: str) -> bool:
    return await statuses(sessions, name) == [DeliveryStatus.DEAD]


def test_delays_double_up_to_five_minutes() -> None:
    seconds = [domain.retry_delay(attempts).total_seconds() for attempts in range(1, 12)]
    assert seconds == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert sum(seconds[:9]) / 60 == pytest.approx(8.5, abs=0.1)


def test_what_is_kept_of_an_error_is_bounded_text() -> None:
    assert domain.error_text(ValueError("a\0b")) == "ValueError: ab"
    assert len(domain.error_text(ValueError("x" * 9000))) == domain.ERROR_LENGTH
