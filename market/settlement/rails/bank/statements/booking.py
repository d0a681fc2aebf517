"""Booking a statement's entries: what names an invoice or a refund and has its amount settles it, the rest is held."""

from collections.abc import Mapping
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.messages import Message
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
from market.settlement.rails.bank.domain import Statement, StatementEntry, payment_references
from market.settlement.rails.bank.entries import recording
from market.settlement.rails.bank.entries.matching import (
    Match,
    Part,
    ReferencedInvoice,
    ReferencedRefund,
    match,
)
from market.settlement.rails.bank.states import PartKind
from market.settlement.rails.bank.tables import BankEntry, BankStatement


async def book(
    session: AsyncSession,
    actor: Actor,
    statement: Statement,
    row: BankStatement,
    *,
    same_as: Mapping[int, UUID],
    doubtful: Mapping[int, Message],
) -> None:
    """Write down every entry of a statement; match and book those that are not booked yet.

    :param same_as: by number, the entries that are booked already, each with the one that is.
    :param doubtful: by number, what is held in suspense whatever it names, and why.
    """
    named, sent = await _lock_referenced(session, statement)
    by_id = {invoice.id: invoice for invoice in named.values()}
    refunds_by_id = {refund.id: refund for refund in sent.values()}
    written = [_entry(row, entry, same_as.get(entry.number)) for entry in statement.entries]
    session.add_all(written)
    await session.flush()
    news = [
        (entry, given)
        for entry, given in zip(written, statement.entries, strict=True)
        if given.number not in same_as
    ]
    clear = [(entry, given) for entry, given in news if given.number not in doubtful]
    found = match(
        [given for _, given in clear],
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
    matches = [
        *((entry, item) for (entry, _), item in zip(clear, found, strict=True)),
        *((entry, Match(given, doubtful[given.number])) for entry, given in news if given.number in doubtful),
    ]
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


def _entry(row: BankStatement, entry: StatementEntry, same_as_id: UUID | None) -> BankEntry:
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
        servicer_reference=entry.servicer_reference,
        same_as_id=same_as_id,
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
