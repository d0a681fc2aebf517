"""Reconciliation, pure: which differences are breaks, whose they are, since when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from infra.messages import Message, unpacked
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
    explanation: Message


def explained(text: Message, facts: Mapping[str, Any], currency: str | None) -> Message:
    """An explanation with what it names.

    :param facts: values as JSON has them; one whose name ends in ``_minor`` is an amount in minor units.
    """
    values = {
        name: Money(int(value), currency) if currency and name.endswith("_minor") else unpacked(value)
        for name, value in facts.items()
    }
    return text.of(**values)


def oldest_first(breaks: Iterable[Break]) -> list[Break]:
    """Breaks in a fixed order: the oldest first, then by kind and subject."""
    return sorted(breaks, key=lambda item: (item.since, item.kind, item.subject))
