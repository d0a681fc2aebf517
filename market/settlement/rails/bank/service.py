"""Use cases of the bank rail: import statements, book every entry, pay invoices with what matches."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
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
from market.settlement.payments import refunds
from market.settlement.payments import service as payments
from market.settlement.payments.domain import refund_references
from market.settlement.payments.service import InvoicePayment
from market.settlement.payments.states import Rail
from market.settlement.payments.tables import Refund
from market.settlement.rails.bank import recording, repository
from market.settlement.rails.bank.domain import (
    Statement,
    StatementEntry,
    last_day,
    payment_references,
)
from market.settlement.rails.bank.errors import StatementConflict
from market.settlement.rails.bank.matching import Part, ReferencedInvoice, ReferencedRefund, match
from market.settlement.rails.bank.recording import MatchedEntry
from market.settlement.rails.bank.states import PartKind
from market.settlement.rails.bank.tables import BankDocument, BankEntry, BankStatement

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
) -> dict[UUID, list[MatchedEntry]]:
    """Entries of statements with what they are matched with now, by our statement id."""
    found: dict[UUID, list[MatchedEntry]] = {statement.id: [] for statement in statements}
    by_id = {statement.id: statement for statement in statements}
    rows = await repository.entries_of(session, list(found))
    parts = await recording.parts_by_match(session, [matched.id for _, matched in rows])
    for entry, matched in rows:
        statement = by_id[entry.bank_statement_id]
        found[statement.id].append(MatchedEntry(entry, statement, matched, parts[matched.id]))
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
    named, sent = await _lock_referenced(session, statement)
    by_id = {invoice.id: invoice for invoice in named.values()}
    refunds_by_id = {refund.id: refund for refund in sent.values()}
    entries = [_entry(row, entry) for entry in statement.entries]
    session.add_all(entries)
    await session.flush()
    found = match(
        statement.entries,
        {
            reference: ReferencedInvoice(
                invoice.id, invoice.document_number, invoice.status, invoice.total, invoice.open
            )
            for reference, invoice in named.items()
        },
        {
            reference: ReferencedRefund(refund.id, reference, refund.status, refund.amount)
            for reference, refund in sent.items()
        },
    )
    matches = list(zip(entries, found, strict=True))
    paying = [
        _payment(entry, by_id[item.invoice_id], row.account) for entry, item in matches if item.invoice_id
    ]
    journals: dict[UUID, UUID] = {}
    parts: dict[UUID, Part] = {}
    for start in range(0, len(paying), payments.MAX_BATCH):
        for payment in await payments.pay_invoices(
            session, actor, paying[start : start + payments.MAX_BATCH]
        ):
            journals[payment.source_id] = payment.payment_journal_id
            parts[payment.source_id] = Part(
                PartKind.INVOICE, payment.amount_minor, payment.invoice_id, payment.id
            )
    held = [entry for entry, item in matches if item.invoice_id is None]
    for start in range(0, len(held), ledger.MAX_BATCH):
        batch = held[start : start + ledger.MAX_BATCH]
        posted = await ledger.post(session, actor, [_suspense_journal(entry, row) for entry in batch])
        journals |= {entry.id: journal.id for entry, journal in zip(batch, posted, strict=True)}
    for entry, item in matches:
        if item.refund_id is not None:
            refund = refunds_by_id[item.refund_id]
            invoice = by_id[refund.invoice_id] if refund.invoice_id else None
            await refunds.complete_refund(session, actor, invoice, refund, chart.suspense(entry.currency))
            parts[entry.id] = Part(PartKind.REFUND, entry.amount_minor, refund.id)
    moment = await now(session)
    rows = [
        recording.rows(
            entry,
            [parts.get(entry.id, Part(PartKind.SUSPENSE, entry.amount_minor))],
            before=None,
            journal_id=journals[entry.id],
            reason=item.reason,
            actor=actor,
            moment=moment,
        )
        for entry, item in matches
    ]
    session.add_all(made for made, _ in rows)
    await session.flush()
    session.add_all(part for _, made in rows for part in made)
    await session.flush()


async def _lock_referenced(
    session: AsyncSession, statement: Statement
) -> tuple[dict[str, Invoice], dict[str, Refund]]:
    """The invoices and refunds that entries name, by reference, locked: invoices before refunds, in id order."""
    texts = [entry.references for entry in statement.entries]
    sent = await refunds.find_refunds(session, {name for text in texts for name in refund_references(text)})
    named = await invoices.lock_referenced_invoices(
        session,
        sorted({name for text in texts for name in payment_references(text)}),
        besides={refund.invoice_id for refund in sent.values() if refund.invoice_id},
    )
    await refunds.lock_refunds(session, [refund.id for refund in sent.values()])
    return named, sent


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
        amount=entry.amount,
        # A bank books by the day; a payment on the day of the invoice came after it.
        received_at=max(recording.received_at(entry), invoice.issued_at),
    )


def _suspense_journal(entry: BankEntry, row: BankStatement) -> JournalDraft:
    return posting_rules.unexplained_bank_entry(
        entry.id,
        account=row.account,
        signed=entry.amount,
        bank_reference=entry.bank_reference,
        booked_at=recording.received_at(entry),
    )


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
