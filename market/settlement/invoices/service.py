"""Use cases of invoicing: close a period into an invoice, read invoices, and record that one is paid or refunded."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.agreements.facts import AgreementFacts
from infra import months
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from market.metering import service as metering
from market.metering.domain import CloseReason, EarlyClose, OpenPeriod, PeriodUsage
from market.settlement.invoices import rating, repository
from market.settlement.invoices.errors import (
    AgreementNotConcluded,
    InvoiceNotPayable,
    PeriodNotOpen,
    PeriodNotOver,
)
from market.settlement.invoices.issuing import issue
from market.settlement.invoices.states import INVOICE, InvoiceAction, InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine, PeriodClose
from market.settlement.invoices.usage import usage_by_purpose, usage_document
from pricing.money import Money
from pricing.plans import service as plans
from pricing.quotes.context import quote_context

VisibleInvoice = NewType("VisibleInvoice", Invoice)
"""An invoice that the caller can access; only :func:`access_invoice` and :func:`lock_visible_invoice` make one."""


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A closed period, and its invoice where there was anything to bill."""

    close: PeriodClose
    invoice: Invoice | None


async def close_period(
    session: AsyncSession,
    apart: SessionMaker,
    actor: Actor,
    agreement_id: UUID,
    period_no: int | None = None,
    early: EarlyClose | None = None,
) -> ClosedPeriod:
    """Close a billing period of an agreement, a calendar month, and invoice what was used in it.

    A period is closed at or after its end, and before it only where the contract has ended; then it is the last. The
    cut is a transaction of its own, which is all that calls wait for; what was cut is billed afterwards. When the
    second fails, the period stays cut, and the next close, or the worker (`jobs.bill_periods`), bills it.

    Closing a period that is closed already changes nothing and answers what it came to, and so does a close that names
    no period while none is over that is not billed. Without usage and without a charge per period there is no invoice;
    usage that costs nothing is invoiced at zero and needs no payment.

    :param apart: for the cut, on a connection of its own.
    :param period_no: counted from 1; default: the first that is not billed, where it can be closed, or the last one.
    :param early: why it is closed before its end.
    :raises NotFound: no such agreement.
    :raises AgreementNotConcluded: it is not signed by both sides.
    :raises PeriodNotOpen: an earlier period is not billed, or the contract ended before this one.
    :raises PeriodNotOver: its end has not come, and the contract has not ended as ``early`` says.
    """
    facts = await agreements.facts(session, agreement_id)
    licence_id = _licence_of(facts)
    wanted = period_no or await repository.last_period(session, agreement_id) + 1
    if not await _is_next(session, agreement_id, wanted):
        return await _get_closed(session, agreement_id, wanted)
    async with transaction(apart) as cutting:
        await metering.cut_periods(cutting, licence_id, early)
    period = await metering.get_closed_period(session, licence_id, wanted)
    if period is not None:
        return await _bill(session, actor, facts, period)
    open_period = await metering.get_open_period(session, licence_id)
    if period_no is None and wanted > 1 and (early is None or open_period is None):
        return await _get_closed(session, agreement_id, wanted - 1)
    raise _not_over(facts, open_period, early) if open_period else _ended(agreement_id, wanted - 1)


async def bill_period(
    session: AsyncSession, actor: Actor, agreement_id: UUID, period_no: int
) -> ClosedPeriod:
    """Invoice a period that was cut; one that is billed already is answered as it was.

    :raises PeriodNotOpen: an earlier period is not billed, or this one is not cut.
    """
    facts = await agreements.facts(session, agreement_id)
    licence_id = _licence_of(facts)
    if not await _is_next(session, agreement_id, period_no):
        return await _get_closed(session, agreement_id, period_no)
    period = await metering.get_closed_period(session, licence_id, period_no)
    if period is None:
        raise _not_open(agreement_id, period_no, period_no)
    return await _bill(session, actor, facts, period)


async def unbilled_periods(
    session: AsyncSession, after: UUID, limit: int
) -> Sequence[tuple[UUID, Sequence[int]]]:
    """Some agreements, in the order of their ids, and the numbers of their periods that are cut and not billed.

    :param after: the last one of those before; ``UUID(int=0)`` to begin.
    """
    return await repository.unbilled_periods(session, after, limit)


def _licence_of(facts: AgreementFacts) -> UUID:
    if facts.licence_id is None:
        raise AgreementNotConcluded(
            Message(
                "Agreement {agreement_id} has no licence, so nothing was used under it.",
                agreement_id=facts.id,
            ),
            remedy=Message("Close a period once both sides have signed the agreement."),
        )
    return facts.licence_id


async def _is_next(session: AsyncSession, agreement_id: UUID, wanted: int) -> bool:
    """Whether a period is the next to be billed, and not billed yet; nobody else bills until the transaction ends."""
    await repository.lock_agreement(session, agreement_id)
    last = await repository.last_period(session, agreement_id)
    if wanted > last + 1:
        raise _not_open(agreement_id, wanted, last + 1)
    return wanted > last


