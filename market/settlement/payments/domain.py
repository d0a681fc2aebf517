"""Payments, pure: the journals that an invoice, its payment, the split and a refund make."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from market.settlement.invoices.domain import Share, SplitRole, split
from market.settlement.ledger import chart
from market.settlement.ledger.domain import Account, JournalDraft, credit, debit
from pricing.money import Money


class Rail(StrEnum):
    """How money came."""

    BANK = "bank"
    CARD = "card"


class RefundStatus(StrEnum):
    """Where a refund stands."""

    FAILED = "failed"
    REQUESTED = "requested"
    SUCCEEDED = "succeeded"


def invoice_journal(
    invoice_id: UUID, *, agreement_id: UUID, buyer_id: UUID, total: Money, issued_at: datetime, number: str
) -> JournalDraft:
    """Invoice issued: the buyer owes it, the agreement's revenue waits to be split."""
    return JournalDraft(
        key=f"invoice:{invoice_id}",
        effective_at=issued_at,
        description=f"Invoice {number}",
        source_kind="invoice",
        source_id=invoice_id,
        entries=(
            debit(chart.receivable(buyer_id, total.currency), total),
            credit(chart.clearing(agreement_id, total.currency), total),
        ),
    )


def payment_journal(
    invoice_id: UUID, *, buyer_id: UUID, into: Account, amount: Money, received_at: datetime, number: str
) -> JournalDraft:
    """Invoice paid: the money is there, the buyer owes nothing."""
    return JournalDraft(
        key=f"payment:{invoice_id}",
        effective_at=received_at,
        description=f"Payment of invoice {number}",
        source_kind="payment",
        source_id=invoice_id,
        entries=(debit(into, amount), credit(chart.receivable(buyer_id, amount.currency), amount)),
    )


def split_journal(
    invoice_id: UUID,
    *,
    agreement_id: UUID,
    total: Money,
    shares: Sequence[Share],
    received_at: datetime,
    number: str,
) -> JournalDraft:
    """Revenue split: clearing returns to zero, every party has its part."""
    parts = [credit(_account_of(share, total.currency), part) for share, part in split(total, shares)]
    return JournalDraft(
        key=f"split:{invoice_id}",
        effective_at=received_at,
        description=f"Split of invoice {number}",
        source_kind="split",
        source_id=invoice_id,
        entries=(debit(chart.clearing(agreement_id, total.currency), total), *parts),
    )


def refund_journals(
    split_draft: JournalDraft,
    *,
    split_journal_id: UUID,
    refund_id: UUID,
    agreement_id: UUID,
    out_of: Account,
    amount: Money,
    completed_at: datetime,
) -> tuple[JournalDraft, JournalDraft]:
    """Refund: the split is undone posting by posting, and the money leaves through clearing.

    A party that was paid out already owes its part: its payable account goes below zero and the next split
    fills it.
    """
    undone = split_draft.reversal(
        f"split-reversal:{refund_id}",
        effective_at=completed_at,
        description=f"Reversal: {split_draft.description}",
        source=("refund", refund_id),
        journal_id=split_journal_id,
    )
    returned = JournalDraft(
        key=f"refund:{refund_id}",
        effective_at=completed_at,
        description=f"Refund, {split_draft.description}",
        source_kind="refund",
        source_id=refund_id,
        entries=(debit(chart.clearing(agreement_id, amount.currency), amount), credit(out_of, amount)),
    )
    return undone, returned


def _account_of(share: Share, currency: str) -> Account:
    if share.organisation_id is None:
        assert share.role is SplitRole.PLATFORM, "only the platform's share belongs to nobody else"
        return chart.commission(currency)
    return chart.payable(share.organisation_id, currency)
