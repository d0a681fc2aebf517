"""The admission function against a model of it in a few lines of plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra import units
from infra.units import UnitVector
from market.metering.admission_sql import admit
from market.metering.domain import Call, Outcome
from tests.support.metering import (
    Connection,
    LicenceMaker,
    call_for,
    counted,
    counted_by_purpose,
    recorded,
)


@dataclass
class Model:
    """One licence, one call at a time."""

    quotas: Mapping[str, int]
    used: UnitVector = field(default_factory=UnitVector)
    purposes: dict[str, UnitVector] = field(default_factory=dict)
    keys: dict[str, Call] = field(default_factory=dict)

    def admit(self, call: Call) -> tuple[Outcome, UUID | None]:
        if call.key is not None and (first := self.keys.get(call.key)) is not None:
            if first.digest != call.digest:
                return Outcome.KEY_CONFLICT, None
            return Outcome.REPEATED, first.record_id
        for code, quota in self.quotas.items():
            if self.used[code] + max(call.units[code], call.asked.get(code, 0)) > quota:
                return Outcome.QUOTA_EXCEEDED, None
        self.used += call.units
        self.purposes[call.purpose] = self.purposes.get(call.purpose, UnitVector()) + call.units
        if call.key is not None:
            self.keys[call.key] = call
        return Outcome.ADMITTED, call.record_id

    def left(self) -> dict[str, int]:
        return {code: quota - self.used[code] for code, quota in self.quotas.items()}


amounts = st.fixed_dictionaries({unit.code: st.integers(0, 5) for unit in units.UNITS.summed})
limits = st.fixed_dictionaries({}, optional={unit.code: st.integers(0, 12) for unit in units.UNITS.quotas})
bounds = st.fixed_dictionaries({unit.code: st.integers(0, 8) for unit in units.UNITS.bounded})
requests = st.tuples(
    st.integers(0, 1),  # which licence
    st.none() | st.sampled_from("abc"),  # key
    st.sampled_from(("one", "two")),  # request
    amounts,
    bounds,
    st.sampled_from(("industry", "research")),
)
batches = st.lists(st.lists(requests, min_size=1, max_size=8), min_size=1, max_size=4)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(quotas=st.tuples(limits, limits), sent=batches)
async def test_any_batches_are_decided_as_one_call_at_a_time_would_be(
    connection: Connection,
    make_licence: LicenceMaker,
    quotas: tuple[dict[str, int], dict[str, int]],
    sent: list[list[tuple[int, str | None, str, dict[str, int], dict[str, int], str]]],
) -> None:
    models = [Model(limited) for limited in quotas]
    # The first has several purposes, the second has one.
    licences = [
        await make_licence(quotas=model.quotas, sole_purpose=sole)
        for model, sole in zip(models, (None, "research"), strict=True)
    ]
    for batch in sent:
        calls = [
            call_for(
                licences[which], key=key, request=request, purpose="research" if which else purpose
            )._replace(units=UnitVector(counts), asked=asked)
            for which, key, request, counts, asked, purpose in batch
        ]
        decisions = await admit(connection, calls, seconds=10)
        expected = [models[entry[0]].admit(call) for entry, call in zip(batch, calls, strict=True)]
        assert [(decision.outcome, decision.record_id) for decision in decisions] == expected
        for entry, decision in zip(batch, decisions, strict=True):
            assert decision.left_by_unit == models[entry[0]].left()
    for licence_id, model in zip(licences, models, strict=True):
        assert await counted(connection, licence_id) == await recorded(connection, licence_id) == model.used
    assert await counted_by_purpose(connection, licences[0]) == models[0].purposes
    assert await counted_by_purpose(connection, licences[1]) == {}
