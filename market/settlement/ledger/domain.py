"""Double entry, pure: accounts, journals and postings before they are stored.

Amounts are signed minor units, debit positive and credit negative, so that a journal balances when its
postings sum to zero in every currency. The same rule is held a second time by the database.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from market.settlement.ledger.errors import LedgerError
from pricing.money import Money

MAX_POSTINGS = 1000
"""Most postings of one journal: a bound on what one entry may say."""


class AccountKind(StrEnum):
    """What an account is in the books of the platform."""

    ASSET = "asset"
    EXPENSE = "expense"
    LIABILITY = "liability"
    REVENUE = "revenue"


class Side(StrEnum):
    """The two sides of an account."""

    CREDIT = "credit"
    DEBIT = "debit"


class AccountRole(StrEnum):
    """What an account is for; the chart of accounts is written in these."""

    BANK = "bank"
    CARD = "card"
    CLEARING = "clearing"
    COMMISSION = "commission"
    OTHER = "other"
    PAYABLE = "payable"
    RECEIVABLE = "receivable"
    SUSPENSE = "suspense"


KIND_OF_ROLE: dict[AccountRole, AccountKind] = {
    AccountRole.BANK: AccountKind.ASSET,
    AccountRole.CARD: AccountKind.ASSET,
    AccountRole.CLEARING: AccountKind.LIABILITY,
    AccountRole.COMMISSION: AccountKind.REVENUE,
    AccountRole.OTHER: AccountKind.LIABILITY,
    AccountRole.PAYABLE: AccountKind.LIABILITY,
    AccountRole.RECEIVABLE: AccountKind.ASSET,
    AccountRole.SUSPENSE: AccountKind.LIABILITY,
}


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the chart names it.

    :param subject: what tells accounts of one role apart: an organisation, an agreement, a bank account.
    :param owner_organisation_id: whose money it is; None for the platform's own accounts.
    """

    role: AccountRole
    currency: str
    subject: str = ""
    owner_organisation_id: UUID | None = None

    @property
    def code(self) -> str:
        """The account's unique name, for example ``payable:0190…:CNY``."""
        return ":".join(part for part in (self.role.value, self.subject, self.currency) if part)

    @property
    def kind(self) -> AccountKind:
        """Asset, liability, revenue or expense."""
        return KIND_OF_ROLE[self.role]

    @property
    def normal_side(self) -> Side:
        """The side on which the account grows."""
        return Side.DEBIT if self.kind in (AccountKind.ASSET, AccountKind.EXPENSE) else Side.CREDIT


@dataclass(frozen=True, slots=True)
class Entry:
    """One posting to be: ``minor`` units of the account's currency, debit positive, credit negative."""

    account: Account
    minor: int

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        if self.minor == 0:
            raise LedgerError(f"a posting of nothing to {self.account.code}")


def debit(account: Account, amount: Money) -> Entry:
    """Debit ``account`` with ``amount`` (positive); raises `LedgerError` for another currency or sign."""
    return Entry(account, _positive(account, amount))


def credit(account: Account, amount: Money) -> Entry:
    """Credit ``account`` with ``amount`` (positive); raises `LedgerError` for another currency or sign."""
    return Entry(account, -_positive(account, amount))


def _positive(account: Account, amount: Money) -> int:
    if amount.currency != account.currency:
        raise LedgerError(f"{amount} does not belong on {account.code}, which is kept in {account.currency}")
    if amount.minor <= 0:
        raise LedgerError(
            f"{amount} to {account.code}: debit or credit says the direction, the amount is positive"
        )
    return amount.minor


@dataclass(frozen=True, slots=True)
class JournalDraft:
    """A journal to post.

    :param key: idempotency key; the same key posts once, and with other content is refused.
    :param effective_at: when the event happened (aware); recording time is the database's.
    :param source_kind: what it comes from (``invoice``, ``payment`` …), with ``source_id`` its id.
    :param reverses_id: the journal this one undoes.
    :raises LedgerError: unbalanced in a currency, fewer than two postings, or too many.
    """

    key: str
    effective_at: datetime
    description: str
    source_kind: str
    source_id: UUID
    entries: tuple[Entry, ...]
    reverses_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.effective_at.tzinfo is None:
            raise LedgerError(f"journal {self.key}: its time has no zone")
        if not 2 <= len(self.entries) <= MAX_POSTINGS:
            raise LedgerError(
                f"journal {self.key} has {len(self.entries)} postings; 2 to {MAX_POSTINGS} make one"
            )
        for currency, difference in imbalance(
            (entry.account.currency, entry.minor) for entry in self.entries
        ):
            raise LedgerError(f"journal {self.key} is out of balance by {Money(difference, currency)}")

    @property
    def digest(self) -> bytes:
        """SHA-256 of what the journal says about money; a repeat of the key must have the same."""
        parts = [self.source_kind, self.source_id.hex, self.reverses_id.hex if self.reverses_id else ""]
        parts += [f"{entry.account.code}={entry.minor}" for entry in self.entries]
        return hashlib.sha256("\n".join(parts).encode()).digest()

    def reversal(
        self,
        key: str,
        *,
        effective_at: datetime,
        description: str,
        source: tuple[str, UUID],
        journal_id: UUID,
    ) -> Self:
        """The journal that undoes this one, which was posted as ``journal_id``."""
        entries = tuple(Entry(entry.account, -entry.minor) for entry in self.entries)
        return type(self)(key, effective_at, description, source[0], source[1], entries, journal_id)


def imbalance(amounts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The currencies of (currency, signed minor units) pairs that do not sum to zero, with the difference."""
    sums: defaultdict[str, int] = defaultdict(int)
    for currency, minor in amounts:
        sums[currency] += minor
    return [(currency, total) for currency, total in sorted(sums.items()) if total]
