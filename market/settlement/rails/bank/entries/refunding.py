"""Use cases of refunds by bank: asked for by one officer, approved by another, paid by the entry of a later statement.

What goes back is a whole invoice, money of an entry that is in suspense, or a card payment where the processor could
not give it back. Entries are locked before invoices, invoices before refunds.
"""

from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.invoices import service as invoices
from market.settlement.payments import refund_requests, refunds
from market.settlement.payments.domain import Payee
from market.settlement.payments.states import RefundAction
from market.settlement.payments.tables import Refund
from market.settlement.rails.bank.entries import assigning
from market.settlement.rails.bank.errors import NothingHeld
from market.settlement.rails.cards import service as cards
from pricing.money import Money


async def request_invoice_refund(
    session: AsyncSession, actor: Actor, invoice_id: UUID, payee: Payee, reason: str
) -> Refund:
    """Ask to give a paid invoice back by bank, in full.

    :raises NotFound: no such invoice, or none that the caller can access.
    :raises InvoiceNotRefundable: not paid, a refund is in progress or done, or its one card can be credited.
    """
    invoice = await invoices.lock_visible_invoice(session, actor, invoice_id)
    return await refund_requests.request_bank_refund(session, actor, invoice, payee, reason)


async def request_entry_refund(
    session: AsyncSession, actor: Actor, entry_id: UUID, payee: Payee, amount: Money | None, reason: str
) -> Refund:
    """Ask to send money of an entry back that is in suspense, and set it aside.

    :param amount: default: all that is in suspense of the entry.
    :raises NotFound: there is no such entry.
    :raises NothingHeld: not so much of it is in suspense, or it went out.
    """
    seen = await assigning.lock_entry(session, entry_id)
    entry_id = seen.entry.id
    wanted = amount or seen.held
    if wanted.minor <= 0 or wanted.currency != seen.held.currency or wanted.minor > seen.held.minor:
        raise NothingHeld(
            Message(
                "{held} of bank entry {entry_id} is in suspense and can be sent back, not {wanted}.",
                held=seen.held,
                entry_id=entry_id,
                wanted=wanted,
            ),
            remedy=Message(
                "Ask for no more than that. What pays an invoice is in suspense again once the entry is matched anew:"
                " POST /v1/bank-entries/{entry_id}/matches.",
                entry_id=entry_id,
            ),
        )
    refund = await refund_requests.request_entry_refund(session, actor, entry_id, wanted, payee, reason)
    await assigning.set_aside(session, actor, seen, refund, reason)
    return refund


async def request_card_payment_refund(
    session: AsyncSession, actor: Actor, card_payment_id: UUID, payee: Payee, reason: str
) -> Refund:
    """Ask to give a card payment back by bank that paid nothing, since the processor could not.

    :raises NotFound: there is no such card payment, or none that the caller can access.
    :raises InvoiceNotRefundable: the card was not tried, or the payment pays its invoice.
    :raises RefundInProgress: it is on its way back, or was given back.
    """
    await cards.access_payment(session, actor, card_payment_id)
    payment = await cards.free_payment(session, actor, card_payment_id, reason)
    return await refund_requests.request_card_payment_refund(
        session, actor, payment.id, payment.amount, reason, payee
    )


async def approve(session: AsyncSession, actor: Actor, refund_id: UUID) -> Refund:
    """Approve a refund that another officer asked for: a transfer for the bank to make.

    :raises NotFound: there is none.
    :raises AnotherOfficer: the actor asked for it, or is no person.
    :raises RefundStateForbids: it waits for no approval.
    """
    refund, _ = await refunds.lock_refund(session, refund_id)
    await refunds.approve(session, actor, refund)
    return refund


async def end(
    session: AsyncSession, actor: Actor, refund_id: UUID, action: RefundAction, reason: str
) -> Refund:
    """Reject or withdraw a refund before its money has left; what was set aside for it is in suspense again.

    :raises NotFound: there is none.
    :raises AnotherOfficer: who asked for it rejects it.
    :raises RefundStateForbids: its money has left, or it has ended.
    """
    seen = await refunds.get_refund(session, refund_id)
    source = await assigning.lock_entry(session, seen.bank_entry_id) if seen.bank_entry_id else None
    refund, _ = await refunds.lock_refund(session, refund_id)
    await refunds.end(session, actor, refund, action, reason)
    if source is not None:
        await assigning.free(session, actor, source, refund, reason)
    return refund
