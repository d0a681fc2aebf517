"""Use cases of invoicing: close a period into an invoice, and read invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.agreements.service import AgreementFacts
from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession, new_id, now
from infra.errors import Conflict, NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from market.metering import service as metering
from market.metering.domain import PeriodUsage
from market.settlement.invoices import domain, rating, repository
from market.settlement.invoices.rating import LicenceUsage, RatedLine
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine, PeriodClose
from market.settlement.ledger import service as ledger
from market.settlement.ledger.domain import JournalDraft
from market.settlement.payments.domain import invoice_journal
from pricing.models.metrics import Metric
from pricing.money import Money
from pricing.plans import service as plans
from pricing.plans.domain import PricePlan
from pricing.quotes.context import quote_context
from pricing.regulated.purposes import PurposeClass

VisibleInvoice = NewType("VisibleInvoice", Invoice)
"""An invoice that the caller may see; only :func:`access_invoice` makes one."""

_SEE_ALL = frozenset({OrganisationKind.PLATFORM, OrganisationKind.REGULATOR})


class PeriodNotOpen(Conflict):
    """Periods are closed one after the other."""

    slug = "period-not-open"
    title = Message("This period is not open yet")


class AgreementNotConcluded(Conflict):
    """There is nothing to bill before both sides have signed."""

    slug = "agreement-not-concluded"
    title = Message("The agreement is not concluded")


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed period, and its invoice where there was anything to bill."""

    close: PeriodClose
    invoice: Invoice | None


async def close_period(
    session: AsyncSession, actor: Actor, agreement_id: UUID, period_no: int | None = None
) -> Closed:
    """Close a billing period of an agreement and invoice what was used in it.

    Closing a period that is closed already changes nothing and answers what it came to. Without usage and
    without a charge per period there is no invoice; usage that costs nothing is invoiced at zero and needs no
    payment.

    :param period_no: counted from 1; default: the period that is open when this is asked.
    :raises NotFound: no such agreement.
    :raises AgreementNotConcluded: it is not signed by both sides.
    :raises PeriodNotOpen: an earlier period is still open.
    """
    facts = await agreements.facts(session, agreement_id)
    if facts.licence_id is None:
        raise AgreementNotConcluded(
            Message(
                "Agreement {agreement_id} has no licence, so nothing was used under it.",
                agreement_id=agreement_id,
            )
        )
    wanted = period_no or await repository.last_period(session, agreement_id) + 1
    await repository.lock_agreement(session, agreement_id)
    last = await repository.last_period(session, agreement_id)
    if wanted <= last:
        return await _closed(session, agreement_id, wanted)
    if wanted > last + 1:
        raise PeriodNotOpen(
            Message(
                "Period {wanted} of agreement {agreement_id} is not open: period {value} is.",
                wanted=wanted,
                agreement_id=agreement_id,
                value=last + 1,
            ),
            remedy=Message("Close period {value} first.", value=last + 1),
        )
    # Everything slow is read before the licence is locked, since its calls wait from then on.
    rules = await rulebook.in_force(session)
    plan = await plans.get_plan(session, facts.terms.price_plan_id)
    period = await metering.close_period(session, facts.licence_id)
    usage = await _usage(session, facts, period)
    lines = rating.rate(plan, facts.terms.purposes, usage, lambda purpose: quote_context(rules, purpose))
    total = rating.total(lines, plan.currency)
    invoice = None
    if total.minor or not usage.is_empty:
        invoice = await _issue(session, actor, facts, plan, period, wanted, lines, rules)
    close = PeriodClose(
        agreement_id=agreement_id,
        period_no=wanted,
        opened_at=period.opened_at,
        closed_at=_ended(period),
        usage=[_usage_document(usage, period)],
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
        subject_id=agreement_id,
        detail={
            "period_no": wanted,
            "usage": close.usage,
            "invoice_id": str(invoice.id) if invoice else None,
            "total": str(total),
        },
        rules=rules,
    )
    return Closed(close, invoice)


