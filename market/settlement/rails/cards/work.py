"""What talks to the processor: each step outside any transaction, with the outcome written down in one of its own."""

from datetime import timedelta
from uuid import UUID

from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.settings import Settings
from market.settlement.payments import refunds
from market.settlement.payments.states import Rail, RefundStatus
from market.settlement.payments.tables import Refund
from market.settlement.rails.cards import repository, service
from market.settlement.rails.cards.domain import Declined, Intent, ProcessorRefund
from market.settlement.rails.cards.processor import Processor
from market.settlement.rails.cards.states import OPEN, CardPaymentStatus
from market.settlement.rails.cards.tables import CardEvent, CardPayment

PAYMENT_NAME = "card_payment_id"
REFUND_NAME = "refund_id"
STALE = timedelta(minutes=5)
SWEEP_LIMIT = 200


async def charge(sessions: SessionMaker, processor: Processor, card_payment_id: UUID) -> None:
    """Carry an open attempt to its outcome.

    It is marked as sent before the first call, so that whoever comes after a crash asks the processor what it
    knows before charging; the key, the attempt's id, keeps the processor from charging twice besides.
    """
    async with transaction(sessions) as session:
        payment = await repository.lock(session, card_payment_id)
        if payment is None or payment.status not in OPEN:
            return
        sent_before = payment.sent_at is not None
        payment.sent_at = payment.sent_at or await now(session)
    reported = await _find_or_charge(processor, payment, sent_before=sent_before)
    async with transaction(sessions) as session:
        await service.apply_intent(session, card_payment_id, reported)


async def _find_or_charge(
    processor: Processor, payment: CardPayment, *, sent_before: bool
) -> Intent | Declined:
    if payment.processor_id is not None:
        return await processor.intent(payment.processor_id)
    name = str(payment.id)
    if sent_before and (known := await processor.find_intent(PAYMENT_NAME, name)) is not None:
        return known
    return await processor.charge(
        key=f"card-payment-{name}",
        amount=payment.amount,
        payment_method=payment.payment_method,
        metadata={PAYMENT_NAME: name, "invoice_id": str(payment.invoice_id)},
    )


async def refund(sessions: SessionMaker, processor: Processor, refund_id: UUID) -> None:
    """Carry an open refund to its outcome, in the same way."""
    async with transaction(sessions) as session:
        wanted, _ = await refunds.lock_refund(session, refund_id)
        if wanted.status is not RefundStatus.REQUESTED:
            return
        sent_before = wanted.sent_at is not None
        wanted.sent_at = wanted.sent_at or await now(session)
        intent_id = await service.refunded_intent(session, wanted)
    reported = await _find_or_refund(processor, wanted, intent_id, sent_before=sent_before)
    async with transaction(sessions) as session:
        await service.apply_refund(session, refund_id, reported)


async def _find_or_refund(
    processor: Processor, wanted: Refund, intent_id: str, *, sent_before: bool
) -> ProcessorRefund | Declined:
    name = str(wanted.id)
    if wanted.processor_id is not None:
        return await processor.find_refund(wanted.processor_id)
    if sent_before:
        for known in await processor.refunds_of(intent_id):
            if known.metadata.get(REFUND_NAME) == name:
                return known
    return await processor.refund(
        key=f"refund-{name}",
        intent_id=intent_id,
        amount=wanted.amount,
        metadata={REFUND_NAME: name},
    )


async def apply_event(sessions: SessionMaker, processor: Processor, event_id: str) -> None:
    """Apply an event once: its object is fetched as it is now, and applied in the transaction that marks the event."""
    async with transaction(sessions) as session:
        event = await repository.get_event(session, event_id)
    if event is None or event.applied_at is not None:
        return
    reported = await _fetch_object(processor, event)
    async with transaction(sessions) as session:
        event = await repository.lock_event(session, event_id)
        if event.applied_at is not None:
            return
        event.outcome = await _apply(session, reported)
        event.applied_at = await now(session)


async def _apply(session: AsyncSession, reported: Intent | ProcessorRefund | None) -> str:
    """Apply what the processor reports to the row of ours that it names; answers what came of it."""
    if isinstance(reported, Intent):
        payment_id = _our_id(reported.metadata.get(PAYMENT_NAME))
        if payment_id and await repository.get(session, payment_id) is not None:
            return f"card payment {(await service.apply_intent(session, payment_id, reported)).value}"
    if isinstance(reported, ProcessorRefund):
        refund_id = _our_id(reported.metadata.get(REFUND_NAME))
        known = await refunds.find_refund(session, refund_id) if refund_id else None
        if refund_id and known is not None and known.rail is Rail.CARD:
            return f"refund {(await service.apply_refund(session, refund_id, reported)).value}"
    return "concerns nothing here"


async def _fetch_object(processor: Processor, event: CardEvent) -> Intent | ProcessorRefund | None:
    if event.type.startswith("payment_intent."):
        return await processor.intent(event.object_id)
    if event.type.startswith("refund."):
        return await processor.find_refund(event.object_id)
    return None


def _our_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def client_secret(settings: Settings, payment: CardPayment) -> str | None:
    """What the payer's browser needs to confirm an attempt that waits for it; fetched, never stored."""
    if payment.status is not CardPaymentStatus.REQUIRES_ACTION or payment.processor_id is None:
        return None
    async with Processor(settings) as processor:
        return (await processor.intent(payment.processor_id)).client_secret


async def sweep(sessions: SessionMaker) -> None:
    """Enqueue again what has been in progress for too long."""
    async with transaction(sessions) as session:
        attempts, events = await repository.stale(session, STALE, SWEEP_LIMIT)
        stale_refunds = await refunds.stale_refunds(session, STALE, SWEEP_LIMIT)
        for job, subjects in (
            (service.CHARGE_JOB, [str(item) for item in attempts]),
            (service.REFUND_JOB, [str(item) for item in stale_refunds]),
            (service.EVENT_JOB, events),
        ):
            for subject in subjects:
                await service.enqueue_once(session, job, subject)
