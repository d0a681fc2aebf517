"""The admission function against a model of it in a few lines of plain Python."""

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.metering.admission_sql import admit
from market.metering.domain import Call, Outcome
from tests.support.metering import Connection, LicenceMaker, call_for, counted, recorded


@dataclass
class Model:
    """One licence, one call at a time."""

    quota_calls: int | None
    quota_rows: int | None
    used_calls: int = 0
    used_rows: int = 0
    keys: dict[str, Call] = field(default_factory=dict)

    def admit(self, call: Call) -> tuple[Outcome, UUID | None]:
        if call.key is not None and (first := self.keys.get(call.key)) is not None:
            if first.digest != call.digest:
                return Outcome.KEY_CONFLICT, None
            return Outcome.REPEATED, first.record_id
        if self.quota_calls is not None and self.used_calls + call.calls > self.quota_calls:
            return Outcome.QUOTA_EXCEEDED, None
        if self.quota_rows is not None and self.used_rows + max(call.rows, call.rows_asked) > self.quota_rows:
            return Outcome.QUOTA_EXCEEDED, None
        self.used_calls += call.calls
        self.used_rows += call.rows
        if call.key is not None:
            self.keys[call.key] = call
        return Outcome.ADMITTED, call.record_id


quotas = st.none() | st.integers(0, 12)
requests = st.tuples(
    st.integers(0, 1),  # which licence
    st.none() | st.sampled_from("abc"),  # key
    st.sampled_from(("one", "two")),  # request
    st.integers(0, 2),  # calls
    st.integers(0, 5),  # rows
    st.integers(0, 8),  # rows asked for at most
)
batches = st.lists(st.lists(requests, min_size=1, max_size=8), min_size=1, max_size=4)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(limits=st.tuples(quotas, quotas, quotas, quotas), sent=batches)
async def test_any_batches_are_decided_as_one_call_at_a_time_would_be(
    connection: Connection,
    make_licence: LicenceMaker,
    limits: tuple[int | None, int | None, int | None, int | None],
    sent: list[list[tuple[int, str | None, str, int, int, int]]],
) -> None:
    models = [Model(limits[0], limits[1]), Model(limits[2], limits[3])]
    licences = [
        await make_licence(quota_calls=model.quota_calls, quota_rows=model.quota_rows) for model in models
    ]
    for batch in sent:
        calls = [
            call_for(licences[which], key=key, request=request, calls=units, rows=rows, asked=asked)
            for which, key, request, units, rows, asked in batch
        ]
        decisions = await admit(connection, calls, seconds=10)
        expected = [models[entry[0]].admit(call) for entry, call in zip(batch, calls, strict=True)]
        assert [(decision.outcome, decision.record_id) for decision in decisions] == expected
        for entry, decision in zip(batch, decisions, strict=True):
            model = models[entry[0]]
            left = None if model.quota_rows is None else model.quota_rows - model.used_rows
            assert decision.left_rows == left
    for licence_id, model in zip(licences, models, strict=True):
        used = (model.used_calls, model.used_rows)
        assert await counted(connection, licence_id) == await recorded(connection, licence_id) == used
