"""The ledger over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Output
from market.settlement.ledger.domain import AccountKind, AccountRole, Side
from market.settlement.ledger.repository import AccountSums
from market.settlement.ledger.service import AccountStatement, TrialBalance
from market.settlement.ledger.tables import LedgerAccount, LedgerJournal, LedgerPosting
from pricing.money import Money, MoneyOut


class AccountRead(Output):
    """An account of the chart."""

    id: UUID
    code: str = Field(description="Role, subject and currency")
    role: AccountRole
    kind: AccountKind
    normal_side: Side
    currency: str
    owner_organisation_id: UUID | None = Field(description="Whose money it is; null: the platform's own")
    owner_organisation_name: PartyName | None

    @classmethod
    def of(cls, row: LedgerAccount, names: PartyNames) -> Self:
        """Render an account.

        :param names: of the organisations that own accounts.
        """
        return cls(
            id=row.id,
            code=row.code,
            role=row.role,
            kind=row.kind,
            normal_side=row.normal_side,
            currency=row.currency,
            owner_organisation_id=row.owner_organisation_id,
            owner_organisation_name=(
                names.get(row.owner_organisation_id) if row.owner_organisation_id else None
            ),
        )


class PostingRead(Output):
    """One posting of a journal."""

    account_id: UUID
    account_code: str
    side: Side
    amount: MoneyOut = Field(description="Positive")

    @classmethod
    def of(cls, posting: LedgerPosting, code: str) -> Self:
        """Render a posting."""
        return cls(
            account_id=posting.account_id,
            account_code=code,
            side=Side.DEBIT if posting.amount > 0 else Side.CREDIT,
            amount=MoneyOut.of(Money(abs(posting.amount), posting.currency)),
        )


class JournalRead(Output):
    """A balanced journal."""

    id: UUID
    effective_at: datetime = Field(description="When the event happened")
    recorded_at: datetime = Field(description="When it was booked")
    description: str
    source_kind: str
    source_id: UUID
    reverses_id: UUID | None = Field(description="The journal this one undoes")
    postings: list[PostingRead]

    @classmethod
    def of(cls, journal: LedgerJournal, postings: list[tuple[LedgerPosting, str]]) -> Self:
        """Render a journal."""
        return cls(
            id=journal.id,
            effective_at=journal.effective_at,
            recorded_at=journal.recorded_at,
            description=journal.description,
            source_kind=journal.source_kind,
            source_id=journal.source_id,
            reverses_id=journal.reverses_id,
            postings=[PostingRead.of(posting, code) for posting, code in postings],
        )


class TrialBalanceRow(Output):
    """Debits, credits and balance of one account."""

    account: AccountRead
    debit: MoneyOut
    credit: MoneyOut
    balance: MoneyOut = Field(description="Positive on the account's normal side")

    @classmethod
    def of(cls, row: AccountSums, names: PartyNames) -> Self:
        """Render one account's sums."""
        currency = row.account.currency
        signed = row.debit - row.credit
        normal = signed if row.account.normal_side is Side.DEBIT else -signed
        return cls(
            account=AccountRead.of(row.account, names),
            debit=MoneyOut.of(Money(row.debit, currency)),
            credit=MoneyOut.of(Money(row.credit, currency)),
            balance=MoneyOut.of(Money(normal, currency)),
        )


class TrialBalanceRead(Output):
    """Every account, and what does not sum to zero: nothing, ever."""

    at: datetime | None = Field(description="Up to and including this time; null: everything")
    rows: list[TrialBalanceRow]
    differences: list[MoneyOut]

    @classmethod
    def of(cls, trial: TrialBalance, at: datetime | None, names: PartyNames) -> Self:
        """Render a trial balance.

        :param names: of the organisations that own accounts.
        """
        return cls(
            at=at,
            rows=[TrialBalanceRow.of(row, names) for row in trial.rows],
            differences=[MoneyOut.of(difference) for difference in trial.differences],
        )


class MovementRead(Output):
    """One movement on a statement of account."""

    journal_id: UUID
    effective_at: datetime
    description: str
    source_kind: str
    source_id: UUID
    amount: MoneyOut = Field(description="Positive: owed more; negative: paid out or taken back")


class StatementOfAccountRead(Output):
    """What the market owes an organisation, movement by movement."""

    organisation_id: UUID
    organisation_name: PartyName | None
    account_code: str
    opening: MoneyOut
    closing: MoneyOut
    movements: list[MovementRead]

    @classmethod
    def of(cls, organisation_id: UUID, statement: AccountStatement, names: PartyNames) -> Self:
        """Render a statement of account."""
        return cls(
            organisation_id=organisation_id,
            organisation_name=names.get(organisation_id),
            account_code=statement.account.code,
            opening=MoneyOut.of(statement.opening),
            closing=MoneyOut.of(statement.closing),
            movements=[
                MovementRead(
                    journal_id=journal.id,
                    effective_at=journal.effective_at,
                    description=journal.description,
                    source_kind=journal.source_kind,
                    source_id=journal.source_id,
                    amount=MoneyOut.of(Money(-posting.amount, posting.currency)),
                )
                for posting, journal in statement.movements
            ],
        )
