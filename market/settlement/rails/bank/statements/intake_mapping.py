"""What is written of a statement, and what the pure rules see of statements and entries that are there."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from infra.db import new_id
from market.settlement.bank_accounts.tables import BankAccount
from market.settlement.rails.bank.domain import Statement, StatementEntry
from market.settlement.rails.bank.statements.continuity import Period
from market.settlement.rails.bank.statements.repeats import Movement
from market.settlement.rails.bank.tables import BankEntry, BankStatement


def statement_row(
    statement: Statement,
    own: BankAccount,
    *,
    digest: bytes,
    document_digest: bytes,
    imported_at: datetime,
    imported_by: UUID,
) -> BankStatement:
    """A statement as it is kept, its place among the others not decided yet.

    :param digest: of its content; ``document_digest`` of the file that it came in.
    """
    return BankStatement(
        id=new_id(),
        bank_account_id=own.id,
        account=own.number,
        statement_id=statement.statement_id,
        digest=digest,
        document_digest=document_digest,
        currency=statement.currency,
        opening_minor=statement.opening.minor,
        closing_minor=statement.closing.minor,
        covers_from=statement.covers_from,
        covers_to=statement.covers_to,
        first_day=statement.first_day,
        last_day=statement.last_day,
        sequence=statement.sequence,
        created_at=statement.created_at,
        place=Decimal(0),
        relisted_minor=0,
        imported_at=imported_at,
        imported_by=imported_by,
    )


def period_of(row: BankStatement) -> Period:
    """What it says of its time and its balances."""
    return Period(
        row.statement_id,
        row.digest,
        row.continues_from_minor,
        row.closing_minor,
        row.first_day,
        row.last_day,
        row.covers_from,
        row.covers_to,
        row.sequence,
        row.place,
    )


def movement_of(entry: StatementEntry) -> Movement:
    """What identifies an entry of a statement that is being taken in."""
    return Movement(
        entry.number,
        entry.servicer_reference,
        entry.bank_reference,
        entry.booked_on,
        entry.signed.minor,
        entry.references,
        entry.counterparty,
    )


def kept_movement(entry: BankEntry) -> Movement:
    """What identifies an entry that is kept, and the entry that is booked for it."""
    return Movement(
        entry.number,
        entry.servicer_reference,
        entry.bank_reference,
        entry.booked_on,
        entry.amount_minor,
        tuple(entry.reference_texts),
        entry.counterparty,
        entry.same_as_id or entry.id,
    )
