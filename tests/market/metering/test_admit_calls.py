"""The admission function, called as the flusher calls it."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from infra.auth import SYSTEM
from infra.db import SessionMaker, new_id, now, transaction
from infra.stops import service as stops
from infra.units import UnitVector
from market.metering import service
from market.metering.admission_sql import admit
from market.metering.domain import Call, Decision, Outcome
from tests.support.database import TestDatabase
from tests.support.metering import Connection, LicenceMaker, call_for, close_period, counted, recorded


async def decide(connection: Connection, *calls: Call) -> list[Decision]:
    return await admit(connection, calls, seconds=10)


def outcomes(decisions: list[Decision]) -> list[Outcome]:
    return [decision.outcome for decision in decisions]


async def test_an_admitted_call_is_recorded_and_counted(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 10, "rows": 100})
    call = call_for(licence_id, rows=30, size=512)
    (decision,) = await decide(connection, call)
    assert decision.outcome is Outcome.ADMITTED
    assert (decision.record_id, decision.period_no) == (call.record_id, 1)
    assert decision.left_by_unit == {"calls": 9, "rows": 70}
    row = await connection.fetchrow("SELECT * FROM usage_records WHERE licence_id = $1", licence_id)
    assert (row["record_id"], row["units_1"], row["units_2"], row["units_3"]) == (call.record_id, 1, 30, 512)
    assert (row["digest"], row["purpose"], row["recorded_at"]) == (
        call.digest,
        "research",
        decision.recorded_at,
    )
    assert await counted(connection, licence_id) == UnitVector(calls=1, rows=30, bytes=512)


async def test_without_a_quota_nothing_runs_out(connection: Connection, make_licence: LicenceMaker) -> None:
    licence_id = await make_licence()
    (decision,) = await decide(connection, call_for(licence_id, rows=2**31 - 1))
    assert (decision.outcome, decision.left_by_unit) == (Outcome.ADMITTED, {})


async def test_a_refused_call_leaves_its_share_to_the_next_smaller_one(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"rows": 100})
    sizes = (60, 50, 40, 1, 0)
    decisions = await decide(connection, *(call_for(licence_id, rows=size) for size in sizes))
    admitted, refused = Outcome.ADMITTED, Outcome.QUOTA_EXCEEDED
    assert outcomes(decisions) == [admitted, refused, admitted, refused, admitted]
    assert decisions[0].left_by_unit["rows"] == 0
    assert (
        await counted(connection, licence_id)
        == await recorded(connection, licence_id)
        == UnitVector(calls=3, rows=100, bytes=3_000)
    )


async def test_the_quota_of_one_licence_does_not_touch_another(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    small, large = await make_licence(quotas={"calls": 1}), await make_licence(quotas={"calls": 3})
    decisions = await decide(connection, *(call_for(licence_id) for licence_id in (large, small) * 2))
    assert outcomes(decisions) == [Outcome.ADMITTED] * 3 + [Outcome.QUOTA_EXCEEDED]
    assert [decision.left_by_unit["calls"] for decision in decisions] == [1, 0, 1, 0]


async def test_a_repeat_is_answered_with_the_first_record_and_not_billed(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 1})
    first = call_for(licence_id, key="order-1")
    await decide(connection, first)
    (again,) = await decide(connection, call_for(licence_id, key="order-1"))
    assert (again.outcome, again.record_id, again.left_by_unit) == (
        Outcome.REPEATED,
        first.record_id,
        {"calls": 0},
    )
    assert await counted(connection, licence_id) == UnitVector(calls=1, rows=10, bytes=1_000)


async def test_repeats_within_one_batch_are_recognised(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    calls = [
        call_for(licence_id, key="a"),
        call_for(licence_id, key="a"),
        call_for(licence_id, key="a", request="other"),
        call_for(licence_id, key="b"),
        call_for(licence_id),
    ]
    decisions = await decide(connection, *calls)
    assert outcomes(decisions) == ["admitted", "repeated", "key_conflict", "admitted", "admitted"]
    assert decisions[1].record_id == calls[0].record_id
    assert await counted(connection, licence_id) == UnitVector(calls=3, rows=30, bytes=3_000)


async def test_a_key_without_its_call_admitted_is_free_again(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"rows": 50})
    decisions = await decide(
        connection,
        call_for(licence_id, key="k", request="big", rows=60),
        call_for(licence_id, key="k", rows=50),
    )
    assert outcomes(decisions) == [Outcome.QUOTA_EXCEEDED, Outcome.ADMITTED]


async def test_the_same_key_with_another_request_is_a_conflict(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id, other = await make_licence(), await make_licence()
    await decide(connection, call_for(licence_id, key="k"))
    decisions = await decide(
        connection,
        call_for(licence_id, key="k", request="another"),
        call_for(other, key="k", request="another"),
    )
    assert outcomes(decisions) == [Outcome.KEY_CONFLICT, Outcome.ADMITTED]  # keys are each licence's own


async def test_the_same_batch_sent_again_changes_nothing(
    connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 5})
    batch = [call_for(licence_id), call_for(licence_id, key="k"), call_for(licence_id)]
    first, second = await decide(connection, *batch), await decide(connection, *batch)
    assert outcomes(second) == [Outcome.ADMITTED] * 3, "answered as the calls they are, not as repeats"
    assert [decision.record_id for decision in second] == [decision.record_id for decision in first]
    assert (
        await recorded(connection, licence_id)
        == await counted(connection, licence_id)
        == UnitVector(calls=3, rows=30, bytes=3_000)
    )


async def test_a_stop_placed_ahead_refuses_from_its_instant_on_and_not_before(
    connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker
) -> None:
    resource_id = new_id()
    licence_id = await make_licence(resource_id=resource_id)
    async with transaction(sessions) as session:
        ends_at = await now(session) + timedelta(milliseconds=400)
        placed = await stops.place(
            session,
            SYSTEM,
            subject_kind="registration",
            subject_id=resource_id,
            reason="Its time is over",
            begins_at=ends_at,
        )
        assert not await stops.active(session, [resource_id])
        assert placed.begins_at == ends_at
    decided = [(await decide(connection, call_for(licence_id)))[0] for _ in range(3)]
    while (last := (await decide(connection, call_for(licence_id)))[0]).outcome is Outcome.ADMITTED:
        decided.append(last)
    # By the clock that records calls, to the instant: no job ran, and nobody wrote anything in between.
    assert outcomes(decided) == [Outcome.ADMITTED] * len(decided)
    assert max(decision.recorded_at for decision in decided) < ends_at <= last.recorded_at
    assert (last.outcome, last.reason) == (Outcome.STOPPED, "Its time is over")
    async with transaction(sessions) as session:
        assert [stop.id for stop in await stops.active(session, [resource_id])] == [placed.id]


async def test_a_stop_to_come_is_lifted_before_it_begins(sessions: SessionMaker) -> None:
    subject_id = new_id()
    async with transaction(sessions) as session:
        begins_at = await now(session) + timedelta(days=1)
        of_thing = {"subject_kind": "registration", "subject_id": subject_id, "reason": "Ends"}
        await stops.place(session, SYSTEM, **of_thing, begins_at=begins_at)  # type: ignore[arg-type]
        # Of another kind on the same thing: it stays.
        await stops.place(session, SYSTEM, subject_kind="resource", subject_id=subject_id, reason="Other")
    async with transaction(sessions) as session:
        (lifted,) = await stops.lift(session, SYSTEM, **of_thing)  # type: ignore[arg-type]
        assert lifted.begins_at == begins_at
        assert [stop.reason for stop in await stops.active(session, [subject_id])] == ["Other"]


@pytest.mark.parametrize("link", ["licence", "agreement", "product", "further"])
async def test_a_stop_on_any_link_refuses_the_next_call_until_it_is_lifted(
    connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker, link: str
) -> None:
    authorisation_id = new_id()
    licence_id = await make_licence(authorisation_id=authorisation_id)
    row = await connection.fetchrow("SELECT * FROM licence_counters WHERE licence_id = $1", licence_id)
    subject_id: UUID = {"further": authorisation_id}.get(link) or row[f"{link}_id"]
    async with transaction(sessions) as session:
        await stops.place(
            session, SYSTEM, subject_kind=link, subject_id=subject_id, reason="Review of a complaint"
        )
    decisions = await decide(connection, call_for(licence_id), call_for(await make_licence()))
    assert outcomes(decisions) == [Outcome.STOPPED, Outcome.ADMITTED]
    assert decisions[0].reason == "Review of a complaint"
    async with transaction(sessions) as session:
        await stops.lift(
            session, SYSTEM, subject_kind=link, subject_id=subject_id, reason="Nothing was found"
        )
    assert outcomes(await decide(connection, call_for(licence_id))) == [Outcome.ADMITTED]
    assert await counted(connection, licence_id) == UnitVector(calls=1, rows=10, bytes=1_000)


async def test_a_repeat_is_answered_only_while_the_licence_lives(
    connection: Connection, make_licence: LicenceMaker, sessions: SessionMaker
) -> None:
    licence_id = await make_licence()
    await decide(connection, call_for(licence_id, key="k"))
    async with transaction(sessions) as session:
        await stops.place(session, SYSTEM, subject_kind="licence", subject_id=licence_id, reason="Ended")
    assert outcomes(await decide(connection, call_for(licence_id, key="k"))) == [Outcome.STOPPED]


async def test_calls_outside_the_term_are_refused(connection: Connection, make_licence: LicenceMaker) -> None:
    early = await make_licence(starts=timedelta(hours=1))
    late = await make_licence(starts=timedelta(days=-2), ends=timedelta(days=-1))
    decisions = await decide(connection, call_for(early), call_for(late), call_for(new_id()))
    assert outcomes(decisions) == [Outcome.NOT_YET_VALID, Outcome.EXPIRED, Outcome.UNKNOWN]
    assert decisions[2].period_no is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE usage_records SET units_2 = 0",
        "DELETE FROM usage_records",
        "TRUNCATE usage_records",
        "DELETE FROM usage_records_p_default",
        "UPDATE usage_keys SET key = ''",
        "DELETE FROM usage_keys",
        "DELETE FROM usage_periods",
        "DELETE FROM licence_counters",
        "INSERT INTO licence_counters SELECT * FROM licence_counters",
        "UPDATE licence_counters SET used_1 = 0",
        "UPDATE licence_counters SET quota_1 = NULL",
        "UPDATE licence_counters SET links = '{}'",
        "INSERT INTO usage_records SELECT * FROM usage_records",
        "INSERT INTO usage_records_p_default SELECT * FROM usage_records",
        "INSERT INTO usage_keys SELECT * FROM usage_keys",
        "INSERT INTO usage_periods SELECT * FROM usage_periods",
        "INSERT INTO usage_purposes SELECT * FROM usage_purposes",
        "UPDATE usage_purposes SET units_1 = 0",
        "DELETE FROM usage_purposes",
        "UPDATE licence_tokens SET ended_at = NULL, end_reason = NULL",
        "DELETE FROM licence_tokens",
        "ALTER TABLE usage_records DISABLE TRIGGER ALL",
    ],
)
async def test_the_service_cannot_change_what_was_recorded(connection: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)


@pytest.mark.parametrize("verb", ["UPDATE {} SET licence_id = licence_id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_not_even_the_owner_changes_records_by_accident(
    connection: Connection,
    make_licence: LicenceMaker,
    sessions: SessionMaker,
    database: TestDatabase,
    verb: str,
) -> None:
    licence_id = await make_licence()
    await decide(connection, call_for(licence_id, key="k"))
    async with transaction(sessions) as session:
        await close_period(session, licence_id, 1)
        assert await service.confirm_period(session, licence_id, 1) == 0
    owner = await asyncpg.connect(database.owner_url)
    try:
        names = [
            row["name"]
            for row in await owner.fetch(
                "SELECT relname AS name FROM pg_class WHERE relname LIKE 'usage_records%' AND relkind IN ('r', 'p')"
            )
        ]
        assert len(names) >= 4
        for name in [*names, "usage_keys", "usage_periods"]:
            with pytest.raises(asyncpg.RestrictViolationError):
                await owner.execute(verb.format(name))
    finally:
        await owner.close()
