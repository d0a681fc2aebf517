"""The registry of metered units, and vectors over it."""

import pytest

from infra.labels import Label
from infra.unit_columns import RecordColumns, quota_values
from infra.units import SLOTS, UNITS, Aggregation, Registry, Unit, UnitVector, UnknownUnit


def unit(code: str, slot: int, aggregation: Aggregation = Aggregation.SUM, **options: bool) -> Unit:
    return Unit(code, slot, aggregation, Label("单位", code), code, code, "个", "单位", **options)


def test_a_vector_names_every_summed_unit() -> None:
    vector = UnitVector(calls=1, bytes=7)
    assert dict(vector) == {"calls": 1, "rows": 0, "bytes": 7}
    assert vector.amounts == (1, 0, 7)
    assert vector + UnitVector(rows=2) == UnitVector(calls=1, rows=2, bytes=7) == UnitVector.of((1, 2, 7))
    assert hash(UnitVector(rows=2)) == hash(UnitVector({"rows": 2}))
    assert UnitVector(rows=2) != UnitVector(rows=3)
    with pytest.raises(KeyError):
        vector["seconds"]


@pytest.mark.parametrize("named", [{"seconds": 1}, {"calls": 1, "rows": 2, "bytes": 3, "seconds": 4}])
def test_a_vector_of_another_unit_is_refused(named: dict[str, int]) -> None:
    with pytest.raises(UnknownUnit, match="seconds"):
        UnitVector(named)


@pytest.mark.parametrize(
    "units",
    [[unit("a", 1), unit("b", 1)], [unit("a", 1), unit("a", 2)], [unit("a", 0)], [unit("a", SLOTS + 1)]],
)
def test_two_units_share_neither_code_nor_slot_and_every_slot_has_columns(units: list[Unit]) -> None:
    with pytest.raises(ValueError, match="slot"):
        Registry(units)


def test_only_summed_units_are_counted_by_admission() -> None:
    registry = Registry(
        [
            unit("calls", 1, quota=True),
            unit("stations", 2, Aggregation.DISTINCT, quota=True),
            unit("peak", 3, Aggregation.MAXIMUM),
            unit("rows", 5, quota=True, bounded=True),
        ]
    )
    assert registry.codes == ("calls", "rows")
    assert registry.slots() == {"units": [1, 5], "quotas": [1, 5], "exact": [1], "bounded": [5]}


def test_what_only_the_data_decides_has_no_quota() -> None:
    assert UNITS.check_quotas({"rows": 5, "calls": 3}) == {"calls": 3, "rows": 5}
    with pytest.raises(UnknownUnit, match="bytes"):
        quota_values({"bytes": 1})


def test_every_slot_has_columns() -> None:
    assert {f"units_{slot}" for slot in range(1, SLOTS + 1)} == set(RecordColumns.model_fields)
