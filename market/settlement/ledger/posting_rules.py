"""The posting rules, pure: which journal each event of the trade makes. No journal is built anywhere else.

=================================  ==========================================  ==================================
event                              debit                                       credit
=================================  ==========================================  ==================================
invoice issued                     receivable of the buyer                     clearing of the agreement
payment received                   bank account, or card                       receivable of the buyer
revenue split                      clearing of the agreement                   payable of owner and operator,
                                                                               commission of the platform
payment taken back                 receivable of the buyer                     suspense
split taken back                   the split's accounts, reversed              clearing of the agreement
refund completed                   the split's accounts, reversed; then        clearing; then the account that
                                   clearing of the agreement                   the money left
refund taken back                  suspense                                    clearing of the agreement
bank entry that no invoice         bank account (money in), suspense (out)     suspense (money in), bank (out)
explains
bank entry taken back by the bank  suspense (money in), bank account (out)     bank (money in), suspense (out)
part that is no business of the    suspense (money in), other (out)            other (money in), suspense (out)
market; reversed when taken back
card payment of an invoice that    card                                        suspense
is paid already
refund of that card payment        suspense                                    card
=================================  ==========================================  ==================================

Every bank entry is booked on its bank account once, when it is imported; what a person finds out about it later moves
between suspense and what it is for.

A journal's key, source and entries, in their order, are what its digest covers: a change of a rule must not
change them for events that are posted already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from market.settlement.ledger import chart
from market.settlement.ledger.domain import Account, Entry, JournalDraft, credit, debit
from market.settlement.splits.domain import Share, SplitRole, split_revenue
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class BilledInvoice:
    """What the posting rules need of an invoice.

    :param number: the document number that people know it by.
    :param total: what the buyer owes; positive.
    :param shares: who gets which part of it, in the order that decides ties.
    """

    id: UUID
    number: str
    agreement_id: UUID
    buyer_id: UUID
    total: Money
    shares: Sequence[Share]


def invoice_issued(invoice: BilledInvoice, issued_at: datetime) -> JournalDraft:
    """The buyer owes the invoice, and the agreement's revenue waits to be split."""
    currency = invoice.total.currency
    return JournalDraft(
        key=f"invoice:{invoice.id}",
        effective_at=issued_at,
        description=f"Invoice {invoice.number}",
        source_kind="invoice",
        source_id=invoice.id,
        entries=(
            debit(chart.receivable(invoice.buyer_id, currency), invoice.total),
            credit(chart.clearing(invoice.agreement_id, currency), invoice.total),
        ),
    )


def payment_received(
    invoice: BilledInvoice,
    into: Account,
    received_at: datetime,
    *,
    amount: Money | None = None,
    number: int = 1,
) -> JournalDraft:
    """The invoice is paid, or a part of it: the money is on an account of ours, the buyer owes so much less.

    :param into: the account that holds the money, or suspense where it was held so far.
    :param amount: default: the whole invoice.
    :param number: counts the payments of the invoice, from 1.
    """
    receivable = chart.receivable(invoice.buyer_id, invoice.total.currency)
    paid = amount or invoice.total
    return JournalDraft(
        key=_numbered(f"payment:{invoice.id}", number),
        effective_at=received_at,
        description=f"Payment of invoice {invoice.number}",
        source_kind="payment",
        source_id=invoice.id,
        entries=(debit(into, paid), credit(receivable, paid)),
    )


def payment_reversed(
    invoice: BilledInvoice, *, payment_id: UUID, journal_id: UUID, amount: Money, reversed_at: datetime
) -> JournalDraft:
    """A payment is taken back: the buyer owes it again, and the money waits in suspense for what it is for.

    :param journal_id: the journal that `payment_received` became.
    """
    receivable = chart.receivable(invoice.buyer_id, amount.currency)
    return JournalDraft(
        key=f"payment-reversal:{payment_id}",
        effective_at=reversed_at,
        description=f"Reversal: Payment of invoice {invoice.number}",
        source_kind="payment",
        source_id=invoice.id,
        entries=(debit(receivable, amount), credit(chart.suspense(amount.currency), amount)),
        reverses_id=journal_id,
    )


