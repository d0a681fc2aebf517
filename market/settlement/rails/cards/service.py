"""Use cases of the card rail that touch the database only; what talks to the processor is in `work.py`.

A request writes down what is wanted and asks for a job in the same transaction. The job talks to the processor
with no transaction open, and writes down the outcome in another. Whatever dies in between, the job, the
processor's event or the sweep finishes it, once: outcomes are applied under the rows' locks.
"""

from collections.abc import Sequence
from uuid import UUID

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import Conflict, Forbidden, NotFound
from infra.messages import Message
from infra.settings import Settings
from market.settlement.invoices import repository as invoice_rows
from market.settlement.invoices import service as invoices
from market.settlement.invoices.service import VisibleInvoice
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import chart
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import JournalDraft, credit, debit
from market.settlement.payments import repository as payment_rows
from market.settlement.payments import service as payments
from market.settlement.payments.domain import Rail, RefundStatus
from market.settlement.payments.service import NotPayable, Settlement
from market.settlement.payments.tables import Refund
from market.settlement.rails.cards import repository
from market.settlement.rails.cards.domain import (
    Declined,
    EventNotice,
    Intent,
    ProcessorRefund,
    require_offered,
)
from market.settlement.rails.cards.states import CardPaymentStatus, may_become
from market.settlement.rails.cards.tables import CardPayment
from pricing.money import Money

CHARGE_JOB = "cards.charge"
REFUND_JOB = "cards.refund"
EVENT_JOB = "cards.event"


class NotYourInvoice(Forbidden):
    """Only who owes pays by card here."""

    slug = "not-your-invoice"
    title = Message("Only the buyer pays this invoice")


class CardPaymentUnderWay(Conflict):
    """One attempt at a time."""

    slug = "card-payment-under-way"
    title = Message("A card payment of this invoice is under way")


class AmountMismatch(Conflict):
    """The processor names another amount than was asked for: a person has to look at it."""

    slug = "card-amount-mismatch"
    title = Message("The processor names another amount")


async def request_payment(
    session: AsyncSession, actor: Actor, settings: Settings, invoice_id: UUID, payment_method: str
) -> CardPayment:
    """Begin to pay an invoice by card; the job charges it.

    :param payment_method: the processor's id of it; card numbers never come here.
    :raises NotFound: no such invoice, or none that the caller may know of.
    :raises CardsNotOffered: no processor is configured, or not for the currency.
    :raises NotYourInvoice: the caller is another party.
    :raises NotPayable: it does not wait for a payment.
    :raises CardPaymentUnderWay: there is an open attempt already.
    """
    invoice = await _lock_visible(session, actor, invoice_id)
    if actor.organisation_id != invoice.buyer_id:
        raise NotYourInvoice(Message("Your organisation does not owe this invoice."))
    require_offered(settings, invoice.currency)
    if invoice.status is not InvoiceStatus.ISSUED:
        raise NotPayable(
            Message(
                "Invoice {document_number} is {value}.",
                document_number=invoice.document_number,
                value=invoice.status.value,
            )
        )
    if await repository.open_attempt(session, invoice.id) is not None:
        raise CardPaymentUnderWay(
            Message("Wait for its outcome."), remedy=Message("GET its card payments to see where it is.")
        )
    payment = CardPayment(
        id=new_id(),
        invoice_id=invoice.id,
        amount_minor=invoice.total_minor,
        currency=invoice.currency,
        payment_method=payment_method,
        status=CardPaymentStatus.REQUESTED,
        requested_by=actor.id,
        requested_at=await now(session),
    )
    session.add(payment)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="card_payment.requested",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"card_payment_id": str(payment.id)},
    )
    await ask_for(session, CHARGE_JOB, str(payment.id))
    return payment


async def request_refund(
    session: AsyncSession, actor: Actor, settings: Settings, invoice_id: UUID, reason: str
) -> Refund:
    """Begin to give a card payment back in full; the job does it.

    :raises NotFound: no such invoice, or none that the caller may know of.
    :raises NotRefundable: there is no card payment to give back.
    :raises CardsNotOffered: no processor is configured.
    """
    invoice = await _lock_visible(session, actor, invoice_id)
    refund = await payments.request_refund(session, actor, invoice, reason)
    require_offered(settings, invoice.currency)
    await ask_for(session, REFUND_JOB, str(refund.id))
    return refund


async def access_payment(session: AsyncSession, actor: Actor, card_payment_id: UUID) -> CardPayment:
    """An attempt to pay an invoice the caller may see.

    :raises NotFound: there is none, or the caller may not know of it.
    """
    payment = await repository.get(session, card_payment_id)
    if payment is None:
        raise NotFound(
            Message(
                "There is no card payment {card_payment_id} that you may see.",
                card_payment_id=card_payment_id,
            )
        )
    await invoices.access_invoice(session, actor, payment.invoice_id)
    return payment


async def list_payments(session: AsyncSession, invoice: VisibleInvoice) -> Sequence[CardPayment]:
    """Attempts to pay an invoice, the newest first."""
    return await repository.of_invoice(session, invoice.id)


async def receive_event(session: AsyncSession, notice: EventNotice) -> bool:
    """Keep a verified event and ask for the job that applies it; False when it was received before."""
    fresh = await repository.keep_event(session, notice)
    if fresh:
        await ask_for(session, EVENT_JOB, notice.id)
    return fresh


