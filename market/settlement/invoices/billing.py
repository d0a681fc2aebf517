"""Use cases of billing: close a period of an agreement, and turn what was used in it into an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.agreements.facts import AgreementFacts
from infra import months
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker, now, transaction
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from market.metering import service as metering
from market.metering.domain import CloseReason, EarlyClose, OpenPeriod, PeriodUsage
from market.settlement.invoices import confirmation, rating, repository
from market.settlement.invoices.errors import AgreementNotConcluded, PeriodNotOpen, PeriodNotOver
from market.settlement.invoices.issuing import issue
from market.settlement.invoices.tables import Invoice, PeriodClose
from market.settlement.invoices.usage import usage_by_purpose, usage_document
from pricing.plans import service as plans
from pricing.quotes.context import quote_context


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
    cut is a transaction of its own, which is all that calls wait for; what was cut is billed afterwards, once each of
    its calls is accounted for, which is waited for a few seconds. When that fails, the period stays cut, and the next
    close, or the worker (`jobs.bill_periods`), bills it.

    Closing a period that is closed already changes nothing and answers what it came to, and so does a close that names
    no period while none is over that is not billed. Without usage and without a charge per period there is no invoice;
    usage that costs nothing is invoiced at zero and needs no payment.

    :param apart: for the cut and the confirmation, on a connection of its own.
    :param period_no: counted from 1; default: the first that is not billed, where it can be closed, or the last one.
    :param early: why it is closed before its end.
    :raises NotFound: no such agreement.
    :raises AgreementNotConcluded: it is not signed by both sides.
    :raises PeriodNotOpen: an earlier period is not billed, or the contract ended before this one.
    :raises PeriodNotOver: its end has not come, and the contract has not ended as ``early`` says.
    :raises PeriodNotConfirmed: calls of it are not accounted for yet.
    """
    facts = await agreements.facts(session, agreement_id)
    licence_id = _licence_of(facts)
    wanted = period_no or await repository.last_period(session, agreement_id) + 1
    if not await _is_next(session, agreement_id, wanted):
        return await _get_closed(session, agreement_id, wanted)
    async with transaction(apart) as cutting:
        await metering.cut_periods(cutting, licence_id, early)
    if await confirmation.wait(apart, licence_id, wanted):
        period = await metering.get_closed_period(session, licence_id, wanted)
        assert period is not None, "what is confirmed is cut"
        return await _bill(session, actor, facts, period)
    open_period = await metering.get_open_period(session, licence_id)
    if period_no is None and wanted > 1 and (early is None or open_period is None):
        return await _get_closed(session, agreement_id, wanted - 1)
    raise _not_over(facts, open_period, early) if open_period else _ended(agreement_id, wanted - 1)


async def bill_period(
    session: AsyncSession, actor: Actor, agreement_id: UUID, period_no: int
) -> ClosedPeriod:
    """Invoice a period that was cut; one that is billed already is answered as it was.

    :raises PeriodNotOpen: an earlier period is not billed, or this one is not cut and confirmed.
    """
    facts = await agreements.facts(session, agreement_id)
    licence_id = _licence_of(facts)
    if not await _is_next(session, agreement_id, period_no):
        return await _get_closed(session, agreement_id, period_no)
    period = await metering.get_closed_period(session, licence_id, period_no)
    if period is None or period.confirmed_at is None:
        raise _not_open(agreement_id, period_no, period_no)
    return await _bill(session, actor, facts, period)


async def unbilled_periods(
    session: AsyncSession, after: UUID, limit: int
) -> Sequence[tuple[UUID, UUID, Sequence[int]]]:
    """Some agreements in the order of their ids, their licences, and the numbers of periods that are cut, not billed.

    :param after: the last one of those before; ``UUID(int=0)`` to begin.
    """
    return await repository.unbilled_periods(session, after, limit)


async def list_period_closes(
    session: AsyncSession, actor: Actor, agreement_id: UUID, page: PageRequest
) -> tuple[Sequence[PeriodClose], str | None]:
    """One page of the closed periods of an agreement the caller can access.

    :raises NotFound: there is none, or the caller cannot access it.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id)
    return await repository.closes_page(session, agreement.id, page)


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
                "Wait until then, when it is closed by itself; or, where the contract has ended, send how it did as the"
                " reason (termination or end_of_contract), and a note."
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
    lines = rating.rate(
        plan,
        facts.terms.purposes,
        usage,
        lambda purpose: quote_context(rules, purpose),
        periods_due=not period.after_end,
    )
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


async def _get_closed(session: AsyncSession, agreement_id: UUID, period_no: int) -> ClosedPeriod:
    close = await repository.find_close(session, agreement_id, period_no)
    assert close is not None, "periods are closed without gaps"
    invoice = await repository.get(session, close.invoice_id) if close.invoice_id else None
    return ClosedPeriod(close, invoice)
