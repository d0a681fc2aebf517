"""Which invoice a bank entry pays: pure."""

from datetime import date
from uuid import UUID

import pytest

from market.settlement.invoices.domain import document_number, payment_reference
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.rails.bank.domain import Direction, StatementEntry
from market.settlement.rails.bank.matching import ReferencedInvoice, match
from pricing.money import Money

FIRST, SECOND, PAID = payment_reference(1, 1), payment_reference(1, 2), payment_reference(1, 3)


def invoice(number: int, status: InvoiceStatus = InvoiceStatus.ISSUED) -> ReferencedInvoice:
    return ReferencedInvoice(UUID(int=number), document_number(1, number), status, Money(100, "CNY"))


INVOICES = {FIRST: invoice(1), SECOND: invoice(2), PAID: invoice(3, InvoiceStatus.PAID)}


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
        (entry(FIRST, direction=Direction.DEBIT), "money went out, which no payout explains"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_an_entry_pays_one_invoice_exactly_or_none(received: StatementEntry, reason: str) -> None:
    (found,) = match([received], INVOICES)
    assert found.reason == reason
    assert (found.invoice_id is not None) == reason.startswith("pays")


def test_an_invoice_is_paid_by_the_first_entry_that_names_it() -> None:
    first, second = match([entry(FIRST), entry(FIRST)], INVOICES)
    assert (first.invoice_id, second.invoice_id) == (UUID(int=1), None)
    assert second.reason == "invoice 00001-000000001 is paid already"
