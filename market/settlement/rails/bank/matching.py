"""Which invoice an incoming transfer pays, pure: by payment reference and to the last minor unit, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from market.settlement.invoices.states import InvoiceStatus
from market.settlement.rails.bank.domain import Direction, StatementEntry, payment_references
from pricing.money import Money


class Payable(Protocol):
    """What matching needs of an invoice."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def document_number(self) -> str:
        """What people call it."""

    @property
    def currency(self) -> str:
        """What it is to be paid in."""

    @property
    def total_minor(self) -> int:
        """What it comes to, in minor units."""

    @property
    def status(self) -> InvoiceStatus:
        """Whether it waits for a payment."""


PayableT = TypeVar("PayableT", bound=Payable)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry with the invoice it pays, or None and why not."""

    entry: StatementEntry
    invoice_id: UUID | None
    reason: str


def match(entries: Sequence[StatementEntry], invoices: Mapping[str, PayableT]) -> list[Match]:
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
    entry: StatementEntry, invoices: Mapping[str, PayableT], paid: set[UUID]
) -> tuple[PayableT | None, str]:
    if entry.direction is Direction.DEBIT:
        return None, "money went out, which no payout explains"
    named = [
        invoices[reference] for reference in payment_references(entry.references) if reference in invoices
    ]
    if not named:
        return None, "no payment reference of an invoice"
    if len(named) > 1:
        numbers = ", ".join(invoice.document_number for invoice in named)
        return None, f"names several invoices: {numbers}"
    invoice = named[0]
    owed = Money(invoice.total_minor, invoice.currency)
    if invoice.status is not InvoiceStatus.ISSUED or invoice.id in paid:
        state = "paid" if invoice.id in paid else invoice.status.value
        return None, f"invoice {invoice.document_number} is {state} already"
    if entry.amount != owed:
        return None, f"{entry.amount} for invoice {invoice.document_number}, which comes to {owed}"
    return invoice, f"pays invoice {invoice.document_number}"
