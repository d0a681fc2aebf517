"""Use cases of the card rail that touch the database only; what talks to the processor is in `work.py`.

A request writes down what is wanted and enqueues a job in the same transaction. The job talks to the processor
with no transaction open, and writes down the outcome in another. Whatever dies in between, the job, the
processor's event or the sweep finishes it, once: outcomes are applied under the rows' locks.
"""

from collections.abc import Sequence
from uuid import UUID

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import NotFound
from infra.messages import Message
from infra.settings import Settings
from market.settlement.invoices import service as invoices
from market.settlement.invoices.service import VisibleInvoice
from market.settlement.invoices.states import INVOICE, InvoiceAction
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import chart, posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.payments import refund_requests, refunds
from market.settlement.payments import service as payments
from market.settlement.payments.errors import InvoiceNotRefundable
from market.settlement.payments.service import InvoicePayment
from market.settlement.payments.states import Rail, RefundStatus
from market.settlement.payments.tables import Refund
from market.settlement.rails.cards import repository
from market.settlement.rails.cards.domain import (
    Declined,
    EventNotice,
    Intent,
    ProcessorRefund,
    require_offered,
)
from market.settlement.rails.cards.errors import AmountMismatch, CardPaymentUnderWay, NotYourInvoice
from market.settlement.rails.cards.states import CARD_PAYMENT, CardPaymentAction, CardPaymentStatus
from market.settlement.rails.cards.tables import CardPayment

CHARGE_JOB = "cards.charge"
REFUND_JOB = "cards.refund"
EVENT_JOB = "cards.event"


