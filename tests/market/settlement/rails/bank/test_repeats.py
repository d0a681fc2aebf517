"""Which entries are one movement: by the bank's own reference across statements, by their content in a correction."""

from datetime import date
from uuid import UUID

import pytest

from market.settlement.rails.bank.domain import usable_reference
from market.settlement.rails.bank.statements.repeats import (
    Movement,
    already_booked,
    staying,
)

DAY = date(2026, 11, 20)


def entry(
    number: int,
    reference: str | None,
    minor: int = 100,
    *,
    text: str = "t",
    root: int | None = None,
    day: date = DAY,
) -> Movement:
    root_id = None if root is None else UUID(int=root)
    return Movement(number, reference, reference or str(number), day, minor, (text,), "payer", root_id)


@pytest.mark.parametrize(
    "text", [None, "", "  ", "NOTPROVIDED", "notprovided ", "NONREF", "N/A", "0000", "-"]
)
def test_a_word_instead_of_a_reference_names_nothing(text: str | None) -> None:
    assert usable_reference(text) is None


def test_a_reference_is_usable_as_it_is_written() -> None:
    assert usable_reference("2026112000017") == "2026112000017"


def test_an_entry_is_booked_already_if_reference_day_and_amount_are() -> None:
    booked = [entry(1, "A", root=7), entry(2, "B", root=8)]
    assert already_booked([entry(5, "A", text="another wording")], booked) == {5: UUID(int=7)}
    assert already_booked([entry(5, "A", 101), entry(6, "A", -100), entry(7, "C")], booked) == {}
    assert already_booked([entry(5, "A", day=date(2026, 11, 21))], booked) == {}


def test_without_a_reference_equal_entries_are_two() -> None:
    assert already_booked([entry(1, None)], [entry(1, None, root=7)]) == {}


def test_a_reference_that_a_batch_has_twice_is_two_movements() -> None:
    booked = [entry(1, "A", root=7)]
    assert already_booked([entry(1, "A"), entry(2, "A")], booked) == {1: UUID(int=7)}
    assert len(already_booked([entry(1, "A"), entry(2, "A")], [*booked, entry(2, "A", root=8)])) == 2


def test_a_correction_keeps_what_is_the_same_and_pairs_each_once() -> None:
    former = [
        entry(1, "A", root=1),
        entry(2, None, root=2),
        entry(3, None, root=3),
        entry(4, "D", 400, root=4),
    ]
    corrected = [
        entry(1, None),
        entry(2, "A", text="with its reference now"),
        entry(3, "D", 401),
        entry(4, None),
    ]
    assert staying(corrected, former) == {1: UUID(int=2), 2: UUID(int=1), 4: UUID(int=3)}
