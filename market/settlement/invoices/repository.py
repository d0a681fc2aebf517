"""Every SQL statement of invoicing."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from infra.auth import Actor
from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from infra.visibility import parties_and_oversight
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice, InvoiceLine, InvoiceSeries, PeriodClose

_FEW = 200
MAX_LIKE = 1000
"""Most invoices that are compared with money in suspense, those that are due first."""


async def lock_agreement(session: AsyncSession, agreement_id: UUID) -> None:
    """One close of an agreement at a time, until the transaction ends."""
    name = sa.func.hashtextextended(f"period-close:{agreement_id}", 0)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


async def last_period(session: AsyncSession, agreement_id: UUID) -> int:
    """Number of the agreement's last closed period; 0 before the first."""
    statement = sa.select(sa.func.coalesce(sa.func.max(col(PeriodClose.period_no)), 0)).where(
        col(PeriodClose.agreement_id) == agreement_id
    )
    return int((await session.execute(statement)).scalar_one())


async def find_close(session: AsyncSession, agreement_id: UUID, period_no: int) -> PeriodClose | None:
    """The close of one period of an agreement."""
    statement = select(PeriodClose).where(
        col(PeriodClose.agreement_id) == agreement_id, col(PeriodClose.period_no) == period_no
    )
    return (await session.exec(statement)).one_or_none()


async def unbilled_periods(
    session: AsyncSession, after: UUID, limit: int
) -> Sequence[tuple[UUID, UUID, Sequence[int]]]:
    """Agreements, by id, with their licences and the numbers of their periods that are cut and not billed, in order."""
    statement = sa.text(
        "SELECT l.agreement_id, l.id, array_agg(u.period_no ORDER BY u.period_no)"
        "  FROM usage_periods u JOIN licences l ON l.id = u.licence_id"
        " WHERE l.agreement_id > :after"
        "   AND NOT EXISTS (SELECT FROM period_closes p"
        "                    WHERE p.agreement_id = l.agreement_id AND p.period_no = u.period_no)"
        " GROUP BY l.agreement_id, l.id ORDER BY l.agreement_id LIMIT :limit"
    )
    found = await session.execute(statement, {"after": after, "limit": limit})
    return [(agreement_id, licence_id, numbers) for agreement_id, licence_id, numbers in found]


async def closes_page(
    session: AsyncSession, agreement_id: UUID, page: PageRequest
) -> tuple[Sequence[PeriodClose], str | None]:
    """One page of an agreement's closes, newest first."""
    statement = select(PeriodClose).where(col(PeriodClose.agreement_id) == agreement_id)
    return await paginate(session, statement, PeriodClose.id, page)


