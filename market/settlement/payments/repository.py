"""Every SQL statement of payments."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from infra.db import AsyncSession
from market.settlement.payments.domain import RefundStatus
from market.settlement.payments.tables import Payment, Refund


async def payment_of(session: AsyncSession, invoice_id: UUID) -> Payment | None:
    """The payment that settled an invoice."""
    statement = select(Payment).where(col(Payment.invoice_id) == invoice_id)
    return (await session.exec(statement)).one_or_none()


async def refunds_of(session: AsyncSession, invoice_id: UUID) -> Sequence[Refund]:
    """Refunds of an invoice, newest first."""
    statement = select(Refund).where(col(Refund.invoice_id) == invoice_id).order_by(col(Refund.id).desc())
    return (await session.exec(statement)).all()


async def open_refund(session: AsyncSession, invoice_id: UUID) -> Refund | None:
    """The refund of an invoice that is under way or done."""
    statement = select(Refund).where(
        col(Refund.invoice_id) == invoice_id,
        col(Refund.status).in_([RefundStatus.REQUESTED, RefundStatus.SUCCEEDED]),
    )
    return (await session.exec(statement)).one_or_none()


async def lock_refund(session: AsyncSession, refund_id: UUID) -> Refund | None:
    """Lock a refund until the transaction ends."""
    return await session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
