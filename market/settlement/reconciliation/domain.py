"""Reconciliation, pure: which differences are breaks, whose they are, since when."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pricing.money import Money


class BreakKind(StrEnum):
    """What does not agree."""

    AGREEMENT = "agreement"
    AUDIT_LOG = "audit_log"
    BANK_BALANCE = "bank_balance"
    BANK_ENTRY = "bank_entry"
    CARD_BALANCE = "card_balance"
    CARD_PAYMENT = "card_payment"
    CLEARING = "clearing"
    COUNTER = "counter"
    INVOICE_ACCOUNT = "invoice_account"
    INVOICE_CONTENT = "invoice_content"
    INVOICE_LINES = "invoice_lines"
    INVOICE_OVERDUE = "invoice_overdue"
    INVOICE_POSTING = "invoice_posting"
    LICENCE_TERMS = "licence_terms"
    LICENCE_TOKEN = "licence_token"  # noqa: S105 -- a kind of break
    ORGANISATION = "organisation"
    PERIOD_NOT_BILLED = "period_not_billed"
    PRODUCT = "product"
    RECEIVABLE = "receivable"
    RULE = "rule"
    STATEMENT_GAP = "statement_gap"
    STOP = "stop"
    SUSPENSE = "suspense"
    TRIAL_BALANCE = "trial_balance"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Break:
    """One difference.

    :param difference: what is missing (negative) or left over (positive), in minor units of the currency, or
        in units of use, or in things, where there is no currency; never zero.
    :param owner_id: the organisation that has to explain it; None: the platform's finance.
    :param since: when it arose.
    """

    kind: BreakKind
    subject_kind: str
    subject: str
    difference: int
    currency: str | None
    owner_id: UUID | None
    since: datetime
    explanation: str


_MINOR_UNITS = " minor units"
# A number that stands for itself: no part of an id or of a date.
_AMOUNT = re.compile(r"(?<![\w-])-?\d+(?![\w-])", re.ASCII)


def in_currency(explanation: str, currency: str | None) -> str:
    """An explanation as people read it: where a query says that its amounts are minor units, they become money.

    :param explanation: as the query of a check words it: ``opens with 900 minor units; … closed with 1200``.
    :param currency: of the break; None where it is no money.
    """
    if currency is None or _MINOR_UNITS not in explanation:
        return explanation
    return _AMOUNT.sub(
        lambda amount: str(Money(int(amount[0]), currency)), explanation.replace(_MINOR_UNITS, "")
    )


def oldest_first(breaks: Iterable[Break]) -> list[Break]:
    """Breaks in a fixed order: the oldest first, then by kind and subject."""
    return sorted(breaks, key=lambda item: (item.since, item.kind, item.subject))
