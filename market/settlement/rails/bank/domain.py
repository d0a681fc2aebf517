"""Bank statements, pure: their entries, the check that their figures add up, and the references in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from infra.identifiers import find_references
from infra.messages import Message
from market.settlement.rails.bank.errors import StatementError
from pricing.money import Money


class Direction(StrEnum):
    """Which way money went, seen from the account's holder."""

    CREDIT = "credit"
    DEBIT = "debit"


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One booked movement.

    :param number: place in the statement, from 1.
    :param amount: positive; ``direction`` says which way.
    :param booked_on: the bank's booking date, as it states it (its own calendar day).
    :param references: every text that may carry a payment reference, in the bank's order.
    """

    number: int
    bank_reference: str
    amount: Money
    direction: Direction
    booked_on: date
    references: tuple[str, ...]
    counterparty: str
    servicer_reference: str | None = None
    """The bank's own reference (AcctSvcrRef), where it is one; see :func:`usable_reference`."""

    @property
    def signed(self) -> Money:
        """The amount with its sign: credit positive."""
        return self.amount if self.direction is Direction.CREDIT else -self.amount


@dataclass(frozen=True, slots=True)
class Statement:
    """One account statement.

    :param opening: booked balance before the first entry, ``closing`` after the last; credit positive.
    :param covers_from: beginning and end of the period as the bank states them, when it does.
    :param first_day: first and last day of it, in the bank's own calendar: of the period or, where none is stated, the
        days of the opening and the closing balance.
    :param sequence: the electronic sequence number, when the bank counts its statements.
    :param created_at: when the bank made the statement.
    """

    statement_id: str
    account: str
    currency: str
    opening: Money
    closing: Money
    covers_from: datetime | None
    covers_to: datetime | None
    entries: tuple[StatementEntry, ...]
    first_day: date | None = None
    last_day: date | None = None
    sequence: int | None = None
    created_at: datetime | None = None


def last_day(statement: Statement) -> date | None:
    """The last day that a statement tells of: of its period, or else of its entries; None: it tells of none."""
    return statement.last_day or max((entry.booked_on for entry in statement.entries), default=None)


def check_balances(statement: Statement) -> None:
    """Check that opening + Σ entries = closing; raises `StatementError` with the figures."""
    moved = Money(sum(entry.signed.minor for entry in statement.entries), statement.currency)
    expected = statement.opening + moved
    if expected != statement.closing:
        raise StatementError(
            Message(
                "statement {statement_id}: opening {opening} and entries of {moved} make {expected}, "
                "but the closing balance is {closing}",
                statement_id=statement.statement_id,
                opening=statement.opening,
                moved=moved,
                expected=expected,
                closing=statement.closing,
            )
        )


_REFERENCE = re.compile("RF[0-9]{16}")


def payment_references(texts: Sequence[str]) -> list[str]:
    """Creditor references of our own form (RF, two check digits, 14 digits) found in the texts, each once.

    Check digits are verified by whoever looks the reference up; here only the form is found.
    """
    return find_references(_REFERENCE, texts)


_NO_REFERENCE = frozenset(
    {"NOTPROVIDED", "NOTAVAILABLE", "NOTAVAIL", "NONREF", "NOREF", "NONE", "UNKNOWN", "NA", "N/A", "-"}
)


def usable_reference(text: str | None) -> str | None:
    """A reference that names one movement; None for what banks write where they have none."""
    if text is None or text.strip().upper() in _NO_REFERENCE or not text.strip("0 "):
        return None
    return text
