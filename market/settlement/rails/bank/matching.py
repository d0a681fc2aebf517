"""Which invoice an incoming transfer pays, pure: by payment reference and to the last minor unit, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from market.settlement.invoices.states import INVOICE, InvoiceAction, InvoiceStatus
from market.settlement.rails.bank.domain import Direction, StatementEntry, payment_references
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class ReferencedInvoice:
    """What matching needs of an invoice that an entry names."""

    id: UUID
    number: str
    status: InvoiceStatus
    total: Money


@dataclass(frozen=True, slots=True)
class Match:
    """An entry with the invoice it pays, or None and why not."""

    entry: StatementEntry
    invoice_id: UUID | None
    reason: str


def match(entries: Sequence[StatementEntry], invoices: Mapping[str, ReferencedInvoice]) -> list[Match]:
    """Match entries with the invoices their references name.

    An invoice is paid by at most one entry, the first; an entry pays at most one invoice. Too little, too much,
    another currency, two invoices in one transfer, money going out: nothing is guessed, each is left unmatched
    with its reason.

    :param invoices: by payment reference, as they stand before the first entry.
    """
    paid: set[UUID] = set()
    matches = []
    for entry in entries:
        invoice, reason = _payable(entry, invoices, paid)
        if invoice is not None:
            paid.add(invoice.id)
        matches.append(Match(entry, invoice.id if invoice else None, reason))
    return matches


def _payable(
    entry: StatementEntry, invoices: Mapping[str, ReferencedInvoice], paid: set[UUID]
) -> tuple[ReferencedInvoice | None, str]:
    if entry.direction is Direction.DEBIT:
        return None, "money went out, which no payout explains"
    named = [
        invoices[reference] for reference in payment_references(entry.references) if reference in invoices
    ]
    if not named:
        return None, "no payment reference of an invoice"
    if len(named) > 1:
        numbers = ", ".join(invoice.number for invoice in named)
        return None, f"names several invoices: {numbers}"
    invoice = named[0]
    status = InvoiceStatus.PAID if invoice.id in paid else invoice.status
    if not INVOICE.allows(status, InvoiceAction.PAY):
        return None, f"invoice {invoice.number} is {status.value} already"
    if entry.amount != invoice.total:
        return None, f"{entry.amount} for invoice {invoice.number}, which comes to {invoice.total}"
    return invoice, f"pays invoice {invoice.number}"
