"""Every SQL statement of payments."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from market.settlement.payments.states import OPEN, Rail, RefundStatus
from market.settlement.payments.tables import Payment, PaymentReversal, Refund

_STANDS = ~sa.exists().where(col(PaymentReversal.payment_id) == col(Payment.id))


async def standing_payments(session: AsyncSession, invoice_id: UUID) -> Sequence[Payment]:
    """The payments of an invoice that were not taken back, the oldest first."""
    statement = (
        select(Payment).where(col(Payment.invoice_id) == invoice_id, _STANDS).order_by(col(Payment.id))
    )
    return (await session.exec(statement)).all()


async def standing_payment_from(session: AsyncSession, source_id: UUID) -> Payment | None:
    """The payment that a card payment made and that was not taken back."""
    statement = select(Payment).where(col(Payment.source_id) == source_id, _STANDS)
    return (await session.exec(statement)).one_or_none()


async def payments(session: AsyncSession, payment_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """Payments by id."""
    statement = select(Payment).where(col(Payment.id).in_(payment_ids))
    return {payment.id: payment for payment in (await session.exec(statement)).all()}


async def refunds_of(session: AsyncSession, invoice_id: UUID) -> Sequence[Refund]:
    """Refunds of an invoice, newest first."""
    statement = select(Refund).where(col(Refund.invoice_id) == invoice_id).order_by(col(Refund.id).desc())
    return (await session.exec(statement)).all()


async def refunds_page(
    session: AsyncSession, page: PageRequest, *, status: RefundStatus | None, rail: Rail | None
) -> tuple[Sequence[Refund], str | None]:
    """One page of refunds, newest first."""
    statement = select(Refund)
    if status is not None:
        statement = statement.where(col(Refund.status) == status)
    if rail is not None:
        statement = statement.where(col(Refund.rail) == rail)
    return await paginate(session, statement, Refund.id, page)


async def holding_refund(
    session: AsyncSession, *, invoice_id: UUID | None = None, card_payment_id: UUID | None = None
) -> Refund | None:
    """The refund of an invoice or of a card payment that is under way or done."""
    statement = select(Refund).where(
        col(Refund.invoice_id) == invoice_id
        if invoice_id is not None
        else col(Refund.card_payment_id) == card_payment_id,
        col(Refund.status).in_([*OPEN, RefundStatus.SUCCEEDED]),
    )
    return (await session.exec(statement)).one_or_none()


async def failed_by_card(session: AsyncSession, source_id: UUID) -> bool:
    """Whether the processor failed to give an invoice's or a card payment's money back."""
    statement = (
        select(Refund.id)
        .where(
            (col(Refund.invoice_id) == source_id) | (col(Refund.card_payment_id) == source_id),
            col(Refund.rail) == Rail.CARD,
            col(Refund.status) == RefundStatus.FAILED,
        )
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none() is not None


async def get_payment(session: AsyncSession, payment_id: UUID) -> Payment:
    """One payment."""
    payment = await session.get(Payment, payment_id)
    assert payment is not None, "payments are kept for good"
    return payment


async def get_refund(session: AsyncSession, refund_id: UUID) -> Refund | None:
    """One refund."""
    return await session.get(Refund, refund_id)


async def refunds(session: AsyncSession, refund_ids: Collection[UUID]) -> dict[UUID, Refund]:
    """Refunds by id, as they stand now."""
    statement = select(Refund).where(col(Refund.id).in_(refund_ids))
    found = await session.exec(statement.execution_options(populate_existing=True))
    return {refund.id: refund for refund in found.all()}


async def refunds_by_reference(session: AsyncSession, references: Collection[str]) -> dict[str, Refund]:
    """Refunds by the reference that their transfer carries."""
    statement = select(Refund).where(col(Refund.reference).in_(references))
    found = await session.exec(statement.execution_options(populate_existing=True))
    return {refund.reference: refund for refund in found.all() if refund.reference}


async def lock_refund(session: AsyncSession, refund_id: UUID) -> Refund:
    """Lock a refund until the transaction ends; its invoice is locked before it, always."""
    refund = await session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    assert refund is not None, "refunds are kept for good"
    return refund


async def stale_refunds(session: AsyncSession, age: timedelta, limit: int) -> Sequence[UUID]:
    """Refunds by card that were requested longer than ``age`` ago and have no outcome, the oldest first."""
    statement = (
        select(Refund.id)
        .where(
            col(Refund.rail) == Rail.CARD,
            col(Refund.status) == RefundStatus.REQUESTED,
            col(Refund.requested_at) < sa.func.now() - age,
        )
        .order_by(col(Refund.requested_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()
