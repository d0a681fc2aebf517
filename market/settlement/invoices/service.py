"""Use cases of invoices: find one, lock it, and record that it is paid or refunded. Billing issues them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NewType
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.invoices import repository
from market.settlement.invoices.errors import InvoiceNotPayable
from market.settlement.invoices.states import INVOICE, InvoiceAction, InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine
from pricing.money import Money

VisibleInvoice = NewType("VisibleInvoice", Invoice)
"""An invoice that the caller can access; only :func:`access_invoice` and :func:`lock_visible_invoice` make one."""


async def access_invoice(session: AsyncSession, actor: Actor, invoice_id: UUID) -> VisibleInvoice:
    """An invoice the caller can access: buyer, operator and owner, the regulator and the platform.

    :raises NotFound: there is none, or the caller cannot access it.
    """
    invoice = await repository.get_visible(session, actor, invoice_id)
    if invoice is None:
        raise NotFound(
            Message("There is no invoice {invoice_id} that you can access.", invoice_id=invoice_id)
        )
    return VisibleInvoice(invoice)


async def list_invoices(
    session: AsyncSession,
    actor: Actor,
    page: PageRequest,
    *,
    agreement_id: UUID | None = None,
    status: InvoiceStatus | None = None,
) -> tuple[Sequence[Invoice], str | None]:
    """One page of the invoices the caller can access, newest first."""
    return await repository.invoices_page(session, actor, page, agreement_id=agreement_id, status=status)


async def lines_of(session: AsyncSession, invoice: Invoice) -> Sequence[InvoiceLine]:
    """The lines of an invoice, in order."""
    return await repository.lines_of(session, invoice.id)


async def lock_invoices(session: AsyncSession, invoice_ids: Collection[UUID]) -> dict[UUID, Invoice]:
    """The invoices of these ids that exist, by id, locked until the transaction ends."""
    return await repository.lock(session, sorted(invoice_ids))


async def lock_invoice(session: AsyncSession, invoice_id: UUID) -> Invoice:
    """An invoice that exists, locked until the transaction ends."""
    return (await repository.lock(session, [invoice_id]))[invoice_id]


async def lock_visible_invoice(session: AsyncSession, actor: Actor, invoice_id: UUID) -> VisibleInvoice:
    """An invoice the caller can access, locked until the transaction ends.

    :raises NotFound: there is none, or the caller cannot access it.
    """
    visible = await access_invoice(session, actor, invoice_id)
    return VisibleInvoice(await lock_invoice(session, visible.id))


async def lock_referenced_invoices(
    session: AsyncSession, references: Sequence[str], *, besides: Collection[UUID] = ()
) -> dict[str, Invoice]:
    """The invoices with these payment references or these ids, by reference, locked until the transaction ends."""
    return await repository.lock_referenced(session, references, sorted(besides))


async def list_open_invoices(
    session: AsyncSession,
    *,
    references: Collection[str],
    open_minor: Collection[int],
    buyers: Collection[UUID],
) -> Sequence[Invoice]:
    """Invoices that wait for money and have one of these references, open amounts or buyers; those due first."""
    if not (references or open_minor or buyers):
        return []
    return await repository.open_like(session, references=references, open_minor=open_minor, buyers=buyers)


def require_payable(invoice: Invoice) -> None:
    """Check that an invoice waits for a payment.

    :raises InvoiceNotPayable: it is paid or refunded.
    """
    if not INVOICE.allows(invoice.status, InvoiceAction.PAY):
        raise InvoiceNotPayable(
            Message(
                "Invoice {document_number} is {status}.",
                document_number=invoice.document_number,
                status=invoice.status,
            ),
            remedy=Message("Pay only invoices whose status is issued; give back what was paid besides."),
        )


def record_payment(invoice: Invoice, amount: Money, received_at: datetime) -> bool:
    """Record that an invoice is paid, or a part of it.

    :param invoice: its row is locked by the caller.
    :return: whether nothing is open any more.
    :raises InvoiceNotPayable: it does not wait for a payment, or for less.
    """
    require_payable(invoice)
    if amount.currency != invoice.currency or amount.minor > invoice.open.minor:
        raise InvoiceNotPayable(
            Message(
                "{amount} cannot pay invoice {document_number}, of which {open} is open.",
                amount=amount,
                document_number=invoice.document_number,
                open=invoice.open,
            ),
            remedy=Message("Assign to it no more than what is open, in its own currency; the rest stays."),
        )
    invoice.paid_minor += amount.minor
    if invoice.open.minor:
        return False
    invoice.status = INVOICE.next_state(invoice.status, InvoiceAction.PAY)
    invoice.paid_at = received_at
    return True


def take_back_payment(invoice: Invoice, amount: Money) -> bool:
    """Record that a payment of an invoice was none: what it brought is open again.

    :param invoice: its row is locked by the caller.
    :return: whether the invoice was paid before, and is open again.
    :raises InvoiceStateForbids: it was refunded.
    """
    was_paid = invoice.status is not InvoiceStatus.ISSUED
    if was_paid:
        invoice.status = INVOICE.next_state(
            invoice.status,
            InvoiceAction.REOPEN,
            remedy=Message(
                "Match the bank entry that paid its refund anew first, with no parts: the refund has failed then, the"
                " invoice is paid as before, and this can be sent again."
            ),
        )
        invoice.paid_at = None
    invoice.paid_minor -= amount.minor
    return was_paid


def mark_refunded(invoice: Invoice) -> None:
    """Record that the payment of an invoice was given back.

    :param invoice: its row is locked by the caller.
    :raises InvoiceStateForbids: it is not paid, or refunded already.
    """
    invoice.status = INVOICE.next_state(invoice.status, InvoiceAction.REFUND)


def take_back_refund(invoice: Invoice) -> None:
    """Record that the refund of an invoice did not reach the buyer: the invoice is paid as before.

    :param invoice: its row is locked by the caller.
    """
    invoice.status = INVOICE.next_state(invoice.status, InvoiceAction.RESTORE)
