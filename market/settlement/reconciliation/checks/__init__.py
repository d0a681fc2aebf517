"""What reconciliation checks: one module for each kind of break."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from infra.db import AsyncSession
from market.settlement.reconciliation.checks import (
    bank_balance,
    bank_entry,
    card_balance,
    card_payment,
    clearing,
    invoice_lines,
    invoice_overdue,
    invoice_posting,
    receivable,
    statement_gap,
    suspense,
    trial_balance,
    usage,
)
from market.settlement.reconciliation.domain import Break, BreakKind

Check = Callable[[AsyncSession, datetime], Awaitable[list[Break]]]
"""Finds the breaks of one kind, as of the moment of the run."""

CHECKS: Mapping[BreakKind, Check] = {
    BreakKind.BANK_BALANCE: bank_balance.check,
    BreakKind.BANK_ENTRY: bank_entry.check,
    BreakKind.CARD_BALANCE: card_balance.check,
    BreakKind.CARD_PAYMENT: card_payment.check,
    BreakKind.CLEARING: clearing.check,
    BreakKind.INVOICE_LINES: invoice_lines.check,
    BreakKind.INVOICE_OVERDUE: invoice_overdue.check,
    BreakKind.INVOICE_POSTING: invoice_posting.check,
    BreakKind.RECEIVABLE: receivable.check,
    BreakKind.STATEMENT_GAP: statement_gap.check,
    BreakKind.SUSPENSE: suspense.check,
    BreakKind.TRIAL_BALANCE: trial_balance.check,
    BreakKind.USAGE: usage.check,
}
