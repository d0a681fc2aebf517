"""Use cases of payments: settle invoices and split what they brought; give a payment back.

Callers hold the invoice's row lock, so that two rails cannot settle it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import Conflict
from infra.messages import Message
from market.settlement.invoices.domain import read_shares
from market.settlement.invoices.states import InvoiceStatus, may_become
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import Account, JournalDraft
from market.settlement.payments import repository
from market.settlement.payments.domain import (
    Rail,
    RefundStatus,
    payment_journal,
    refund_journals,
    split_journal,
)
from market.settlement.payments.tables import Payment, Refund
from pricing.money import Money

MAX_BATCH = 1000
"""Most invoices of one call to :func:`settle`."""


class NotPayable(Conflict):
    """The invoice is not waiting for a payment."""

    slug = "invoice-not-payable"
    title = Message("This invoice is not waiting for a payment")


class NotRefundable(Conflict):
    """There is no payment that could be given back this way."""

    slug = "invoice-not-refundable"
    title = Message("This invoice cannot be refunded")


@dataclass(frozen=True, slots=True)
class Settlement:
    """Money that pays an invoice in full.

    :param source_id: the bank entry or card payment it came from.
    :param into: the account that holds it now.
    """

    invoice: Invoice
    rail: Rail
    source_id: UUID
    into: Account
    received_at: datetime


def amount_of(invoice: Invoice) -> Money:
    """What an invoice comes to."""
    return Money(invoice.total_minor, invoice.currency)


async def settle(session: AsyncSession, actor: Actor, settlements: Sequence[Settlement]) -> list[Payment]:
    """Mark invoices as paid, book the money and split the revenue: all of them, or none.

    :param settlements: of invoices whose rows the caller has locked, each at most once.
    :return: one payment for each, in order.
    :raises NotPayable: one of the invoices does not wait for a payment.
    """
    drafts: list[JournalDraft] = []
    for settlement in settlements:
        if not may_become(settlement.invoice.status, InvoiceStatus.PAID):
            raise NotPayable(
                Message(
                    "Invoice {document_number} is {value}.",
                    document_number=settlement.invoice.document_number,
                    value=settlement.invoice.status.value,
                )
            )
        drafts += (_payment_draft(settlement), _split_draft(settlement.invoice, settlement.received_at))
    posted = await ledger.post(session, actor, drafts)
    moment = await now(session)
    payments = []
    for place, settlement in enumerate(settlements):
        invoice = settlement.invoice
        invoice.status, invoice.paid_at = InvoiceStatus.PAID, settlement.received_at
        payment = Payment(
            id=new_id(),
            invoice_id=invoice.id,
            rail=settlement.rail,
            source_id=settlement.source_id,
            amount_minor=invoice.total_minor,
            currency=invoice.currency,
            received_at=settlement.received_at,
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
            detail={"rail": settlement.rail.value, "amount": str(amount_of(invoice))},
        )
    await session.flush()
    return payments


async def payment_of(session: AsyncSession, invoice: Invoice) -> Payment | None:
    """The payment that settled an invoice, if one did."""
    return await repository.payment_of(session, invoice.id)


async def refunds_of(session: AsyncSession, invoice: Invoice) -> Sequence[Refund]:
    """Refunds of an invoice, newest first."""
    return await repository.refunds_of(session, invoice.id)


async def request_refund(session: AsyncSession, actor: Actor, invoice: Invoice, reason: str) -> Refund:
    """Begin to give a card payment back in full; money moves when the processor has confirmed it.

    :param invoice: its row is locked by the caller.
    :raises NotRefundable: not paid, paid by bank transfer, or a refund is under way or done.
    """
    payment = await repository.payment_of(session, invoice.id)
    if invoice.status is not InvoiceStatus.PAID or payment is None:
        raise NotRefundable(
            Message(
                "Invoice {document_number} holds no payment to give back.",
                document_number=invoice.document_number,
            )
        )
    if payment.rail is not Rail.CARD:
        raise NotRefundable(
            Message("The invoice was paid by bank transfer, which only a transfer back can undo."),
            remedy=Message("Pay the buyer back by bank; the outgoing entry shows up as a break to explain."),
        )
    if await repository.open_refund(session, invoice.id) is not None:
        raise NotRefundable(Message("A refund of this invoice is under way already."))
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


async def complete_refund(
    session: AsyncSession, actor: Actor, invoice: Invoice, refund: Refund, out_of: Account
) -> None:
    """Book a refund the processor has made: the split is reversed, the money leaves. Twice is once.

    :param invoice: its row, like the refund's, is locked by the caller.
    """
    if refund.status is RefundStatus.SUCCEEDED:
        return
    payment = await repository.payment_of(session, invoice.id)
    assert payment is not None, "a refund gives back a payment"
    moment = await now(session)
    journals = refund_journals(
        _split_draft(invoice, payment.received_at),
        split_journal_id=payment.split_journal_id,
        refund_id=refund.id,
        agreement_id=invoice.agreement_id,
        out_of=out_of,
        amount=Money(refund.amount_minor, refund.currency),
        completed_at=moment,
    )
    await ledger.post(session, actor, journals)
    assert may_become(invoice.status, InvoiceStatus.REFUNDED)
    invoice.status = InvoiceStatus.REFUNDED
    refund.status, refund.completed_at = RefundStatus.SUCCEEDED, moment
    await session.flush()
    await audit.record(
        session,
        actor,
        action="refund.completed",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"refund_id": str(refund.id), "processor_id": refund.processor_id},
    )


def _payment_draft(settlement: Settlement) -> JournalDraft:
    invoice = settlement.invoice
    return payment_journal(
        invoice.id,
        buyer_id=invoice.buyer_id,
        into=settlement.into,
        amount=amount_of(invoice),
        received_at=settlement.received_at,
        number=invoice.document_number,
    )


def _split_draft(invoice: Invoice, received_at: datetime) -> JournalDraft:
    return split_journal(
        invoice.id,
        agreement_id=invoice.agreement_id,
        total=amount_of(invoice),
        shares=read_shares(invoice.split),
        received_at=received_at,
        number=invoice.document_number,
    )
