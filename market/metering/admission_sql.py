"""The one statement of the hot path, on asyncpg: a batch of calls in, a decision for each out."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg

from infra import units
from market.metering.domain import Call, Decision, Outcome

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


@cache
def _statement(arguments: int) -> str:
    numbered = ", ".join(f"${number}" for number in range(1, arguments + 1))
    return f"SELECT * FROM admit_calls({numbered})"  # noqa: S608 -- numbers of our own


async def admit(
    connection: "asyncpg.Connection[Any]", calls: Sequence[Call], *, seconds: float
) -> list[Decision]:
    """Have the database decide on a batch. The decisions are committed when this returns.

    :param calls: in order of arrival.
    :param seconds: when they pass, or the connection is lost, the batch may or may not be committed, and
        sending the same calls again is safe.
    """
    registry = units.UNITS
    slots: dict[UUID, int] = {}
    places = [slots.setdefault(call.licence_id, len(slots) + 1) for call in calls]
    _, records, keys, digests, revisions, purposes, clients, tokens, counted, asked, scenarios, regions = zip(
        *calls, strict=True
    )
    arguments = [
        list(slots),
        places,
        records,
        keys,
        digests,
        revisions,
        purposes,
        clients,
        tokens,
        scenarios,
        regions,
        *zip(*[vector.amounts for vector in counted], strict=True),
        *([bounds.get(unit.code, 0) for bounds in asked] for unit in registry.bounded),
    ]
    answer = await connection.fetchrow(_statement(len(arguments)), *arguments, timeout=seconds)
    assert answer is not None
    recorded_at, periods, reasons, *remaining, outcomes, first_records = answer
    lefts = list(zip(*remaining, strict=True))
    decisions = []
    for call, place, name, first in zip(calls, places, outcomes, first_records, strict=True):
        outcome = _OUTCOMES[name]
        if outcome is Outcome.REPEATED and first == call.record_id:
            outcome = Outcome.ADMITTED  # by the first sending of this very call, whose answer was lost
        record_id = (
            call.record_id if outcome is Outcome.ADMITTED else first if outcome is Outcome.REPEATED else None
        )
        slot = place - 1
        decisions.append(Decision(outcome, record_id, recorded_at, periods[slot], lefts[slot], reasons[slot]))
    return decisions