def _not_open(agreement_id: UUID, wanted: int, next_one: int) -> PeriodNotOpen:
    return PeriodNotOpen(
        Message(
            "Period {wanted} of agreement {agreement_id} is not open: period {open} is.",
            wanted=wanted,
            agreement_id=agreement_id,
            open=next_one,
        ),
        remedy=Message("Close period {open} first.", open=next_one),
    )


def _not_over(facts: AgreementFacts, period: OpenPeriod, early: EarlyClose | None) -> PeriodNotOver:
    wait = {"day": months.following(period.month).isoformat(), "ends_at": period.ends_at.isoformat()}
    if early is None:
        return PeriodNotOver(
            Message(
                "Period {period_no} of agreement {agreement_id} is {month}: it can be closed from {day} in the market's"
                " time zone ({ends_at}).",
                period_no=period.period_no,
                agreement_id=facts.id,
                month=months.label(period.month),
                **wait,
            ),
            remedy=Message(
                "Wait until then, when it is closed by itself; or, where the contract has ended, send the reason and a"
                " note."
            ),
            closable_from=period.ends_at.isoformat(),
        )
    detail = (
        Message(
            "The term of agreement {agreement_id} has not ended: it runs until {valid_until}.",
            agreement_id=facts.id,
            valid_until=facts.terms.valid_until.isoformat(),
        )
        if early.reason is CloseReason.END_OF_CONTRACT
        else Message("Agreement {agreement_id} has not been terminated.", agreement_id=facts.id)
    )
    return PeriodNotOver(
        detail,
        remedy=Message(
            "Wait until {day} in the market's time zone ({ends_at}), when the period is closed by itself; or let a"
            " party terminate the agreement first (POST /v1/agreements/{agreement_id}/termination) and give that as"
            " the reason.",
            agreement_id=facts.id,
            **wait,
        ),
        closable_from=period.ends_at.isoformat(),
    )


def _ended(agreement_id: UUID, last: int) -> PeriodNotOpen:
    if not last:
        return PeriodNotOpen(
            Message(
                "Agreement {agreement_id} ended before its first period began.", agreement_id=agreement_id
            ),
            remedy=Message("Nothing could be used under it, so there is nothing to close."),
        )
    return PeriodNotOpen(
        Message(
            "Agreement {agreement_id} has ended, and period {last} was its last.",
            agreement_id=agreement_id,
            last=last,
        ),
        remedy=Message("Nothing is left to close; what its periods came to is listed with the agreement."),
    )


async def _bill(
    session: AsyncSession, actor: Actor, facts: AgreementFacts, period: PeriodUsage
) -> ClosedPeriod:
    """Invoice a period of an agreement that is locked. Agreements and their licences count their periods alike."""
    # As of its end: what a period costs does not depend on when it is billed.
    rules = await rulebook.in_force(session, period.closed_at)
    plan = await plans.get_plan(session, facts.terms.price_plan_id)
    usage = await usage_by_purpose(session, period)
    lines = rating.rate(plan, facts.terms.purposes, usage, lambda purpose: quote_context(rules, purpose))
    total = rating.total(lines, plan.currency)
    invoice = None
    if total.minor or not usage.is_empty:
        invoice = await issue(
            session,
            actor,
            facts,
            plan,
            period=period,
            lines=lines,
            rules=rules,
        )
    close = PeriodClose(
        agreement_id=facts.id,
        period_no=period.period_no,
        month=period.month,
        opened_at=period.opened_at,
        closed_at=period.closed_at,
        close_reason=period.early.reason if period.early else None,
        close_note=period.early.note if period.early else None,
        usage=[usage_document(usage, period)],
        invoice_id=invoice.id if invoice else None,
        closed_by=actor.id,
        recorded_at=await now(session),
    )
    session.add(close)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="period.closed",
        subject_kind="agreement",
        subject_id=facts.id,
        detail={
            "period_no": period.period_no,
            "month": months.label(period.month),
            "reason": close.close_reason,
            "note": close.close_note,
            "usage": close.usage,
            "invoice_id": str(invoice.id) if invoice else None,
            "total": str(total),
        },
        rules=rules,
    )
    return ClosedPeriod(close, invoice)


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


async def list_period_closes(
    session: AsyncSession, actor: Actor, agreement_id: UUID, page: PageRequest
) -> tuple[Sequence[PeriodClose], str | None]:
    """One page of the closed periods of an agreement the caller can access.

    :raises NotFound: there is none, or the caller cannot access it.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id)
    return await repository.closes_page(session, agreement.id, page)


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
            remedy=Message("Match the bank entry that paid its refund anew first, if that was none."),
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


async def _get_closed(session: AsyncSession, agreement_id: UUID, period_no: int) -> ClosedPeriod:
    close = await repository.find_close(session, agreement_id, period_no)
    assert close is not None, "periods are closed without gaps"
    invoice = await repository.get(session, close.invoice_id) if close.invoice_id else None
    return ClosedPeriod(close, invoice)
