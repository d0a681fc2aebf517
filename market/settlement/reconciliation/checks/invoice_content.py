"""The content of every recent invoice, lines and all, is the one whose digest was recorded when it was issued."""

from datetime import datetime, timedelta

from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.invoices import issuing
from market.settlement.reconciliation.domain import Break, BreakKind

RECENT = timedelta(days=35)
"""How far back contents are compared each time: a billing period and some days."""


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Invoices that say something else than they did when they were issued."""
    return [
        Break(
            kind=BreakKind.INVOICE_CONTENT,
            subject_kind="invoice",
            subject=invoice.document_number,
            difference=1,
            currency=None,
            owner_id=None,
            since=invoice.issued_at,
            explanation=Message("has another content than the digest that was recorded when it was issued"),
        )
        async for invoice in issuing.altered(session, since=moment - RECENT)
    ]
