"""Every recent entry of the audit log has its digest and its place in the tree, and the tree has its signed root.

And every recent quality report is what its digest in the log was taken of.
"""

from datetime import datetime, timedelta

from infra.audit import service as audit
from infra.db import AsyncSession
from infra.messages import Message
from listings.purges import service as purges
from market.settlement.reconciliation.domain import Break, BreakKind
from quality.reports import verification as reports

RECENT = timedelta(days=2)
"""How far back entries and reports are compared each time; the root covers all entries."""


async def check(session: AsyncSession, moment: datetime) -> list[Break]:
    """Entries and quality reports that say something else than when they were written, and a tree that is not what was
    signed."""
    misplaced = Message("has another content than its digest, or another place in the tree")
    since = moment - RECENT
    found = [
        ("audit_entry", str(entry_id), misplaced) async for entry_id in audit.altered(session, since=since)
    ]
    if not await audit.head_holds(session):
        found.append(
            ("audit_entry", "head", Message("the newest signed head has another root than the tree"))
        )
    found += [
        ("quality_report", str(report_id), Message("says something else than its digest in the audit log"))
        async for report_id in reports.altered(
            session, since=since, purged=await purges.list_products(session)
        )
    ]
    return [
        Break(
            kind=BreakKind.AUDIT_LOG,
            subject_kind=subject_kind,
            subject=subject,
            difference=1,
            currency=None,
            owner_id=None,
            since=moment,
            explanation=explanation,
        )
        for subject_kind, subject, explanation in found
    ]
