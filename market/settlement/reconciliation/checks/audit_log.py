"""Every recent entry of the audit log has its digest and its place in the tree, and the tree has its signed root."""

from datetime import datetime, timedelta

from infra.audit import service as audit
from infra.db import AsyncSession
from infra.messages import Message
from market.settlement.reconciliation.domain import Break, BreakKind

RECENT = timedelta(days=2)
"""How far back entries are compared each time; the root covers them all."""


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Entries that say something else than when they were recorded, and a tree that is not what was signed."""
    found = [(str(entry_id), Message("has another content than its digest, or another place in the tree"))
             async for entry_id in audit.altered(session, since=moment - RECENT)]  # fmt: skip
    if not await audit.head_holds(session):
        found.append(("head", Message("the newest signed head has another root than the tree")))
    return [
        Break(
            kind=BreakKind.AUDIT_LOG,
            subject_kind="audit_entry",
            subject=subject,
            difference=1,
            currency=None,
            owner_id=None,
            since=moment,
            explanation=explanation,
        )
        for subject, explanation in found
    ]