async def access_invoice(session: AsyncSession, actor: Actor, invoice_id: UUID) -> VisibleInvoice:
    """An invoice the caller may see: buyer, operator and owner, the regulator and the platform.

    :raises NotFound: there is none, or the caller may not know of it.
    """
    invoice = await repository.get(session, invoice_id)
    if invoice is None or not (
        actor.organisation_kind in _SEE_ALL
        or actor.organisation_id in (invoice.buyer_id, invoice.operator_id, invoice.owner_id)
    ):
        raise NotFound(Message("There is no invoice {invoice_id} that you may see.", invoice_id=invoice_id))
    return VisibleInvoice(invoice)


async def list_invoices(
    session: AsyncSession,
    actor: Actor,
    page: PageRequest,
    *,
    agreement_id: UUID | None = None,
    status: InvoiceStatus | None = None,
) -> tuple[Sequence[Invoice], str | None]:
    """One page of the invoices the caller may see, newest first."""
    party = None if actor.organisation_kind in _SEE_ALL else actor.organisation_id
    return await repository.invoices_page(
        session, page, party_id=party, agreement_id=agreement_id, status=status
    )


async def list_closes(
    session: AsyncSession, actor: Actor, agreement_id: UUID, page: PageRequest
) -> tuple[Sequence[PeriodClose], str | None]:
    """One page of the closed periods of an agreement the caller may see.

    :raises NotFound: there is none, or the caller may not know of it.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id)
    return await repository.closes_page(session, agreement.id, page)


async def lines_of(session: AsyncSession, invoice: Invoice) -> Sequence[InvoiceLine]:
    """The lines of an invoice, in order."""
    return await repository.lines_of(session, invoice.id)


async def _closed(session: AsyncSession, agreement_id: UUID, period_no: int) -> Closed:
    close = await repository.find_close(session, agreement_id, period_no)
    assert close is not None, "periods are closed without gaps"
    invoice = await repository.get(session, close.invoice_id) if close.invoice_id else None
    return Closed(close, invoice)


async def _usage(session: AsyncSession, facts: AgreementFacts, period: PeriodUsage) -> LicenceUsage:
    """Usage of a closed period by purpose; the counters' totals where there is one purpose only."""
    if len(facts.terms.purposes) == 1:
        counted = {facts.terms.purposes[0].value: (period.calls, period.rows)}
    else:
        counted = await metering.recorded_by_purpose(session, period.licence_id, period.period_no)
        totals = tuple(sum(column) for column in zip(*counted.values(), strict=True)) or (0, 0)
        assert totals == (period.calls, period.rows), "records and counters of a closed period differ"
    used = {
        PurposeClass(purpose): {Metric.CALLS: calls, Metric.ROWS: rows}
        for purpose, (calls, rows) in counted.items()
    }
    return LicenceUsage(period.licence_id, period.period_no, used)


def _usage_document(usage: LicenceUsage, period: PeriodUsage) -> dict[str, object]:
    return {
        "licence_id": str(usage.licence_id),
        "usage_period_no": usage.usage_period_no,
        "calls": period.calls,
        "rows": period.rows,
        "by_purpose": {
            purpose.value: {metric.value: count for metric, count in metrics.items()}
            for purpose, metrics in usage.used.items()
        },
    }


def _ended(period: PeriodUsage) -> datetime:
    assert period.closed_at is not None, "metering answers a period it has just closed"
    return period.closed_at


