"""Use cases of the bank rail: import statements, book every entry, pay invoices with what matches."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.digest import json_digest
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.bank_accounts import service as bank_accounts
from market.settlement.invoices import service as invoices
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import chart, posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import JournalDraft
from market.settlement.payments import service as payments
from market.settlement.payments.service import InvoicePayment
from market.settlement.payments.states import Rail
from market.settlement.rails.bank import repository
from market.settlement.rails.bank.domain import (
    Statement,
    StatementEntry,
    last_day,
    payment_references,
)
from market.settlement.rails.bank.errors import StatementConflict
from market.settlement.rails.bank.matching import Match, ReferencedInvoice, match
from market.settlement.rails.bank.states import BANK_ENTRY, BankEntryAction, BankEntryStatus
from market.settlement.rails.bank.tables import BankDocument, BankEntry, BankMatch, BankStatement

MAX_STATEMENT_BYTES = 16_777_216
"""Largest file taken."""


@dataclass(frozen=True, slots=True)
class ImportedStatement:
    """An imported statement, and whether this import put it there."""

    statement: BankStatement
    created: bool


async def import_statements(
    session: AsyncSession, actor: Actor, document: bytes, statements: Sequence[Statement]
) -> list[ImportedStatement]:
    """Import the statements of a camt.053 file: all of them, or none.

    Every entry is booked: one that names an invoice and has its amount pays it, anything else goes to suspense and is
    a break until it is explained. A statement that was imported before changes nothing.

    :param document: the file, which is kept.
    :param statements: what :mod:`market.settlement.rails.bank.reading` read in it.
    :raises BankAccountNotRegistered: a statement is of an account that is not registered as the platform's own.
    :raises StatementConflict: the account's bank gave the id to other content before.
    """
    digest = hashlib.sha256(document).digest()
    kept = BankDocument(digest=digest, content=document, recorded_at=await now(session), recorded_by=actor.id)
    await repository.insert_document(session, kept)
    return [await _import(session, actor, statement, digest) for statement in statements]


async def get_statement(session: AsyncSession, statement_id: UUID) -> BankStatement:
    """One statement by our id.

    :raises NotFound: there is none.
    """
    found = await repository.get(session, statement_id)
    if found is None:
        raise NotFound(Message("There is no bank statement {statement_id}.", statement_id=statement_id))
    return found


async def list_statements(
    session: AsyncSession, page: PageRequest
) -> tuple[Sequence[BankStatement], str | None]:
    """One page of statements, newest import first."""
    return await repository.statements_page(session, page)


async def entries_of(
    session: AsyncSession, statements: Sequence[BankStatement]
) -> dict[UUID, list[tuple[BankEntry, BankMatch]]]:
    """Entries of statements with what they were matched with, by our statement id."""
    found: dict[UUID, list[tuple[BankEntry, BankMatch]]] = {statement.id: [] for statement in statements}
    for entry, matched in await repository.entries_of(session, list(found)):
        found[entry.bank_statement_id].append((entry, matched))
    return found


async def _import(
    session: AsyncSession, actor: Actor, statement: Statement, document_digest: bytes
) -> ImportedStatement:
    own = await bank_accounts.require_own(
        session,
        statement.account,
        statement.currency,
        statement_id=statement.statement_id,
        until=last_day(statement),
    )
    await repository.lock_account(session, own.number)
    digest = _digest(statement)
    known = await repository.find(session, own.number, statement.statement_id)
    if known is not None:
        if known.digest != digest:
            raise StatementConflict(
                Message(
                    "Statement {statement_id} of account {account} was imported before, with other figures.",
                    statement_id=statement.statement_id,
                    account=statement.account,
                ),
                remedy=Message(
                    "Ask the bank which of the two is right; a corrected statement needs an id of its own."
                ),
                bank_statement_id=str(known.id),
            )
        return ImportedStatement(known, created=False)
    row = BankStatement(
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
        imported_at=await now(session),
        imported_by=actor.id,
    )
    session.add(row)
    await session.flush()
    await _book(session, actor, statement, row)
    await audit.record(
        session,
        actor,
        action="bank_statement.imported",
        subject_kind="bank_statement",
        subject_id=row.id,
        detail={"account": row.account, "statement_id": row.statement_id, "digest": digest.hex()},
    )
    await events.publish(
        session,
        EventKind.BANK_STATEMENT_IMPORTED,
        subject_id=row.id,
        organisations=(actor.organisation_id,),
        payload={"currency": row.currency, "entries": len(statement.entries)},
    )
    return ImportedStatement(row, created=True)


async def _book(session: AsyncSession, actor: Actor, statement: Statement, row: BankStatement) -> None:
    """Match and book every entry of a statement."""
    references = {
        reference for entry in statement.entries for reference in payment_references(entry.references)
    }
    named = await invoices.lock_referenced_invoices(session, sorted(references))
    by_id = {invoice.id: invoice for invoice in named.values()}
    entries = [_entry(row, entry) for entry in statement.entries]
    session.add_all(entries)
    await session.flush()
    found = match(
        statement.entries,
        {
            reference: ReferencedInvoice(invoice.id, invoice.document_number, invoice.status, invoice.total)
            for reference, invoice in named.items()
        },
    )
    matches = list(zip(entries, found, strict=True))
    paying = [
        _payment(entry, by_id[item.invoice_id], row.account) for entry, item in matches if item.invoice_id
    ]
    journals: dict[UUID, UUID] = {}
    for start in range(0, len(paying), payments.MAX_BATCH):
        made = await payments.pay_invoices(session, actor, paying[start : start + payments.MAX_BATCH])
        journals |= {payment.source_id: payment.payment_journal_id for payment in made}
    unexplained = [entry for entry, item in matches if item.invoice_id is None]
    for start in range(0, len(unexplained), ledger.MAX_BATCH):
        batch = unexplained[start : start + ledger.MAX_BATCH]
        posted = await ledger.post(session, actor, [_suspense_journal(entry, row) for entry in batch])
        journals |= {entry.id: journal.id for entry, journal in zip(batch, posted, strict=True)}
    moment = await now(session)
    session.add_all(_match(entry, item, journals[entry.id], moment) for entry, item in matches)
    await session.flush()


def _entry(row: BankStatement, entry: StatementEntry) -> BankEntry:
    return BankEntry(
        id=new_id(),
        bank_statement_id=row.id,
        number=entry.number,
        bank_reference=entry.bank_reference,
        amount_minor=entry.signed.minor,
        currency=entry.amount.currency,
        booked_on=entry.booked_on,
        reference_texts=list(entry.references),
        counterparty=entry.counterparty,
    )


def _payment(entry: BankEntry, invoice: Invoice, account: str) -> InvoicePayment:
    return InvoicePayment(
        invoice=invoice,
        rail=Rail.BANK,
        source_id=entry.id,
        into=chart.bank(account, entry.currency),
        # A bank books by the day; a payment on the day of the invoice came after it.
        received_at=max(_day(entry), invoice.issued_at),
    )


def _suspense_journal(entry: BankEntry, row: BankStatement) -> JournalDraft:
    return posting_rules.unexplained_bank_entry(
        entry.id,
        account=row.account,
        signed=entry.amount,
        bank_reference=entry.bank_reference,
        booked_at=_day(entry),
    )


def _match(entry: BankEntry, found: Match, journal_id: UUID, moment: datetime) -> BankMatch:
    action = BankEntryAction.PAY if found.invoice_id else BankEntryAction.HOLD
    return BankMatch(
        entry_id=entry.id,
        status=BANK_ENTRY.next_state(BankEntryStatus.RECEIVED, action),
        invoice_id=found.invoice_id,
        reason=found.reason,
        journal_id=journal_id,
        recorded_at=moment,
    )


def _day(entry: BankEntry) -> datetime:
    """Start of the booking day, taken as a day of UTC."""
    return datetime.combine(entry.booked_on, time(), UTC)


def _digest(statement: Statement) -> bytes:
    """SHA-256 of the content of a statement, whatever file it came in."""
    content = [
        statement.account,
        statement.statement_id,
        str(statement.opening),
        str(statement.closing),
        [
            [
                entry.number,
                str(entry.signed),
                entry.booked_on.isoformat(),
                entry.bank_reference,
                *entry.references,
                entry.counterparty,
            ]
            for entry in statement.entries
        ],
    ]
    return json_digest(content)
