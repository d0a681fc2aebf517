"""The three rights, and whether one covers a term."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from listings.rights.domain import (
    RIGHT_LABELS,
    Right,
    RightKind,
    holding_right,
    require_term,
)
from listings.rights.errors import RightMissing, RightTermReversed


def at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def right(number: int, start: int, end: int | None, kind: RightKind = RightKind.HOLD) -> Right:
    return Right(UUID(int=number), kind, at(start), at(end) if end else None)


def test_the_longest_lasting_right_carries_the_term() -> None:
    rights = [right(1, 2020, 2031), right(2, 2020, None), right(3, 2020, 2040)]
    assert holding_right(rights, at(2025), at(2030)).id == UUID(int=2)
    assert holding_right(rights[:1], at(2025), at(2031)).id == UUID(int=1)


@pytest.mark.parametrize(
    "rights",
    [
        [],
        [right(1, 2020, None, RightKind.USE), right(2, 2020, None, RightKind.OPERATE)],
        [right(1, 2026, None)],
        [right(1, 2020, 2029)],
        [right(1, 2020, 2027), right(2, 2027, None)],
    ],
    ids=["none", "of another kind", "begins too late", "ends too early", "two halves are no whole"],
)
def test_no_term_without_a_right_to_hold_over_all_of_it(rights: list[Right]) -> None:
    with pytest.raises(RightMissing):
        holding_right(rights, at(2025), at(2030))


def test_a_term_ends_after_it_begins() -> None:
    require_term(at(2025), None)
    require_term(at(2025), at(2026))
    with pytest.raises(RightTermReversed):
        require_term(at(2025), at(2025))


def test_every_right_carries_both_label_sets() -> None:
    assert [RIGHT_LABELS[kind].zh_2022 for kind in RightKind] == [
        "数据资源持有权",
        "数据加工使用权",
        "数据产品经营权",
    ]
    assert [RIGHT_LABELS[kind].zh_2025 for kind in RightKind] == ["数据持有权", "数据使用权", "数据经营权"]
