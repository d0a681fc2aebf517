"""Which invoice a bank entry pays: pure."""

from datetime import date
from uuid import UUID

import pytest

from market.settlement.invoices.domain import document_number, payment_reference
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.payments.domain import refund_reference, refund_references
from market.settlement.payments.states import RefundStatus
from market.settlement.rails.bank.domain import Direction, StatementEntry
from market.settlement.rails.bank.entries.matching import (
    Part,
    ReferencedInvoice,
    ReferencedRefund,
    action_of,
    change,
    match,
    whole,
)
from market.settlement.rails.bank.states import BankEntryAction, PartKind
from pricing.money import Money

FIRST, SECOND, PAID = payment_reference(1, 1), payment_reference(1, 2), payment_reference(1, 3)


def invoice(
    number: int, status: InvoiceStatus = InvoiceStatus.ISSUED, *, open_minor: int = 100
) -> ReferencedInvoice:
    return ReferencedInvoice(
        UUID(int=number), document_number(1, number), status, Money(100, "CNY"), Money(open_minor, "CNY")
    )


PARTLY = payment_reference(1, 4)
INVOICES = {
    FIRST: invoice(1),
    SECOND: invoice(2),
    PAID: invoice(3, InvoiceStatus.PAID),
    PARTLY: invoice(4, open_minor=40),
}
APPROVED, ASKED = refund_reference(UUID(int=71)), refund_reference(UUID(int=72))
REFUNDS = {
    APPROVED: ReferencedRefund(UUID(int=71), APPROVED, RefundStatus.APPROVED, Money(50, "CNY")),
    ASKED: ReferencedRefund(UUID(int=72), ASKED, RefundStatus.REQUESTED, Money(50, "CNY")),
}
OUT = Direction.DEBIT


def entry(
    *references: str, minor: int = 100, currency: str = "CNY", direction: Direction = Direction.CREDIT
) -> StatementEntry:
    return StatementEntry(
        1, "B-1", Money(minor, currency), direction, date(2026, 11, 20), references, "payer"
    )


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (entry(f"pays {FIRST}"), "pays invoice 00001-000000001"),
        (entry("thanks"), "no payment reference of an invoice"),
        (entry(payment_reference(9, 9)), "no payment reference of an invoice"),
        (entry(FIRST, SECOND), "names several invoices: 00001-000000001, 00001-000000002"),
        (entry(FIRST, minor=99), "0.99 CNY for invoice 00001-000000001, which comes to 1.00 CNY"),
        (entry(FIRST, minor=101), "1.01 CNY for invoice 00001-000000001, which comes to 1.00 CNY"),
        (entry(FIRST, currency="USD"), "1.00 USD for invoice 00001-000000001, which comes to 1.00 CNY"),
        (entry(PAID), "invoice 00001-000000003 is paid already"),
        (entry("fee", direction=OUT), "money went out, which no payout explains"),
        (
            entry(FIRST, direction=OUT),
            "money went out that names invoice 00001-000000001: the bank may have taken its payment back",
        ),
        (entry(APPROVED, ASKED, direction=OUT), f"names several refunds: {APPROVED}, {ASKED}"),
        (entry(PARTLY, minor=40), "pays invoice 00001-000000004"),
        (
            entry(PARTLY, minor=50),
            "0.50 CNY for invoice 00001-000000004, which comes to 1.00 CNY and of which 0.40 CNY is open",
        ),
        (entry(f"our {APPROVED.lower()}", minor=50, direction=OUT), f"pays refund {APPROVED}"),
        (
            entry(APPROVED, minor=52, direction=OUT),
            f"0.52 CNY for refund {APPROVED}, which is of 0.50 CNY",
        ),
        (entry(ASKED, minor=50, direction=OUT), f"refund {ASKED} is requested"),
        (entry(APPROVED, minor=50), f"names refund {APPROVED}: its transfer may have come back"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_an_entry_pays_one_invoice_exactly_or_none(received: StatementEntry, reason: str) -> None:
    (found,) = match([received], INVOICES, REFUNDS)
    assert found.reason == reason
    assert (found.invoice_id is not None) == reason.startswith("pays invoice")
    assert (found.refund_id is not None) == reason.startswith("pays refund")


def test_an_invoice_is_paid_by_the_first_entry_that_names_it() -> None:
    first, second = match([entry(FIRST), entry(FIRST)], INVOICES, REFUNDS)
    assert (first.invoice_id, second.invoice_id) == (UUID(int=1), None)
    assert second.reason == "invoice 00001-000000001 is paid already"


def test_a_refund_is_paid_by_the_first_entry_that_names_it() -> None:
    out = entry(APPROVED, minor=50, direction=OUT)
    first, second = match([out, out], INVOICES, REFUNDS)
    assert (first.refund_id, second.refund_id) == (UUID(int=71), None)
    assert second.reason == f"refund {APPROVED} is succeeded"


def test_the_reference_of_a_refund_is_found_however_it_is_written() -> None:
    assert refund_references([f"refund {APPROVED[:4]} {APPROVED[4:].lower()}", FIRST]) == [APPROVED]
    assert len(APPROVED) <= 35, "an end-to-end id has 35 characters"


A, B = UUID(int=101), UUID(int=102)
PAYS, REST = Part(PartKind.INVOICE, 60, A, UUID(int=9)), Part(PartKind.SUSPENSE, 40)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_left_of_an_entry_is_in_suspense(sign: int) -> None:
    part = Part(PartKind.OTHER, 60 * sign)
    assert whole(100 * sign, [part]) == [part, Part(PartKind.SUSPENSE, 40 * sign)]
    assert whole(60 * sign, [part]) == [part]
    for amount in (59, -100, -60):
        with pytest.raises(ValueError, match="no parts of"):
            whole(amount * sign, [part])


def test_matching_anew_touches_only_what_differs() -> None:
    found = change([PAYS, REST], [Part(PartKind.INVOICE, 60, A), Part(PartKind.INVOICE, 40, B)])
    assert (found.ended, found.kept, found.added) == ([], [PAYS], [Part(PartKind.INVOICE, 40, B)])
    other_amount = change([PAYS, REST], [Part(PartKind.INVOICE, 50, A)])
    assert (other_amount.ended, other_amount.added) == ([PAYS], [Part(PartKind.INVOICE, 50, A)])
    nothing = change([PAYS, REST], [])
    assert (nothing.ended, nothing.kept, nothing.added) == ([PAYS], [], [])


def test_an_entry_becomes_what_its_parts_are() -> None:
    assert action_of([PAYS]) is BankEntryAction.PAY
    assert action_of([PAYS, REST]) is BankEntryAction.HOLD
    assert action_of([PAYS, Part(PartKind.OTHER, 40)]) is BankEntryAction.ASSIGN
    assert action_of([Part(PartKind.VOID, 100)]) is BankEntryAction.VOID