def revenue_split(invoice: BilledInvoice, received_at: datetime, *, number: int = 1) -> JournalDraft:
    """The revenue is split: clearing returns to zero, every party has its part.

    :param number: counts the splits of the invoice, from 1: it is split anew when it is paid anew.
    """
    currency = invoice.total.currency
    parts = split_revenue(invoice.total, invoice.shares)
    return JournalDraft(
        key=_numbered(f"split:{invoice.id}", number),
        effective_at=received_at,
        description=f"Split of invoice {invoice.number}",
        source_kind="split",
        source_id=invoice.id,
        entries=(
            debit(chart.clearing(invoice.agreement_id, currency), invoice.total),
            *(credit(_account_of(share, currency), part) for share, part in parts),
        ),
    )


def split_reversed(invoice: BilledInvoice, *, journal_id: UUID, reversed_at: datetime) -> JournalDraft:
    """The invoice is open again: its split is reversed posting by posting, the revenue waits in clearing.

    :param journal_id: the journal that `revenue_split` became.
    """
    split = revenue_split(invoice, reversed_at)
    return split.reversal(
        f"split-reversal:{journal_id}",
        effective_at=reversed_at,
        description=f"Reversal: {split.description}",
        source=("split", invoice.id),
        journal_id=journal_id,
    )


def refund_completed(
    invoice: BilledInvoice,
    *,
    refund_id: UUID,
    split_journal_id: UUID,
    out_of: Account,
    completed_at: datetime,
) -> tuple[JournalDraft, JournalDraft]:
    """The payment is given back in full: the split is reversed posting by posting, the money leaves through clearing.

    A party that was paid out already owes its part: its payable account goes below zero and the next split
    fills it.

    :param split_journal_id: the journal that `revenue_split` became when the invoice was paid.
    :param out_of: the account that the money leaves.
    """
    split = revenue_split(invoice, completed_at)
    reversal = split.reversal(
        f"split-reversal:{refund_id}",
        effective_at=completed_at,
        description=f"Reversal: {split.description}",
        source=("refund", refund_id),
        journal_id=split_journal_id,
    )
    clearing = chart.clearing(invoice.agreement_id, invoice.total.currency)
    returned = JournalDraft(
        key=f"refund:{refund_id}",
        effective_at=completed_at,
        description=f"Refund of invoice {invoice.number}",
        source_kind="refund",
        source_id=refund_id,
        entries=(debit(clearing, invoice.total), credit(out_of, invoice.total)),
    )
    return reversal, returned


def refund_reversed(
    invoice: BilledInvoice, *, refund_id: UUID, journal_id: UUID, reversed_at: datetime
) -> JournalDraft:
    """A transfer that was taken for a refund by bank was not one, or came back: its money is in suspense again.

    :param journal_id: the journal by which the money left clearing.
    """
    currency = invoice.total.currency
    return JournalDraft(
        key=f"refund-reversal:{refund_id}",
        effective_at=reversed_at,
        description=f"Reversal: Refund of invoice {invoice.number}",
        source_kind="refund",
        source_id=refund_id,
        entries=(
            debit(chart.suspense(currency), invoice.total),
            credit(chart.clearing(invoice.agreement_id, currency), invoice.total),
        ),
        reverses_id=journal_id,
    )


def unexplained_bank_entry(
    entry_id: UUID, *, account: str, signed: Money, bank_reference: str, booked_at: datetime
) -> JournalDraft:
    """Money moved on a bank account and no invoice explains it: it is held in suspense.

    :param account: the platform's bank account, by its number.
    :param signed: positive when money came in, negative when it went out.
    """
    return JournalDraft(
        key=f"bank-entry:{entry_id}",
        effective_at=booked_at,
        description=f"Unexplained bank entry {bank_reference}"[:200],
        source_kind="bank_entry",
        source_id=entry_id,
        entries=_moved(chart.suspense(signed.currency), chart.bank(account, signed.currency), signed),
    )