async def ask_for(session: AsyncSession, job: str, subject: str) -> None:
    """Ask for a job about one thing, once while it waits or runs."""
    await jobs.enqueue(session, job, {"id": subject}, dedupe_key=f"{job}:{subject}")


async def apply_intent(
    session: AsyncSession, card_payment_id: UUID, said: Intent | Declined
) -> CardPaymentStatus:
    """Write down what the processor says of an attempt; a repeat, or what comes too late, changes nothing.

    :raises AmountMismatch: it names another amount than was asked for.
    """
    invoice, payment = await _lock_payment(session, card_payment_id)
    target = _status(said)
    if isinstance(said, Intent):
        payment.processor_id = said.id
        if said.amount != Money(payment.amount_minor, payment.currency):
            raise AmountMismatch(
                Message(
                    "{amount} was charged for card payment {payment_id}.",
                    amount=said.amount,
                    payment_id=payment.id,
                )
            )
    if target is not payment.status and may_become(payment.status, target):
        moment = await now(session)
        payment.status = target
        if target is CardPaymentStatus.FAILED:
            payment.failure = (said.reason if isinstance(said, Declined) else said.failure) or "not completed"
            payment.completed_at = moment
        if target is CardPaymentStatus.SUCCEEDED:
            payment.completed_at = moment
            await _settle(session, invoice, payment)
    await session.flush()
    return payment.status


async def apply_refund(
    session: AsyncSession, refund_id: UUID, said: ProcessorRefund | Declined
) -> RefundStatus:
    """Write down what the processor says of a refund; a repeat changes nothing.

    :raises AmountMismatch: it names another amount than was asked for.
    """
    refund, invoice = await lock_refund(session, refund_id)
    if refund.status is not RefundStatus.REQUESTED:
        return refund.status
    if isinstance(said, Declined) or said.status in ("failed", "canceled"):
        refund.status, refund.completed_at = RefundStatus.FAILED, await now(session)
        refund.failure = (said.reason if isinstance(said, Declined) else said.failure) or "not completed"
    else:
        refund.processor_id = said.id
        if said.amount != Money(refund.amount_minor, refund.currency):
            raise AmountMismatch(
                Message(
                    "{amount} was given back for refund {refund_id}.", amount=said.amount, refund_id=refund.id
                )
            )
        if said.status == "succeeded":
            out_of = chart.card(refund.currency)
            await payments.complete_refund(session, SYSTEM, invoice, refund, out_of)
    await session.flush()
    return refund.status


async def lock_refund(session: AsyncSession, refund_id: UUID) -> tuple[Refund, Invoice]:
    """A refund and its invoice, both locked.

    :raises NotFound: there is no such refund.
    """
    seen = await session.get(Refund, refund_id)
    if seen is None:
        raise NotFound(Message("There is no refund {refund_id}.", refund_id=refund_id))
    invoice = (await invoice_rows.lock(session, [seen.invoice_id]))[seen.invoice_id]
    refund = await payment_rows.lock_refund(session, refund_id)
    assert refund is not None, "refunds are kept for good"
    return refund, invoice


async def _lock_visible(session: AsyncSession, actor: Actor, invoice_id: UUID) -> Invoice:
    visible = await invoices.access_invoice(session, actor, invoice_id)
    return (await invoice_rows.lock(session, [visible.id]))[visible.id]


async def _lock_payment(session: AsyncSession, card_payment_id: UUID) -> tuple[Invoice, CardPayment]:
    """An attempt and its invoice, both locked, the invoice first: the order everybody keeps."""
    seen = await repository.get(session, card_payment_id)
    if seen is None:
        raise NotFound(
            Message("There is no card payment {card_payment_id}.", card_payment_id=card_payment_id)
        )
    invoice = (await invoice_rows.lock(session, [seen.invoice_id]))[seen.invoice_id]
    payment = await repository.lock(session, card_payment_id)
    assert payment is not None, "card payments are kept for good"
    return invoice, payment


async def _settle(session: AsyncSession, invoice: Invoice, payment: CardPayment) -> None:
    """Money arrived on the card account: it pays the invoice, or goes to suspense when something else did."""
    moment = await now(session)
    card = chart.card(payment.currency)
    if invoice.status is InvoiceStatus.ISSUED:
        settlement = Settlement(invoice, Rail.CARD, payment.id, card, moment)
        await payments.settle(session, SYSTEM, [settlement])
        return
    amount = Money(payment.amount_minor, payment.currency)
    unexplained = JournalDraft(
        key=f"card-payment:{payment.id}",
        effective_at=moment,
        description=f"Card payment of invoice {invoice.document_number}, which was paid already",
        source_kind="card_payment",
        source_id=payment.id,
        entries=(debit(card, amount), credit(chart.suspense(payment.currency), amount)),
    )
    await ledger.post(session, SYSTEM, [unexplained])


def _status(said: Intent | Declined) -> CardPaymentStatus:
    if isinstance(said, Declined):
        return CardPaymentStatus.FAILED
    return {
        "succeeded": CardPaymentStatus.SUCCEEDED,
        "requires_action": CardPaymentStatus.REQUIRES_ACTION,
        "requires_payment_method": CardPaymentStatus.FAILED,
        "canceled": CardPaymentStatus.FAILED,
    }.get(said.status, CardPaymentStatus.REQUESTED)
