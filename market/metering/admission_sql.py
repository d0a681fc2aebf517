"""The one statement of the hot path, on asyncpg: a batch of calls in, a decision for each out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from market.metering.domain import Call, Decision, Outcome

_STATEMENT = "SELECT * FROM admit_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_RECORDED = (Outcome.ADMITTED, Outcome.REPEATED)


async def admit(
    connection: "asyncpg.Connection[Any]", calls: Sequence[Call], *, seconds: float
) -> list[Decision]:
    """Have the database decide on a batch. The decisions are committed when this returns.

    :param calls: in order of arrival.
    :param seconds: when they pass, or the connection is lost, the batch may or may not be committed, and
        sending the same calls again is safe.
    """
    slots: dict[UUID, int] = {}
    places = [slots.setdefault(call.licence_id, len(slots) + 1) for call in calls]
    _, records, keys, digests, units, rows, sizes, revisions, purposes, clients, bounds = zip(
        *calls, strict=True
    )
    answer = await connection.fetchrow(
        _STATEMENT,
        list(slots),
        places,
        records,
        keys,
        digests,
        units,
        rows,
        sizes,
        revisions,
        purposes,
        clients,
        bounds,
        timeout=seconds,
    )
    assert answer is not None
    recorded_at, periods, left_calls, left_rows, reasons, outcomes, first_records = answer
    decisions = []
    for call, place, name, first in zip(calls, places, outcomes, first_records, strict=True):
        outcome = _OUTCOMES[name]
        record_id = (
            call.record_id if outcome is Outcome.ADMITTED else first if outcome is Outcome.REPEATED else None
        )
        slot = place - 1
        decisions.append(
            Decision(
                outcome,
                record_id,
                recorded_at,
                periods[slot],
                left_calls[slot],
                left_rows[slot],
                reasons[slot],
            )
        )
    return decisions
