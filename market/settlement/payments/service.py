"""Use cases of payments: pay invoices, whole or in part, and split what they brought; take a payment back.

Callers hold the invoice's row lock, so that two rails cannot pay it twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.events.kinds import EventKind
from infra.messages import Message
from market.settlement.invoices import issuing
from market.settlement.invoices import service as invoices
from market.settlement.invoices.issuing import billed
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import Account, JournalDraft
from market.settlement.payments import repository
from market.settlement.payments.errors import RefundInProgress
from market.settlement.payments.states import Rail
from market.settlement.payments.tables import Payment, PaymentReversal
from pricing.money import Money

MAX_BATCH = 1000
"""Most invoices of one call to :func:`pay_invoices`."""


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """Money that pays an invoice, or a part of it.

    :param source_id: the bank entry or card payment it came from.
    :param into: the account that holds it now; suspense where it was held so far.
    :param received_at: when the money came.
    :param booked_at: as of when the books say so; default: when it came.
    """

    invoice: Invoice
    rail: Rail
    source_id: UUID
    into: Account
    amount: Money
    received_at: datetime
    booked_at: datetime | None = None
    id: UUID = field(default_factory=new_id)


async def pay_invoices(
    session: AsyncSession, actor: Actor, received: Sequence[InvoicePayment]
) -> list[Payment]:
    """Book what invoices were paid, and split the revenue of those that are paid in full: all of them, or none.

    :param received: for invoices whose rows the caller has locked, each at most once.
    :return: one payment for each, in order.
    :raises InvoiceNotPayable: one of the invoices does not wait for a payment, or not for so much.
    """
    ids = [item.invoice.id for item in received]
    assert len(set(ids)) == len(ids), "an invoice is paid once in a batch"
    paid_before = await ledger.originals(session, "payment", ids)
    split_before = await ledger.originals(session, "split", ids)
    drafts: list[JournalDraft] = []
    completed: set[UUID] = set()
    for item in received:
        bill, moment = billed(item.invoice), item.booked_at or item.received_at
        paid_in_full = invoices.record_payment(item.invoice, item.amount, item.received_at)
        drafts.append(
            posting_rules.payment_received(
                bill,
                item.into,
                moment,
                amount=item.amount,
                number=paid_before[bill.id].count + 1,
            )
        )
        if paid_in_full:
            completed.add(item.id)
            number = split_before[bill.id].count + 1
            drafts.append(posting_rules.revenue_split(bill, moment, number=number))
    posted = iter(await ledger.post(session, actor, drafts))
    moment = await now(session)
    payments = []
    for item in received:
        payment = Payment(
            id=item.id,
            invoice_id=item.invoice.id,
            rail=item.rail,
            source_id=item.source_id,
            amount_minor=item.amount.minor,
            currency=item.amount.currency,
            received_at=item.received_at,
            payment_journal_id=next(posted).id,
            split_journal_id=next(posted).id if item.id in completed else None,
            recorded_at=moment,
        )
        session.add(payment)
        payments.append(payment)
        await audit.record(
            session,
            actor,
            action="invoice.paid" if item.id in completed else "invoice.partly_paid",
            subject_kind="invoice",
            subject_id=item.invoice.id,
            detail={"rail": item.rail.value, "amount": str(item.amount)},
        )
        if item.id in completed:
            await issuing.publish_event(session, item.invoice, EventKind.INVOICE_PAID)
    await session.flush()
    return payments


async def list_payments(session: AsyncSession, invoice: Invoice) -> Sequence[Payment]:
    """The payments of an invoice that were not taken back, the oldest first."""
    return await repository.standing_payments(session, invoice.id)


async def get_payments(session: AsyncSession, payment_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """Payments by id."""
    return await repository.payments(session, payment_ids)


async def standing_payment_from(session: AsyncSession, source_id: UUID) -> Payment | None:
    """What a card payment pays, unless that was taken back."""
    return await repository.standing_payment_from(session, source_id)


async def reverse_payment(
    session: AsyncSession, actor: Actor, invoice: Invoice, payment: Payment, reason: str
) -> None:
    """Take a payment back: its money is in suspense, the invoice is open by as much, its split is reversed.

    :param invoice: its row is locked by the caller.
    :raises RefundInProgress: a refund of the invoice was asked for.
    :raises InvoiceStateForbids: the invoice was refunded.
    """
    refund = await repository.holding_refund(session, invoice_id=invoice.id)
    if refund is not None and refund.completed_at is None:
        raise RefundInProgress(
            Message(
                "A refund of invoice {document_number} is in progress, which gives back what this payment brought.",
                document_number=invoice.document_number,
            ),
            remedy=Message(
                "Withdraw the refund first: POST /v1/refunds/{refund_id}/withdrawal. One by card ends by itself.",
                refund_id=refund.id,
            ),
            refund_id=str(refund.id),
        )
    moment, bill = await now(session), billed(invoice)
    amount = Money(payment.amount_minor, payment.currency)
    drafts = [
        posting_rules.payment_reversed(
            bill,
            payment_id=payment.id,
            journal_id=payment.payment_journal_id,
            amount=amount,
            reversed_at=moment,
        )
    ]
    if invoices.take_back_payment(invoice, amount):
        split = (await ledger.originals(session, "split", [invoice.id]))[invoice.id].standing
        assert split is not None, "what is paid is split"
        drafts.append(posting_rules.split_reversed(bill, journal_id=split, reversed_at=moment))
    posted = await ledger.post(session, actor, drafts)
    session.add(
        PaymentReversal(
            payment_id=payment.id,
            journal_id=posted[0].id,
            reason=reason,
            reversed_by=actor.id,
            reversed_at=moment,
        )
    )
    await session.flush()
    await audit.record(
        session,
        actor,
        action="payment.reversed",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"payment_id": str(payment.id), "amount": str(amount), "reason": reason},
    )
    if len(drafts) > 1:
        await issuing.publish_event(session, invoice, EventKind.INVOICE_REOPENED)