async def next_number(session: AsyncSession, operator_id: UUID) -> tuple[int, int]:
    """The operator's series and the next number in it; its row stays locked, so a rollback leaves no gap."""
    series = insert(InvoiceSeries).values(operator_id=operator_id, last_number=0)
    await session.execute(series.on_conflict_do_nothing(index_elements=["operator_id"]))
    raised = (
        sa.update(InvoiceSeries)
        .where(col(InvoiceSeries.operator_id) == operator_id)
        .values(last_number=col(InvoiceSeries.last_number) + 1)
        .returning(col(InvoiceSeries.series_no), col(InvoiceSeries.last_number))
        .execution_options(synchronize_session=False)
    )
    series_no, number = (await session.execute(raised)).one()
    return series_no, number


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Invoices the actor can access: buyer, operator and owner their own, the regulator and the platform all."""
    return parties_and_oversight(
        actor, col(Invoice.buyer_id), col(Invoice.operator_id), col(Invoice.owner_id)
    )


async def get(session: AsyncSession, invoice_id: UUID) -> Invoice | None:
    """An invoice as it stands now, whoever asks."""
    return await session.get(Invoice, invoice_id, populate_existing=True)


async def get_visible(session: AsyncSession, actor: Actor, invoice_id: UUID) -> Invoice | None:
    """An invoice as it stands now, if the actor can access it."""
    statement = select(Invoice).where(col(Invoice.id) == invoice_id, visible_to(actor))
    return (await session.exec(statement.execution_options(populate_existing=True))).one_or_none()


async def lock(session: AsyncSession, invoice_ids: Sequence[UUID]) -> dict[UUID, Invoice]:
    """Lock invoices, in id order, until the transaction ends."""
    statement = (
        select(Invoice)
        .where(col(Invoice.id).in_(invoice_ids))
        .order_by(col(Invoice.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {invoice.id: invoice for invoice in (await session.exec(statement)).all()}


async def lock_referenced(
    session: AsyncSession, references: Sequence[str], besides: Sequence[UUID]
) -> dict[str, Invoice]:
    """Lock the invoices with these payment references and those with these ids, in id order; by reference."""
    statement = (
        select(Invoice)
        .where(col(Invoice.payment_reference).in_(references) | col(Invoice.id).in_(besides))
        .order_by(col(Invoice.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {invoice.payment_reference: invoice for invoice in (await session.exec(statement)).all()}


async def open_like(
    session: AsyncSession,
    *,
    references: Collection[str],
    open_minor: Collection[int],
    buyers: Collection[UUID],
) -> Sequence[Invoice]:
    """Invoices that wait for money and have one of these references, open amounts or buyers."""
    left = col(Invoice.total_minor) - col(Invoice.paid_minor)
    statement = (
        select(Invoice)
        .where(
            col(Invoice.status) == InvoiceStatus.ISSUED,
            (col(Invoice.payment_reference) == _any(references, sa.String()))
            | (left == _any(open_minor, sa.BigInteger()))
            | (col(Invoice.buyer_id) == _any(buyers, sa.Uuid())),
        )
        .order_by(col(Invoice.due_at), col(Invoice.id))
        .limit(MAX_LIKE)
    )
    return (await session.exec(statement)).all()


def _any(values: Collection[Any], kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """One array instead of as many parameters as there are values."""
    return sa.any_(sa.cast(sorted(values), sa.ARRAY(kind)))


async def issued_since(
    session: AsyncSession, since: datetime
) -> AsyncIterator[tuple[Invoice, Sequence[InvoiceLine]]]:
    """The invoices issued since then with their lines in order, a few at a time, the oldest first."""
    last: tuple[datetime, UUID] = since, UUID(int=0)
    while True:
        following = (
            select(Invoice)
            .where(sa.tuple_(col(Invoice.issued_at), col(Invoice.id)) > last)
            .order_by(col(Invoice.issued_at), col(Invoice.id))
            .limit(_FEW)
        )
        found = (await session.exec(following)).all()
        if not found:
            return
        lines = (
            select(InvoiceLine)
            .where(col(InvoiceLine.invoice_id).in_([invoice.id for invoice in found]))
            .order_by(col(InvoiceLine.line))
        )
        by_invoice: dict[UUID, list[InvoiceLine]] = {}
        for line in (await session.exec(lines)).all():
            by_invoice.setdefault(line.invoice_id, []).append(line)
        for invoice in found:
            yield invoice, by_invoice.get(invoice.id, [])
        last = found[-1].issued_at, found[-1].id
        session.expunge_all()


async def lines_of(session: AsyncSession, invoice_id: UUID) -> Sequence[InvoiceLine]:
    """The lines of an invoice, in order."""
    statement = (
        select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice_id).order_by(col(InvoiceLine.line))
    )
    return (await session.exec(statement)).all()


async def invoices_page(
    session: AsyncSession,
    actor: Actor,
    page: PageRequest,
    *,
    agreement_id: UUID | None,
    status: InvoiceStatus | None,
) -> tuple[Sequence[Invoice], str | None]:
    """One page of the invoices the actor can access, newest first."""
    statement = select(Invoice).where(visible_to(actor))
    if agreement_id is not None:
        statement = statement.where(col(Invoice.agreement_id) == agreement_id)
    if status is not None:
        statement = statement.where(col(Invoice.status) == status)
    return await paginate(session, statement, Invoice.id, page)
