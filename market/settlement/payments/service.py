"""Use cases of payments: pay invoices and split what they brought; give a payment back.

Callers hold the invoice's row lock, so that two rails cannot pay it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import NotFound
from infra.events.kinds import EventKind
from infra.messages import Message
from market.settlement.invoices import issuing
from market.settlement.invoices import service as invoices
from market.settlement.invoices.issuing import billed
from market.settlement.invoices.states import INVOICE, InvoiceAction
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import Account, JournalDraft
from market.settlement.payments import repository
from market.settlement.payments.errors import InvoiceNotRefundable
from market.settlement.payments.states import REFUND, Rail, RefundAction, RefundStatus
from market.settlement.payments.tables import Payment, Refund

MAX_BATCH = 1000
"""Most invoices of one call to :func:`pay_invoices`."""


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """Money that pays an invoice in full.

    :param source_id: the bank entry or card payment it came from.
    :param into: the account that holds it now.
    """

    invoice: Invoice
    rail: Rail
    source_id: UUID
    into: Account
    received_at: datetime


async def pay_invoices(
    session: AsyncSession, actor: Actor, received: Sequence[InvoicePayment]
) -> list[Payment]:
    """Mark invoices as paid, book the money and split the revenue: all of them, or none.

    :param received: for invoices whose rows the caller has locked, each at most once.
    :return: one payment for each, in order.
    :raises InvoiceNotPayable: one of the invoices does not wait for a payment.
    """
    drafts: list[JournalDraft] = []
    for item in received:
        invoices.mark_paid(item.invoice, item.received_at)
        bill = billed(item.invoice)
        drafts += (
            posting_rules.payment_received(bill, item.into, item.received_at),
            posting_rules.revenue_split(bill, item.received_at),
        )
    posted = await ledger.post(session, actor, drafts)
    moment = await now(session)
    payments = []
    for place, item in enumerate(received):
        invoice = item.invoice
        payment = Payment(
            id=new_id(),
            invoice_id=invoice.id,
            rail=item.rail,
            source_id=item.source_id,
            amount_minor=invoice.total_minor,
            currency=invoice.currency,
            received_at=item.received_at,
            payment_journal_id=posted[2 * place].id,
            split_journal_id=posted[2 * place + 1].id,
            recorded_at=moment,
        )
        session.add(payment)
        payments.append(payment)
        await audit.record(
            session,
            actor,
            action="invoice.paid",
            subject_kind="invoice",
            subject_id=invoice.id,
            detail={"rail": item.rail.value, "amount": str(invoice.total)},
        )
        await issuing.publish_event(session, invoice, EventKind.INVOICE_PAID)
    await session.flush()
    return payments


async def list_refunds(session: AsyncSession, invoice: Invoice) -> Sequence[Refund]:
    """Refunds of an invoice, newest first."""
    return await repository.refunds_of(session, invoice.id)


async def request_refund(session: AsyncSession, actor: Actor, invoice: Invoice, reason: str) -> Refund:
    """Start to give a card payment back in full; money moves when the processor has confirmed it.

    :param invoice: its row is locked by the caller.
    :raises InvoiceNotRefundable: not paid, paid by bank transfer, or a refund is in progress or done.
    """
    payment = await repository.payment_of(session, invoice.id)
    if not INVOICE.allows(invoice.status, InvoiceAction.REFUND) or payment is None:
        raise InvoiceNotRefundable(
            Message(
                "Invoice {document_number} holds no payment to give back.",
                document_number=invoice.document_number,
            ),
            remedy=Message("Refund only invoices that were paid by card and are not refunded."),
        )
    if payment.rail is not Rail.CARD:
        raise InvoiceNotRefundable(
            Message("The invoice was paid by bank transfer, which only a transfer back can undo."),
            remedy=Message("Pay the buyer back by bank; the outgoing entry shows up as a break to explain."),
        )
    if await repository.open_refund(session, invoice.id) is not None:
        raise InvoiceNotRefundable(
            Message("A refund of this invoice is in progress already."),
            remedy=Message("List its refunds to see where it stands."),
        )
    refund = Refund(
        id=new_id(),
        invoice_id=invoice.id,
        payment_id=payment.id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        reason=reason,
        status=RefundStatus.REQUESTED,
        requested_by=actor.id,
        requested_at=await now(session),
    )
    session.add(refund)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="refund.requested",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"refund_id": str(refund.id), "reason": reason},
    )
    return refund


async def find_refund(session: AsyncSession, refund_id: UUID) -> Refund | None:
    """A refund, if there is one of this id."""
    return await repository.get_refund(session, refund_id)


async def lock_refund(session: AsyncSession, refund_id: UUID) -> tuple[Refund, Invoice]:
    """A refund and its invoice, both locked, the invoice first: the order everybody keeps.

    :raises NotFound: there is no such refund.
    """
    seen = await repository.get_refund(session, refund_id)
    if seen is None:
        raise NotFound(Message("There is no refund {refund_id}.", refund_id=refund_id))
    invoice = await invoices.lock_invoice(session, seen.invoice_id)
    return await repository.lock_refund(session, refund_id), invoice


async def refunded_source(session: AsyncSession, refund: Refund) -> UUID:
    """The card payment whose money a refund gives back."""
    return (await repository.get_payment(session, refund.payment_id)).source_id


async def stale_refunds(session: AsyncSession, age: timedelta, limit: int) -> Sequence[UUID]:
    """Refunds that were requested longer than ``age`` ago and have no outcome, the oldest first."""
    return await repository.stale_refunds(session, age, limit)


async def complete_refund(
    session: AsyncSession, actor: Actor, invoice: Invoice, refund: Refund, out_of: Account
) -> None:
    """Book a refund the processor has made: the split is reversed, the money leaves.

    :param invoice: its row, like the refund's, is locked by the caller.
    :raises RefundStateForbids: it is completed or has failed already.
    """
    refund.status = REFUND.next_state(refund.status, RefundAction.COMPLETE)
    payment = await repository.get_payment(session, refund.payment_id)
    moment = await now(session)
    journals = posting_rules.refund_completed(
        billed(invoice),
        refund_id=refund.id,
        split_journal_id=payment.split_journal_id,
        out_of=out_of,
        completed_at=moment,
    )
    await ledger.post(session, actor, journals)
    invoices.mark_refunded(invoice)
    refund.completed_at = moment
    await session.flush()
    await audit.record(
        session,
        actor,
        action="refund.completed",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"refund_id": str(refund.id), "processor_id": refund.processor_id},
    )
    await issuing.publish_event(session, invoice, EventKind.INVOICE_REFUNDED)


async def fail_refund(session: AsyncSession, refund: Refund, failure: str) -> None:
    """Record that the processor did not give the money back; the invoice stays paid and can be refunded again.

    :param refund: its row is locked by the caller.
    :param failure: the processor's reason.
    :raises RefundStateForbids: it is completed or has failed already.
    """
    refund.status = REFUND.next_state(refund.status, RefundAction.FAIL)
    refund.failure, refund.completed_at = failure, await now(session)
    await session.flush()