async def _issue(
    session: AsyncSession,
    actor: Actor,
    facts: AgreementFacts,
    plan: PricePlan,
    period: PeriodUsage,
    period_no: int,
    lines: Sequence[RatedLine],
    rules: Rules,
) -> Invoice:
    """Write the invoice and its lines, number it, and book what the buyer owes."""
    terms = facts.terms
    total = rating.total(lines, plan.currency)
    issued_at = max(await now(session), _ended(period))
    due_at = domain.due_at(issued_at, rules.integer("settlement.payment_term_days"))
    series_no, number = await repository.next_number(session, terms.operator_id)
    free = total.minor == 0
    invoice = Invoice(
        id=new_id(),
        agreement_id=facts.id,
        period_no=period_no,
        operator_id=terms.operator_id,
        owner_id=terms.owner_id,
        buyer_id=terms.buyer_id,
        number=number,
        document_number=domain.document_number(series_no, number),
        payment_reference=domain.payment_reference(series_no, number),
        currency=plan.currency,
        total_minor=total.minor,
        period_from=period.opened_at,
        period_to=_ended(period),
        issued_at=issued_at,
        due_at=due_at,
        price_plan_id=plan.id,
        split=[
            share.document()
            for share in domain.shares_of(
                terms.shares, owner_id=terms.owner_id, operator_id=terms.operator_id
            )
        ],
        rules=rules.stamp(),
        digest=b"",
        status=InvoiceStatus.PAID if free else InvoiceStatus.ISSUED,
        paid_at=issued_at if free else None,
    )
    rows = [_line(invoice, place, rated) for place, rated in enumerate(lines, start=1)]
    invoice.digest = domain.digest(invoice_document(invoice, rows))
    session.add(invoice)
    await session.flush()
    session.add_all(rows)
    await session.flush()
    if not free:
        await ledger.post(session, actor, [_journal(invoice)])
    await audit.record(
        session,
        actor,
        action="invoice.issued",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"number": invoice.document_number, "total": str(total), "digest": invoice.digest.hex()},
        rules=rules,
    )
    return invoice


def _journal(invoice: Invoice) -> JournalDraft:
    return invoice_journal(
        invoice.id,
        agreement_id=invoice.agreement_id,
        buyer_id=invoice.buyer_id,
        total=Money(invoice.total_minor, invoice.currency),
        issued_at=invoice.issued_at,
        number=invoice.document_number,
    )


def _line(invoice: Invoice, place: int, rated: RatedLine) -> InvoiceLine:
    line = rated.line
    return InvoiceLine(
        invoice_id=invoice.id,
        line=place,
        licence_id=rated.licence_id,
        usage_period_no=rated.usage_period_no,
        model=line.model,
        metric=line.metric.value,
        quantity=line.quantity,
        allowance_used=line.allowance_used,
        agreed_unit_price=line.agreed_unit_price,
        unit_price=line.unit_price,
        exact_amount=line.exact,
        amount_minor=line.amount.minor,
        currency=line.amount.currency,
        price_plan_id=line.price_plan_id,
        explanation_en=line.explanation.en,
        explanation_zh=line.explanation.zh,
    )


def invoice_document(invoice: Invoice, lines: Sequence[InvoiceLine]) -> dict[str, object]:
    """What an invoice says, as JSON without floats: what its digest is the SHA-256 of."""
    return {
        "number": invoice.document_number,
        "payment_reference": invoice.payment_reference,
        "agreement_id": str(invoice.agreement_id),
        "period_no": invoice.period_no,
        "operator_id": str(invoice.operator_id),
        "buyer_id": str(invoice.buyer_id),
        "currency": invoice.currency,
        "total_minor": invoice.total_minor,
        "issued_at": invoice.issued_at.isoformat(),
        "due_at": invoice.due_at.isoformat(),
        "rules": invoice.rules,
        "lines": [
            {
                "licence_id": str(line.licence_id),
                "usage_period_no": line.usage_period_no,
                "metric": line.metric,
                "quantity": line.quantity,
                "unit_price": f"{line.unit_price:f}",
                "exact_amount": f"{line.exact_amount:f}",
                "amount_minor": line.amount_minor,
                "price_plan_id": str(line.price_plan_id),
            }
            for line in lines
        ],
    }
