"""Every SQL statement of payments."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from market.settlement.payments.states import RefundStatus
from market.settlement.payments.tables import Payment, Refund


async def payment_of(session: AsyncSession, invoice_id: UUID) -> Payment | None:
    """The payment that paid an invoice."""
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


async def get_payment(session: AsyncSession, payment_id: UUID) -> Payment:
    """One payment."""
    payment = await session.get(Payment, payment_id)
    assert payment is not None, "payments are kept for good"
    return payment


async def get_refund(session: AsyncSession, refund_id: UUID) -> Refund | None:
    """One refund."""
    return await session.get(Refund, refund_id)


async def lock_refund(session: AsyncSession, refund_id: UUID) -> Refund:
    """Lock a refund until the transaction ends; its invoice is locked before it, always."""
    refund = await session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    assert refund is not None, "refunds are kept for good"
    return refund


async def stale_refunds(session: AsyncSession, age: timedelta, limit: int) -> Sequence[UUID]:
    """Refunds requested longer than ``age`` ago that have no outcome, the oldest first."""
    statement = (
        select(Refund.id)
        .where(col(Refund.status) == RefundStatus.REQUESTED, col(Refund.requested_at) < sa.func.now() - age)
        .order_by(col(Refund.requested_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()
