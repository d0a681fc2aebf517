"""Which open invoices money in suspense may be for: pure."""

from uuid import UUID

import pytest

from market.settlement.invoices.domain import document_number, payment_reference
from market.settlement.rails.bank.entries.candidates import (
    MAX_CANDIDATES,
    CandidateReason,
    OpenInvoice,
    find,
    mistyped,
)
from pricing.money import Money

REFERENCE = payment_reference(12, 345)
BUYER = UUID(int=5)


def fen(minor: int) -> Money:
    return Money(minor, "CNY")


def invoice(number: int = 345, *, open_minor: int = 100, buyer: UUID = BUYER) -> OpenInvoice:
    reference = payment_reference(12, number)
    return OpenInvoice(
        UUID(int=number), document_number(12, number), reference, buyer, fen(100), fen(open_minor)
    )


def kinds(held: Money, *texts: str, payers: tuple[UUID, ...] = ()) -> list[str]:
    found = find(held, texts, "Payer", payers, [invoice()])
    return [kind.value for candidate in found for kind, _ in candidate.reasons]


@pytest.mark.parametrize(
    "typed",
    [
        REFERENCE[:7] + "9" + REFERENCE[8:],
        REFERENCE[:9] + REFERENCE[10:],
        REFERENCE[:9] + "7" + REFERENCE[9:],
        REFERENCE[:14] + REFERENCE[15] + REFERENCE[14] + REFERENCE[16:],
        f"ref {REFERENCE[:9]} {REFERENCE[10:].lower()}",
        REFERENCE[2:9] + "7" + REFERENCE[10:],
    ],
    ids=["wrong", "missing", "surplus", "swapped", "spaced", "without RF"],
)
def test_one_slip_of_a_finger_is_found(typed: str) -> None:
    assert REFERENCE in mistyped([typed])
    assert CandidateReason.MISTYPED_REFERENCE in kinds(fen(7), typed)


def test_a_reference_that_is_right_or_two_slips_away_is_not_taken_for_mistyped() -> None:
    assert mistyped([REFERENCE]) == {}
    assert kinds(fen(7), REFERENCE) == ["reference"]
    twice = REFERENCE[:6] + "99" + REFERENCE[8:]
    assert REFERENCE not in mistyped([twice])
    assert kinds(fen(7), "thank you", "order 20260101") == []


def test_each_reason_is_said() -> None:
    assert kinds(fen(100)) == ["amount"]
    assert kinds(fen(7), payers=(BUYER,)) == ["payer"]
    assert kinds(fen(7), f"no. {document_number(12, 345)}") == ["document_number"]
    assert kinds(fen(100), REFERENCE, payers=(BUYER,)) == ["reference", "payer", "amount"]


def test_the_likeliest_come_first_and_few() -> None:
    many = [invoice(number) for number in range(1, 9)]
    found = find(fen(100), [payment_reference(12, 8)], "Payer", [], many)
    assert [candidate.invoice.id.int for candidate in found] == [8, 1, 2, 3, 4]
    assert len(found) == MAX_CANDIDATES


def test_what_went_out_or_is_in_another_currency_has_no_candidates() -> None:
    assert find(fen(-100), [REFERENCE], "Payer", [BUYER], [invoice()]) == []
    assert find(Money(100, "USD"), [REFERENCE], "Payer", [BUYER], [invoice()]) == []
