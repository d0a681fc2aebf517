"""The posting rules, pure: which journal each event of the trade makes. No journal is built anywhere else.

=================================  ==========================================  ==================================
event                              debit                                       credit
=================================  ==========================================  ==================================
invoice issued                     receivable of the buyer                     clearing of the agreement
payment received                   bank account, or card                       receivable of the buyer
revenue split                      clearing of the agreement                   payable of owner and operator,
                                                                               commission of the platform
refund completed                   the split's accounts, reversed; then        clearing; then the account that
                                   clearing of the agreement                   the money left
bank entry that no invoice         bank account (money in), suspense (out)     suspense (money in), bank (out)
explains
card payment of an invoice that    card                                        suspense
is paid already
=================================  ==========================================  ==================================

A journal's key, source and entries, in their order, are what its digest covers: a change of a rule must not
change them for events that are posted already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from market.settlement.ledger import chart
from market.settlement.ledger.domain import Account, JournalDraft, credit, debit
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


def payment_received(invoice: BilledInvoice, into: Account, received_at: datetime) -> JournalDraft:
    """The invoice is paid in full: the money is on an account of ours, the buyer owes nothing."""
    receivable = chart.receivable(invoice.buyer_id, invoice.total.currency)
    return JournalDraft(
        key=f"payment:{invoice.id}",
        effective_at=received_at,
        description=f"Payment of invoice {invoice.number}",
        source_kind="payment",
        source_id=invoice.id,
        entries=(debit(into, invoice.total), credit(receivable, invoice.total)),
    )


def revenue_split(invoice: BilledInvoice, received_at: datetime) -> JournalDraft:
    """The revenue is split: clearing returns to zero, every party has its part."""
    currency = invoice.total.currency
    parts = split_revenue(invoice.total, invoice.shares)
    return JournalDraft(
        key=f"split:{invoice.id}",
        effective_at=received_at,
        description=f"Split of invoice {invoice.number}",
        source_kind="split",
        source_id=invoice.id,
        entries=(
            debit(chart.clearing(invoice.agreement_id, currency), invoice.total),
            *(credit(_account_of(share, currency), part) for share, part in parts),
        ),
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


def unexplained_bank_entry(
    entry_id: UUID, *, account: str, signed: Money, bank_reference: str, booked_at: datetime
) -> JournalDraft:
    """Money moved on a bank account and no invoice explains it: it is held in suspense.

    :param account: the platform's bank account, by its number.
    :param signed: positive when money came in, negative when it went out.
    """
    bank, suspense = chart.bank(account, signed.currency), chart.suspense(signed.currency)
    incoming = signed.minor > 0
    amount = signed if incoming else -signed
    return JournalDraft(
        key=f"bank-entry:{entry_id}",
        effective_at=booked_at,
        description=f"Unexplained bank entry {bank_reference}"[:200],
        source_kind="bank_entry",
        source_id=entry_id,
        entries=(
            debit(bank if incoming else suspense, amount),
            credit(suspense if incoming else bank, amount),
        ),
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


def _account_of(share: Share, currency: str) -> Account:
    if share.organisation_id is None:
        assert share.role is SplitRole.PLATFORM, "only the platform's share belongs to nobody else"
        return chart.commission(currency)
    return chart.payable(share.organisation_id, currency)
