"""Statements follow each other: what overlaps, what is missing, and where one goes that arrives late."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from market.settlement.rails.bank.statements.continuity import Period, overlapping, position

FRIDAY = date(2026, 11, 20)


def period(
    name: str,
    opening: int,
    closing: int,
    first: date | None = FRIDAY,
    last: date | None = None,
    *,
    place: int | None = None,
    **stated: Any,
) -> Period:
    return Period(
        name, name.encode(), opening, closing, first, last or first, stated.get("covers_from"),
        stated.get("covers_to"), stated.get("sequence"), None if place is None else Decimal(place),
    )  # fmt: skip


def moment(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def days(count: int) -> date:
    return FRIDAY + timedelta(days=count)


@pytest.mark.parametrize(
    ("new", "other", "overlaps"),
    [
        (period("b", 0, 0, days(0), days(5)), period("a", 0, 0, days(2), days(9)), True),
        (period("b", 0, 0, days(3)), period("a", 0, 0, days(0), days(9)), True),
        (period("b", 0, 0, days(0), days(9)), period("a", 0, 0, days(3)), True),
        (period("b", 0, 0, days(0), days(9)), period("a", 0, 0, days(0), days(9)), True),
        (period("b", 0, 0, days(5), days(9)), period("a", 0, 0, days(0), days(5)), False),  # they meet
        (period("b", 0, 0, days(0)), period("a", 0, 0, days(0)), False),  # two of one day
        (period("b", 0, 0, None), period("a", 0, 0, days(0)), False),
        (period("b", 0, 0, covers_from=moment(20), covers_to=moment(20, 12)),
         period("a", 0, 0, covers_from=moment(20, 12), covers_to=moment(21)), False),
        (period("b", 0, 0, covers_from=moment(20), covers_to=moment(20, 13)),
         period("a", 0, 0, covers_from=moment(20, 12), covers_to=moment(21)), True),
        (period("b", 0, 0, covers_from=moment(20), covers_to=moment(20)),  # a day, written as a moment
         period("a", 0, 0, covers_from=moment(20), covers_to=moment(20, 23)), False),
    ],
)  # fmt: skip
def test_what_overlaps(new: Period, other: Period, overlaps: bool) -> None:
    assert (overlapping(new, [other]) is other) == overlaps
    assert (overlapping(other, [new]) is new) == overlaps


def test_closing_and_opening_must_agree() -> None:
    found = position(period("S-3", 700, 700, days(1)), [period("S-1", 0, 100, place=1)])
    assert found.gap is not None
    assert (found.gap.earlier.statement_id, found.gap.later.statement_id) == ("S-1", "S-3")
    assert (found.gap.minor, found.gap.days, found.place) == (600, None, Decimal(2))


@pytest.mark.parametrize(
    ("next_day", "sequences", "missing"),
    [
        (1, (None, None), None),
        (3, (None, None), None),  # over the weekend
        (4, (None, None), None),  # Monday was a holiday: the balance goes on
        (4, (7, 8), None),
        (4, (7, 9), (days(1), days(3))),  # the bank made one more
        (4, (250, 1), None),  # it counts anew each year
        (30, (None, None), None),
    ],
)
def test_days_are_missing_only_where_the_bank_counts_a_statement_more(
    next_day: int, sequences: tuple[int | None, int | None], missing: tuple[date, date] | None
) -> None:
    before = period("S-1", 0, 5, place=1, sequence=sequences[0])
    found = position(period("S-2", 5, 5, days(next_day), sequence=sequences[1]), [before])
    assert (found.gap.days if found.gap else None) == missing


def test_what_arrives_late_goes_where_it_fits() -> None:
    first, third = period("S-1", 0, 100, place=1), period("S-3", 150, 90, days(2), place=2)
    late = position(period("S-2", 100, 150, days(1)), [first, third])
    assert (late.gap, late.misfit, late.place) == (None, False, Decimal("1.5"))
    before_all = position(period("S-0", 30, 0, days(-1)), [first, third])
    assert (before_all.gap, before_all.misfit, before_all.place) == (None, False, Decimal(0))
    older = position(period("S-0", 30, 10, days(-1)), [first, third])
    assert older.gap is not None
    assert (older.gap.minor, older.gap.later.statement_id) == (-10, "S-1")


def test_nothing_lies_between_statements_that_follow_each_other() -> None:
    series = [period("S-1", 0, 100, place=1), period("S-2", 100, 150, days(2), place=2)]
    assert position(period("X", 100, 120, days(1)), series).misfit
    assert position(period("X", 300, 320, days(1)), series).misfit
    quiet = position(period("X", 100, 100, days(1)), series)  # a day without a movement
    assert (quiet.gap, quiet.misfit) == (None, False)


def test_what_narrows_an_accepted_gap_is_taken() -> None:
    series = [period("S-1", 0, 100, place=1), period("S-4", 400, 500, days(3), place=2)]
    for late in (period("S-2", 100, 200, days(1)), period("S-3", 300, 400, days(2))):
        found = position(late, series)
        assert (found.gap, found.misfit) == (None, False)
    stray = position(period("X", 50, 60, days(1)), series)
    assert stray.gap is not None
    assert stray.gap.minor == -50


def test_statements_of_one_day_are_ordered_by_their_balances() -> None:
    parts = [period("a", 0, 10), period("b", 10, 30), period("c", 30, 35)]
    for arrival in permutations(parts):
        series: list[Period] = []
        gaps = 0
        for new in arrival:
            found = position(new, series)
            gaps += found.gap is not None
            series.append(replace(new, place=found.place))
            series.sort(key=lambda item: item.place or Decimal(0))
        if not gaps:
            assert [item.statement_id for item in series] == ["a", "b", "c"]
    assert position(parts[0], [parts[1]]).gap is None, "the earlier one of a day may arrive later"
