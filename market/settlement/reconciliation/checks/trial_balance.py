"""Debits and credits of all accounts are equal in every currency."""

from datetime import datetime

from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.ledger import service as ledger
from market.settlement.reconciliation.domain import Break, BreakKind


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Currencies in which the books are out of balance."""
    trial = await ledger.trial_balance(session)
    return [
        Break(
            kind=BreakKind.TRIAL_BALANCE,
            subject_kind="ledger",
            subject=difference.currency,
            difference=difference.minor,
            currency=difference.currency,
            owner_id=None,
            since=moment,
            explanation=Message("debits and credits of all accounts do not sum to zero"),
        )
        for difference in trial.differences
    ]
