"""Use cases of refunds: ask for one, of a whole invoice, of money of a bank entry, or of a card payment.

Each row is a refund that is requested; :mod:`market.settlement.payments.refunds` says what becomes of it.
"""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.messages import Message
from market.settlement.invoices.states import INVOICE, InvoiceAction
from market.settlement.invoices.tables import Invoice
from market.settlement.payments import repository
from market.settlement.payments.domain import Payee, refund_reference
from market.settlement.payments.errors import InvoiceNotRefundable, RefundInProgress
from market.settlement.payments.refunds import record
from market.settlement.payments.states import Rail, RefundStatus
from market.settlement.payments.tables import Payment, Refund
from pricing.money import Money


async def request_card_refund(session: AsyncSession, actor: Actor, invoice: Invoice, reason: str) -> Refund:
    """Start to give the card payment of an invoice back; money moves when the processor has confirmed it.

    :param invoice: its row is locked by the caller.
    :raises InvoiceNotRefundable: not paid, not by one card payment, or a refund is in progress or done.
    """
    payments = await _refundable(session, invoice)
    if not _by_one_card(payments):
        raise InvoiceNotRefundable(
            Message("The invoice was paid by bank transfer, at least in part, so no card can be credited."),
            remedy=Message(
                "Refund it by bank: POST /v1/invoices/{invoice_id}/bank-refunds with the payee's account.",
                invoice_id=invoice.id,
            ),
        )
    return await _request(
        session, actor, invoice.total, reason, invoice_id=invoice.id, payment_id=payments[0].id
    )


async def request_bank_refund(
    session: AsyncSession, actor: Actor, invoice: Invoice, payee: Payee, reason: str
) -> Refund:
    """Ask to give a paid invoice back by bank transfer, in full; another person approves it.

    :param invoice: its row is locked by the caller.
    :raises InvoiceNotRefundable: not paid, a refund is in progress or done, or its one card can be credited.
    """
    payments = await _refundable(session, invoice)
    if _by_one_card(payments) and not await repository.failed_by_card(session, invoice.id):
        raise InvoiceNotRefundable(
            Message("The invoice was paid by card, and goes back to that card."),
            remedy=Message(
                "Refund it to the card: POST /v1/invoices/{invoice_id}/refunds. Only where the processor fails to"
                " can a bank transfer take its place.",
                invoice_id=invoice.id,
            ),
        )
    return await _request(session, actor, invoice.total, reason, payee, invoice_id=invoice.id)


async def request_entry_refund(
    session: AsyncSession, actor: Actor, entry_id: UUID, amount: Money, payee: Payee, reason: str
) -> Refund:
    """Ask to send money of a bank entry back that is held in suspense; another person approves it.

    :param entry_id: the caller has locked it, and sets the money aside in the same transaction.
    """
    return await _request(session, actor, amount, reason, payee, bank_entry_id=entry_id)


async def request_card_payment_refund(
    session: AsyncSession,
    actor: Actor,
    card_payment_id: UUID,
    amount: Money,
    reason: str,
    payee: Payee | None = None,
) -> Refund:
    """Start to give a card payment back that paid nothing: to the card, or where that failed to a bank account.

    :param card_payment_id: its invoice is locked by the caller.
    :raises RefundInProgress: it is on its way back, or was given back.
    """
    held = await repository.holding_refund(session, card_payment_id=card_payment_id)
    if held is not None:
        raise RefundInProgress(
            Message(
                "Refund {refund_id} of this card payment is {status}.", refund_id=held.id, status=held.status
            ),
            remedy=Message("Get that refund to see where it stands."),
            refund_id=str(held.id),
        )
    if payee is not None and not await repository.failed_by_card(session, card_payment_id):
        raise InvoiceNotRefundable(
            Message("Money that came by card goes back to that card."),
            remedy=Message(
                "Leave the payee out. Only where the processor fails to can a bank transfer take its place."
            ),
        )
    return await _request(session, actor, amount, reason, payee, card_payment_id=card_payment_id)


def _by_one_card(payments: Sequence[Payment]) -> bool:
    return [payment.rail for payment in payments] == [Rail.CARD]


async def _refundable(session: AsyncSession, invoice: Invoice) -> Sequence[Payment]:
    payments = await repository.standing_payments(session, invoice.id)
    if not INVOICE.allows(invoice.status, InvoiceAction.REFUND) or not payments:
        raise InvoiceNotRefundable(
            Message(
                "Invoice {document_number} holds no payment to give back.",
                document_number=invoice.document_number,
            ),
            remedy=Message(
                "Refund only invoices that are paid and not refunded. What paid a part of an invoice goes back"
                " once its bank entry is matched anew, from suspense."
            ),
        )
    held = await repository.holding_refund(session, invoice_id=invoice.id)
    if held is not None:
        raise InvoiceNotRefundable(
            Message("A refund of this invoice is in progress already."),
            remedy=Message("List its refunds to see where it stands."),
            refund_id=str(held.id),
        )
    return payments


async def _request(
    session: AsyncSession,
    actor: Actor,
    amount: Money,
    reason: str,
    payee: Payee | None = None,
    *,
    invoice_id: UUID | None = None,
    payment_id: UUID | None = None,
    bank_entry_id: UUID | None = None,
    card_payment_id: UUID | None = None,
) -> Refund:
    """Write a refund that is requested: by bank transfer to a payee, or to the card where there is none."""
    refund_id = new_id()
    refund = Refund(
        id=refund_id,
        rail=Rail.BANK if payee else Rail.CARD,
        invoice_id=invoice_id,
        payment_id=payment_id,
        bank_entry_id=bank_entry_id,
        card_payment_id=card_payment_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        reason=reason,
        reference=refund_reference(refund_id) if payee else None,
        payee_name=payee.name if payee else None,
        payee_account=payee.account if payee else None,
        status=RefundStatus.REQUESTED,
        requested_by=actor.id,
        requested_at=await now(session),
    )
    session.add(refund)
    await session.flush()
    await record(session, actor, refund, "requested", reason=reason)
    return refund
