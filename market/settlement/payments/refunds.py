"""Use cases of refunds: find one, approve it, book it once the money has left, or end it before.

A refund gives back a whole invoice, money of a bank entry, or a card payment that paid nothing. By card the processor
makes it; by bank a second person approves it, somebody instructs the bank, and the entry of a later statement completes
it. Callers hold the lock of what it gives back.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events.kinds import EventKind
from infra.identity.officers import require_another_person
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.invoices import issuing
from market.settlement.invoices import service as invoices
from market.settlement.invoices.issuing import billed
from market.settlement.invoices.tables import Invoice
from market.settlement.ledger import posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import Account
from market.settlement.payments import repository
from market.settlement.payments.errors import RefundStateForbids
from market.settlement.payments.states import REFUND, Rail, RefundAction, RefundStatus
from market.settlement.payments.tables import Refund


async def list_refunds(session: AsyncSession, invoice: Invoice) -> Sequence[Refund]:
    """Refunds of an invoice, newest first."""
    return await repository.refunds_of(session, invoice.id)


async def page_refunds(
    session: AsyncSession, page: PageRequest, *, status: RefundStatus | None, rail: Rail | None
) -> tuple[Sequence[Refund], str | None]:
    """One page of refunds, newest first."""
    return await repository.refunds_page(session, page, status=status, rail=rail)


async def get_refund(session: AsyncSession, refund_id: UUID) -> Refund:
    """One refund.

    :raises NotFound: there is none.
    """
    found = await repository.get_refund(session, refund_id)
    if found is None:
        raise NotFound(
            Message("There is no refund {refund_id}.", refund_id=refund_id),
            remedy=Message("List the refunds to find it."),
        )
    return found


async def find_refund(session: AsyncSession, refund_id: UUID) -> Refund | None:
    """A refund, if there is one of this id."""
    return await repository.get_refund(session, refund_id)


async def find_refunds(session: AsyncSession, references: Collection[str]) -> dict[str, Refund]:
    """Refunds by bank whose transfers carry these references, by reference."""
    return await repository.refunds_by_reference(session, references)


async def get_refunds(session: AsyncSession, refund_ids: Collection[UUID]) -> dict[UUID, Refund]:
    """Refunds by id."""
    return await repository.refunds(session, refund_ids)


async def approve(session: AsyncSession, actor: Actor, refund: Refund) -> None:
    """Approve a refund by bank that somebody else asked for: from now on it is a transfer for the bank to make.

    :param refund: its row is locked by the caller.
    :raises AnotherOfficer: the actor asked for it, or is no person.
    :raises RefundStateForbids: it waits for no approval.
    """
    _require_transfer(refund)
    await _require_another(session, actor, refund)
    refund.status = REFUND.next_state(
        refund.status, RefundAction.APPROVE, remedy=Message("Get the refund to see what became of it.")
    )
    refund.approved_by, refund.approved_at = actor.id, await now(session)
    await session.flush()
    await record(session, actor, refund, refund.status.value)


async def end(session: AsyncSession, actor: Actor, refund: Refund, action: RefundAction, reason: str) -> None:
    """Reject or withdraw a refund by bank before its money has left.

    :param refund: its row is locked by the caller, who frees the money that was set aside for it.
    :param action: rejection, by another person; or withdrawal, by anybody who may ask for refunds.
    :raises AnotherOfficer: who asked for it rejects it.
    :raises RefundStateForbids: its money has left, or it has ended.
    """
    _require_transfer(refund)
    if action is RefundAction.REJECT:
        await _require_another(session, actor, refund)
    refund.status = REFUND.next_state(
        refund.status,
        action,
        remedy=Message("Withdraw what is approved. Where its money has left, match the bank entry anew."),
    )
    refund.failure, refund.ended_by, refund.completed_at = reason, actor.id, await now(session)
    await session.flush()
    await record(session, actor, refund, refund.status.value)


async def lock_refund(session: AsyncSession, refund_id: UUID) -> tuple[Refund, Invoice | None]:
    """A refund and the invoice it gives back, both locked, the invoice first: the order everybody keeps.

    :raises NotFound: there is no such refund.
    """
    seen = await get_refund(session, refund_id)
    invoice = await invoices.lock_invoice(session, seen.invoice_id) if seen.invoice_id else None
    return await repository.lock_refund(session, refund_id), invoice


async def lock_refunds(session: AsyncSession, refund_ids: Collection[UUID]) -> dict[UUID, Refund]:
    """Refunds, locked in id order; the caller has locked their invoices."""
    return {refund_id: await repository.lock_refund(session, refund_id) for refund_id in sorted(refund_ids)}


async def refunded_source(session: AsyncSession, refund: Refund) -> UUID:
    """The card payment whose money a refund by card gives back."""
    if refund.card_payment_id is not None:
        return refund.card_payment_id
    assert refund.payment_id is not None, "a refund by card is of a card payment"
    return (await repository.get_payment(session, refund.payment_id)).source_id


async def stale_refunds(session: AsyncSession, age: timedelta, limit: int) -> Sequence[UUID]:
    """Refunds by card that were requested longer than ``age`` ago and have no outcome, the oldest first."""
    return await repository.stale_refunds(session, age, limit)


async def complete_refund(
    session: AsyncSession, actor: Actor, invoice: Invoice | None, refund: Refund, out_of: Account
) -> None:
    """Book a refund whose money has left: of an invoice, the split is reversed.

    Money of a bank entry that goes back by bank needs no journal: it came into suspense and left from there.

    :param invoice: what the refund gives back, if it is one; its row, like the refund's, is locked by the caller.
    :param out_of: the account that the money leaves; suspense where a bank entry holds it there.
    :raises RefundStateForbids: it has ended already, or is by bank and not approved.
    """
    if refund.rail is Rail.BANK and refund.status is not RefundStatus.APPROVED:
        raise RefundStateForbids(
            Message("Refund {reference} is {status}.", reference=refund.reference, status=refund.status),
            remedy=Message("A transfer completes a refund that is approved, and no other."),
            current_status=refund.status.value,
        )
    refund.status = REFUND.next_state(refund.status, RefundAction.COMPLETE)
    moment = await now(session)
    refund.completed_at = moment
    if invoice is not None:
        split = (await ledger.originals(session, "split", [invoice.id]))[invoice.id].standing
        assert split is not None, "what is paid is split"
        journals = posting_rules.refund_completed(
            billed(invoice), refund_id=refund.id, split_journal_id=split, out_of=out_of, completed_at=moment
        )
        await ledger.post(session, actor, journals)
        invoices.mark_refunded(invoice)
    elif refund.rail is Rail.CARD:
        journal = posting_rules.unexplained_card_payment_refunded(
            refund.id, amount=refund.amount, out_of=out_of, completed_at=moment
        )
        await ledger.post(session, actor, [journal])
    await session.flush()
    await record(session, actor, refund, "completed", processor_id=refund.processor_id)
    if invoice is not None:
        await issuing.publish_event(session, invoice, EventKind.INVOICE_REFUNDED)


async def fail_refund(session: AsyncSession, refund: Refund, failure: str) -> None:
    """Record that the processor did not give the money back; the invoice stays paid and can be refunded again.

    :param refund: its row is locked by the caller.
    :param failure: the processor's reason.
    :raises RefundStateForbids: it is completed or has failed already.
    """
    if refund.status is not RefundStatus.REQUESTED:
        raise RefundStateForbids(
            Message("The refund is {status} already.", status=refund.status),
            current_status=refund.status.value,
        )
    refund.status = REFUND.next_state(refund.status, RefundAction.FAIL)
    refund.failure, refund.completed_at = failure, await now(session)
    await session.flush()


async def take_back_refund(
    session: AsyncSession, actor: Actor, invoice: Invoice | None, refund: Refund, reason: str
) -> None:
    """Record that the transfer that completed a refund was another one, or came back: the refund has failed.

    Its invoice is paid as before, its revenue split again; a further refund takes a new request and approval.

    :param invoice: what the refund gave back, if it is one; its row, like the refund's, is locked by the caller.
    """
    _require_transfer(refund)
    refund.status = REFUND.next_state(refund.status, RefundAction.FAIL)
    refund.failure, refund.ended_by = reason, actor.id
    if invoice is not None:
        moment, bill = await now(session), billed(invoice)
        booked = (await ledger.originals(session, "refund", [refund.id]))[refund.id].standing
        assert booked is not None, "a completed refund is booked"
        number = (await ledger.originals(session, "split", [invoice.id]))[invoice.id].count + 1
        drafts = (
            posting_rules.refund_reversed(bill, refund_id=refund.id, journal_id=booked, reversed_at=moment),
            posting_rules.revenue_split(bill, moment, number=number),
        )
        await ledger.post(session, actor, drafts)
        invoices.take_back_refund(invoice)
    await session.flush()
    await record(session, actor, refund, "failed", reason=reason)
    if invoice is not None:
        await issuing.publish_event(session, invoice, EventKind.INVOICE_PAID)


def _require_transfer(refund: Refund) -> None:
    if refund.rail is not Rail.BANK:
        raise RefundStateForbids(
            Message("The refund is by card: the processor makes it, and nobody approves or ends it."),
            remedy=Message("Get the refund: it succeeds or fails by itself."),
            current_status=refund.status.value,
        )


async def _require_another(session: AsyncSession, actor: Actor, refund: Refund) -> None:
    await require_another_person(
        session,
        actor,
        refund.requested_by,
        detail=Message("A refund by bank is asked for by one officer and approved or rejected by another."),
        remedy=Message(
            "Ask another finance officer, in person. Who asked for it withdraws it:"
            " POST /v1/refunds/{refund_id}/withdrawal.",
            refund_id=refund.id,
        ),
    )


async def record(
    session: AsyncSession, actor: Actor, refund: Refund, what: str, **detail: str | None
) -> None:
    """Record in the audit log what happened to a refund, about what it gives back."""
    kind, subject = (
        ("invoice", refund.invoice_id)
        if refund.invoice_id
        else ("bank_entry", refund.bank_entry_id)
        if refund.bank_entry_id
        else ("card_payment", refund.card_payment_id)
    )
    assert subject is not None, "a refund gives something back"
    await audit.record(
        session,
        actor,
        action=f"refund.{what}",
        subject_kind=kind,
        subject_id=subject,
        detail={"refund_id": str(refund.id), "amount": str(refund.amount), **detail},
    )