async def request_payment(
    session: AsyncSession, actor: Actor, settings: Settings, invoice_id: UUID, payment_method: str
) -> CardPayment:
    """Start to pay an invoice by card; the job charges it.

    :param payment_method: the processor's id of it; card numbers never come here.
    :raises NotFound: no such invoice, or none that the caller can access.
    :raises CardsNotOffered: no processor is configured, or not for the currency.
    :raises NotYourInvoice: the caller is another party.
    :raises InvoiceNotPayable: it does not wait for a payment.
    :raises CardPaymentUnderWay: there is an open attempt already.
    """
    invoice = await invoices.lock_visible_invoice(session, actor, invoice_id)
    if actor.organisation_id != invoice.buyer_id:
        raise NotYourInvoice(
            Message("Your organisation is not the buyer of this invoice."),
            remedy=Message("Leave the payment to the buyer."),
        )
    require_offered(settings, invoice.currency)
    invoices.require_payable(invoice)
    if await repository.open_attempt(session, invoice.id) is not None:
        raise CardPaymentUnderWay(
            Message("An earlier card payment of this invoice has no outcome yet."),
            remedy=Message("List the card payments of the invoice, and try again if the earlier one fails."),
        )
    payment = CardPayment(
        id=new_id(),
        invoice_id=invoice.id,
        amount_minor=invoice.open.minor,
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
    await enqueue_once(session, CHARGE_JOB, str(payment.id))
    return payment


async def request_refund(
    session: AsyncSession, actor: Actor, settings: Settings, invoice_id: UUID, reason: str
) -> Refund:
    """Start to give a card payment back in full; the job does it.

    :raises NotFound: no such invoice, or none that the caller can access.
    :raises InvoiceNotRefundable: there is no card payment to give back.
    :raises CardsNotOffered: no processor is configured.
    """
    invoice = await invoices.lock_visible_invoice(session, actor, invoice_id)
    refund = await refund_requests.request_card_refund(session, actor, invoice, reason)
    require_offered(settings, invoice.currency)
    await enqueue_once(session, REFUND_JOB, str(refund.id))
    return refund


async def request_payment_refund(
    session: AsyncSession, actor: Actor, settings: Settings, card_payment_id: UUID, reason: str
) -> Refund:
    """Start to give a card payment back that paid nothing, or a part of an invoice that is still open.

    What it paid is open again first, so that its money is in suspense.

    :raises NotFound: no such card payment, or none that the caller can access.
    :raises InvoiceNotRefundable: nothing was charged, or it is what paid its invoice.
    :raises RefundInProgress: it is on its way back, or was given back.
    :raises CardsNotOffered: no processor is configured.
    """
    await access_payment(session, actor, card_payment_id)
    payment = await free_payment(session, actor, card_payment_id, reason)
    refund = await refund_requests.request_card_payment_refund(
        session, actor, payment.id, payment.amount, reason
    )
    require_offered(settings, payment.currency)
    await enqueue_once(session, REFUND_JOB, str(refund.id))
    return refund


async def free_payment(
    session: AsyncSession, actor: Actor, card_payment_id: UUID, reason: str
) -> CardPayment:
    """A card payment whose money is in suspense: it paid nothing, or what it paid of an open invoice is open again.

    :return: its invoice is locked.
    :raises InvoiceNotRefundable: nothing was charged, or it is what paid its invoice.
    """
    invoice, payment = await _lock_payment(session, card_payment_id)
    standing = await payments.standing_payment_from(session, payment.id)
    if payment.status is not CardPaymentStatus.SUCCEEDED:
        raise InvoiceNotRefundable(
            Message("The card payment is {status}: there is nothing to give back.", status=payment.status),
            remedy=Message("Give back only card payments that succeeded."),
        )
    if standing is not None:
        if not INVOICE.allows(invoice.status, InvoiceAction.PAY):
            raise InvoiceNotRefundable(
                Message(
                    "The card payment pays invoice {document_number}, which is {status}.",
                    document_number=invoice.document_number,
                    status=invoice.status,
                ),
                remedy=Message(
                    "Refund the invoice: POST /v1/invoices/{invoice_id}/refunds.", invoice_id=invoice.id
                ),
            )
        await payments.reverse_payment(session, actor, invoice, standing, reason)
    return payment


async def access_payment(session: AsyncSession, actor: Actor, card_payment_id: UUID) -> CardPayment:
    """An attempt to pay an invoice the caller can access.

    :raises NotFound: there is none, or the caller cannot access it.
    """
    payment = await repository.get(session, card_payment_id)
    if payment is None:
        raise NotFound(
            Message(
                "There is no card payment {card_payment_id} that you can access.",
                card_payment_id=card_payment_id,
            )
        )
    await invoices.access_invoice(session, actor, payment.invoice_id)
    return payment


async def list_payments(session: AsyncSession, invoice: VisibleInvoice) -> Sequence[CardPayment]:
    """Attempts to pay an invoice, the newest first."""
    return await repository.of_invoice(session, invoice.id)


async def receive_event(session: AsyncSession, notice: EventNotice) -> bool:
    """Store a verified event and enqueue the job that applies it; False when it was received before."""
    fresh = await repository.insert_event(session, notice)
    if fresh:
        await enqueue_once(session, EVENT_JOB, notice.id)
    return fresh


async def enqueue_once(session: AsyncSession, job: str, subject: str) -> None:
    """Enqueue a job about one thing, once while it waits or runs."""
    await jobs.enqueue(session, job, {"id": subject}, dedupe_key=f"{job}:{subject}")


async def apply_intent(
    session: AsyncSession, card_payment_id: UUID, reported: Intent | Declined
) -> CardPaymentStatus:
    """Write down what the processor reports of an attempt; a repeat, or what comes too late, changes nothing.

    :raises AmountMismatch: it names another amount than was asked for.
    """
    invoice, payment = await _lock_payment(session, card_payment_id)
    if isinstance(reported, Intent):
        payment.processor_id = reported.id
        if reported.amount != payment.amount:
            raise AmountMismatch(
                Message(
                    "{reported} was charged for card payment {payment_id}, which is of {requested}.",
                    reported=reported.amount,
                    payment_id=payment.id,
                    requested=payment.amount,
                ),
                remedy=Message("Compare the two with the processor and correct the charge there."),
            )
    action = _action(reported)
    if action is not None and CARD_PAYMENT.allows(payment.status, action):
        payment.status = CARD_PAYMENT.next_state(payment.status, action)
        if action is CardPaymentAction.FAIL:
            payment.failure, payment.completed_at = _failure(reported), await now(session)
        if action is CardPaymentAction.SUCCEED:
            payment.completed_at = await now(session)
            await _pay_invoice(session, invoice, payment)
    await session.flush()
    return payment.status


async def apply_refund(
    session: AsyncSession, refund_id: UUID, reported: ProcessorRefund | Declined
) -> RefundStatus:
    """Write down what the processor reports of a refund; a repeat changes nothing.

    :raises AmountMismatch: it names another amount than was asked for.
    """
    refund, invoice = await refunds.lock_refund(session, refund_id)
    if refund.status is not RefundStatus.REQUESTED:
        return refund.status
    if isinstance(reported, Declined) or reported.status in ("failed", "canceled"):
        await refunds.fail_refund(session, refund, _failure(reported))
        return refund.status
    refund.processor_id = reported.id
    if reported.amount != refund.amount:
        raise AmountMismatch(
            Message(
                "{reported} was given back for refund {refund_id}, which is of {requested}.",
                reported=reported.amount,
                refund_id=refund.id,
                requested=refund.amount,
            ),
            remedy=Message("Compare the two with the processor and correct the refund there."),
        )
    if reported.status == "succeeded":
        await refunds.complete_refund(session, SYSTEM, invoice, refund, chart.card(refund.currency))
    await session.flush()
    return refund.status


async def refunded_intent(session: AsyncSession, refund: Refund) -> str:
    """The processor's id of the attempt whose money a refund gives back."""
    payment = await repository.get(session, await refunds.refunded_source(session, refund))
    assert payment is not None, "card payments are kept for good"
    assert payment.processor_id is not None, "what was paid by card has the processor's id"
    return payment.processor_id


async def _lock_payment(session: AsyncSession, card_payment_id: UUID) -> tuple[Invoice, CardPayment]:
    """An attempt and its invoice, both locked, the invoice first: the order everybody keeps."""
    seen = await repository.get(session, card_payment_id)
    if seen is None:
        raise NotFound(
            Message("There is no card payment {card_payment_id}.", card_payment_id=card_payment_id)
        )
    invoice = await invoices.lock_invoice(session, seen.invoice_id)
    payment = await repository.lock(session, card_payment_id)
    assert payment is not None, "card payments are kept for good"
    return invoice, payment


async def _pay_invoice(session: AsyncSession, invoice: Invoice, payment: CardPayment) -> None:
    """Money arrived on the card account: it pays what is open, or goes to suspense when something else paid that."""
    moment = await now(session)
    if INVOICE.allows(invoice.status, InvoiceAction.PAY) and payment.amount_minor <= invoice.open.minor:
        into = chart.card(payment.currency)
        received = InvoicePayment(invoice, Rail.CARD, payment.id, into, payment.amount, moment)
        await payments.pay_invoices(session, SYSTEM, [received])
        return
    unexplained = posting_rules.unexplained_card_payment(
        payment.id, amount=payment.amount, number=invoice.document_number, received_at=moment
    )
    await ledger.post(session, SYSTEM, [unexplained])


def _action(reported: Intent | Declined) -> CardPaymentAction | None:
    """What the processor's report does to an attempt; None while it has not decided."""
    if isinstance(reported, Declined):
        return CardPaymentAction.FAIL
    return {
        "succeeded": CardPaymentAction.SUCCEED,
        "requires_action": CardPaymentAction.REQUIRE_ACTION,
        "requires_payment_method": CardPaymentAction.FAIL,
        "canceled": CardPaymentAction.FAIL,
    }.get(reported.status)


def _failure(reported: Intent | ProcessorRefund | Declined) -> str:
    reason = reported.reason if isinstance(reported, Declined) else reported.failure
    return reason or "not completed"
