"""What reconciliation checks: one module for each kind of break."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from infra.db import AsyncSession
from market.settlement.reconciliation.checks import (
    agreement,
    audit_log,
    bank_balance,
    bank_entry,
    card_balance,
    card_payment,
    clearing,
    counter,
    invoice_account,
    invoice_content,
    invoice_lines,
    invoice_overdue,
    invoice_posting,
    licence_terms,
    licence_token,
    organisation,
    period_not_billed,
    product,
    receivable,
    rule,
    statement_gap,
    stop,
    suspense,
    trial_balance,
    usage,
)
from market.settlement.reconciliation.domain import Break, BreakKind

Check = Callable[[AsyncSession, datetime], Awaitable[list[Break]]]
"""Finds the breaks of one kind, as of the moment of the run."""

CHECKS: Mapping[BreakKind, Check] = {
    BreakKind.AGREEMENT: agreement.check,
    BreakKind.AUDIT_LOG: audit_log.check,
    BreakKind.BANK_BALANCE: bank_balance.check,
    BreakKind.BANK_ENTRY: bank_entry.check,
    BreakKind.CARD_BALANCE: card_balance.check,
    BreakKind.CARD_PAYMENT: card_payment.check,
    BreakKind.CLEARING: clearing.check,
    BreakKind.COUNTER: counter.check,
    BreakKind.INVOICE_ACCOUNT: invoice_account.check,
    BreakKind.INVOICE_CONTENT: invoice_content.check,
    BreakKind.INVOICE_LINES: invoice_lines.check,
    BreakKind.INVOICE_OVERDUE: invoice_overdue.check,
    BreakKind.INVOICE_POSTING: invoice_posting.check,
    BreakKind.LICENCE_TERMS: licence_terms.check,
    BreakKind.LICENCE_TOKEN: licence_token.check,
    BreakKind.ORGANISATION: organisation.check,
    BreakKind.PERIOD_NOT_BILLED: period_not_billed.check,
    BreakKind.PRODUCT: product.check,
    BreakKind.RECEIVABLE: receivable.check,
    BreakKind.RULE: rule.check,
    BreakKind.STATEMENT_GAP: statement_gap.check,
    BreakKind.STOP: stop.check,
    BreakKind.SUSPENSE: suspense.check,
    BreakKind.TRIAL_BALANCE: trial_balance.check,
    BreakKind.USAGE: usage.check,
}