def voided_bank_entry(
    entry_id: UUID,
    *,
    account: str,
    signed: Money,
    bank_reference: str,
    voided_at: datetime,
    journal_id: UUID | None,
) -> JournalDraft:
    """The bank took an entry back: what is in suspense of it leaves its bank account again.

    :param signed: the entry's amount, as `unexplained_bank_entry` takes it.
    :param journal_id: the journal that held it in suspense when it was imported; None where it paid an invoice then.
    """
    return JournalDraft(
        key=f"bank-entry-void:{entry_id}",
        effective_at=voided_at,
        description=f"Taken back by the bank: entry {bank_reference}"[:200],
        source_kind="bank_entry",
        source_id=entry_id,
        entries=_moved(chart.suspense(signed.currency), chart.bank(account, signed.currency), -signed),
        reverses_id=journal_id,
    )


def other_movement(
    part_id: UUID, *, entry_id: UUID, signed: Money, bank_reference: str, assigned_at: datetime
) -> JournalDraft:
    """A part of a bank entry is no business of the market: it leaves suspense.

    :param part_id: makes the journal's key; one for each time that something is taken for this.
    :param signed: positive when money came in, negative when it went out.
    """
    return JournalDraft(
        key=f"other:{part_id}",
        effective_at=assigned_at,
        description=f"No business of the market: bank entry {bank_reference}"[:200],
        source_kind="bank_entry",
        source_id=entry_id,
        entries=_moved(chart.other(signed.currency), chart.suspense(signed.currency), signed),
    )


def other_movement_reversed(
    journal_id: UUID, *, entry_id: UUID, signed: Money, bank_reference: str, reversed_at: datetime
) -> JournalDraft:
    """A part that was taken for no business of the market is in suspense again.

    :param journal_id: the journal that `other_movement` became.
    """
    return JournalDraft(
        key=f"other-reversal:{journal_id}",
        effective_at=reversed_at,
        description=f"Reversal: No business of the market: bank entry {bank_reference}"[:200],
        source_kind="bank_entry",
        source_id=entry_id,
        entries=_moved(chart.other(signed.currency), chart.suspense(signed.currency), -signed),
        reverses_id=journal_id,
    )


def unexplained_card_payment(
    card_payment_id: UUID, *, amount: Money, number: str, received_at: datetime
) -> JournalDraft:
    """A card was charged for an invoice that something else had paid by then: the money is held in suspense.

    :param number: the invoice's document number.
    """
    return JournalDraft(
        key=f"card-payment:{card_payment_id}",
        effective_at=received_at,
        description=f"Card payment of invoice {number}, which was paid already",
        source_kind="card_payment",
        source_id=card_payment_id,
        entries=(
            debit(chart.card(amount.currency), amount),
            credit(chart.suspense(amount.currency), amount),
        ),
    )


def unexplained_card_payment_refunded(
    refund_id: UUID, *, amount: Money, out_of: Account, completed_at: datetime
) -> JournalDraft:
    """The money of a card payment that paid nothing is given back to the card.

    :param out_of: the account that the money leaves.
    """
    return JournalDraft(
        key=f"refund:{refund_id}",
        effective_at=completed_at,
        description="Refund of a card payment that paid no invoice",
        source_kind="refund",
        source_id=refund_id,
        entries=(debit(chart.suspense(amount.currency), amount), credit(out_of, amount)),
    )


def _moved(held: Account, against: Account, signed: Money) -> tuple[Entry, Entry]:
    """Money in is owed on ``held`` and taken from ``against``; money out the other way round. Debit first."""
    if signed.minor > 0:
        return debit(against, signed), credit(held, signed)
    return debit(held, -signed), credit(against, -signed)


def _numbered(key: str, number: int) -> str:
    """The first of its kind has the key alone, as it was before there could be others."""
    return key if number == 1 else f"{key}:{number}"


def _account_of(share: Share, currency: str) -> Account:
    if share.organisation_id is None:
        assert share.role is SplitRole.PLATFORM, "only the platform's share belongs to nobody else"
        return chart.commission(currency)
    return chart.payable(share.organisation_id, currency)
