"""Issuing an invoice: its number, its lines, its digest, and the journal that says what the buyer owes."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.agreements.facts import AgreementFacts
from infra import months
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.digest import json_digest
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import service as identity
from infra.rulebook.domain import Rules
from market.metering.domain import PeriodUsage
from market.settlement.bank_accounts import service as bank_accounts
from market.settlement.invoices import domain, rating, repository
from market.settlement.invoices.rating import RatedLine
from market.settlement.invoices.states import INVOICE, InvoiceAction, InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine
from market.settlement.ledger import posting_rules
from market.settlement.ledger import service as ledger
from market.settlement.ledger.posting_rules import BilledInvoice
from market.settlement.splits.domain import read_shares, shares_of
from pricing.plans.domain import PricePlan


async def issue(
    session: AsyncSession,
    actor: Actor,
    facts: AgreementFacts,
    plan: PricePlan,
    *,
    period: PeriodUsage,
    lines: Sequence[RatedLine],
    rules: Rules,
) -> Invoice:
    """Write the invoice of one period and its lines, number it, and book what the buyer owes.

    An invoice of zero needs no payment: it is paid when it is issued, and nothing is booked.

    It names the bank account that is registered for its currency at the moment. Without one it is issued all the same,
    so that nothing that was used is lost to a missing form: reconciliation finds it, and as soon as an account is
    confirmed, whoever reads the invoice is told it (:func:`market.settlement.bank_accounts.service.accounts_to_pay`).

    :param period: the agreement's billing period, closed.
    :param rules: the rules in force, which remember what was read of them.
    """
    terms = facts.terms
    total = rating.total(lines, plan.currency)
    free = total.minor == 0
    issued_at = max(await now(session), period.closed_at)
    due_at = domain.due_at(issued_at, rules.integer("settlement.payment_term_days"))
    series_no, number = await repository.next_number(session, terms.operator_id)
    shares = shares_of(terms.shares, owner_id=terms.owner_id, operator_id=terms.operator_id)
    invoice = Invoice(
        id=new_id(),
        agreement_id=facts.id,
        period_no=period.period_no,
        operator_id=terms.operator_id,
        owner_id=terms.owner_id,
        buyer_id=terms.buyer_id,
        number=number,
        document_number=domain.document_number(series_no, number),
        payment_reference=domain.payment_reference(series_no, number),
        currency=plan.currency,
        total_minor=total.minor,
        period_month=period.month,
        period_from=period.opened_at,
        period_to=period.closed_at,
        issued_at=issued_at,
        due_at=due_at,
        price_plan_id=plan.id,
        split=[share.document() for share in shares],
        rules=rules.stamp(),
        parties=await _parties(session, terms.operator_id, terms.owner_id, terms.buyer_id),
        bank_account=await bank_accounts.account_document(session, plan.currency),
        digest=b"",
        status=InvoiceStatus.ISSUED,
    )
    if free:
        invoice.status = INVOICE.next_state(invoice.status, InvoiceAction.PAY)
        invoice.paid_at = issued_at
    rows = [_line(invoice, place, rated) for place, rated in enumerate(lines, start=1)]
    invoice.digest = json_digest(invoice_document(invoice, rows))
    session.add(invoice)
    await session.flush()
    session.add_all(rows)
    await session.flush()
    if not free:
        await ledger.post(session, actor, [posting_rules.invoice_issued(billed(invoice), issued_at)])
    await audit.record(
        session,
        actor,
        action="invoice.issued",
        subject_kind="invoice",
        subject_id=invoice.id,
        detail={"number": invoice.document_number, "total": str(total), "digest": invoice.digest.hex()},
        rules=rules,
    )
    await publish_event(session, invoice, EventKind.INVOICE_ISSUED)
    return invoice


async def publish_event(session: AsyncSession, invoice: Invoice, kind: EventKind) -> None:
    """Publish what happened to an invoice, in the transaction in which it does."""
    await events.publish(
        session,
        kind,
        subject_id=invoice.id,
        organisations=(invoice.buyer_id, invoice.operator_id, invoice.owner_id),
        payload={
            "agreement_id": str(invoice.agreement_id),
            "number": invoice.document_number,
            "status": invoice.status.value,
            "amount": str(invoice.total.decimal()),
            "currency": invoice.currency,
        },
    )


def billed(invoice: Invoice) -> BilledInvoice:
    """An invoice as the posting rules take it."""
    return BilledInvoice(
        id=invoice.id,
        number=invoice.document_number,
        agreement_id=invoice.agreement_id,
        buyer_id=invoice.buyer_id,
        total=invoice.total,
        shares=read_shares(invoice.split),
    )


def invoice_document(invoice: Invoice, lines: Sequence[InvoiceLine]) -> dict[str, object]:
    """The content of an invoice as JSON without floats: what its digest is the SHA-256 of.

    Invoices that were issued before they kept the names of their parties have a document without them.
    """
    month = {} if invoice.period_month is None else {"period_month": months.label(invoice.period_month)}
    document: dict[str, object] = {
        **month,
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
    if invoice.parties is not None:
        document |= {"parties": invoice.parties, "bank_account": invoice.bank_account}
    return document


async def altered(session: AsyncSession, *, since: datetime) -> AsyncIterator[Invoice]:
    """The invoices issued since then whose content is not the one of their digest."""
    async for invoice, lines in repository.issued_since(session, since):
        if json_digest(invoice_document(invoice, lines)) != invoice.digest:
            yield invoice


async def _parties(session: AsyncSession, operator: UUID, owner: UUID, buyer: UUID) -> dict[str, Any]:
    names = await identity.party_names(session, (operator, owner, buyer))
    return {
        role: names[party].model_dump()
        for role, party in (("operator", operator), ("owner", owner), ("buyer", buyer))
        if party in names
    }


def _line(invoice: Invoice, place: int, rated: RatedLine) -> InvoiceLine:
    line = rated.line
    return InvoiceLine(
        invoice_id=invoice.id,
        line=place,
        licence_id=rated.licence_id,
        usage_period_no=rated.usage_period_no,
        model=line.model,
        metric=line.metric,
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
