"""Every SQL statement of reconciliation; what each check compares is the query in its module."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.messages import Message
from infra.paging import PageRequest, paginate
from market.settlement.reconciliation.domain import Break, BreakKind, explained
from market.settlement.reconciliation.tables import Reconciliation, ReconciliationBreak

MAX_BREAKS = 1000
"""Most breaks of one kind that a run lists, the oldest ones."""

_COUNTS = """
SELECT (SELECT count(*) FROM bank_statements) AS statements,
       (SELECT count(*) FROM bank_entries WHERE same_as_id IS NULL) AS statement_lines,
       (SELECT count(*) FROM bank_matches m WHERE status NOT IN ('suspense', 'received') AND NOT EXISTS
            (SELECT FROM bank_matches n WHERE n.entry_id = m.entry_id AND n.number = m.number + 1))
         AS statement_lines_matched,
       (SELECT count(*) FROM invoices) AS invoices,
       (SELECT count(*) FROM invoices WHERE status = 'issued') AS invoices_open,
       (SELECT count(*) FROM payments) AS payments,
       (SELECT count(*) FROM refunds WHERE status = 'succeeded') AS refunds,
       (SELECT count(*) FROM card_payments) AS card_payments,
       (SELECT count(*) FROM ledger_journals) AS journals,
       (SELECT count(*) FROM ledger_postings) AS postings,
       (SELECT count(*) FROM ledger_accounts) AS accounts
"""


async def differences(
    session: AsyncSession, kind: BreakKind, subject_kind: str, query: str, texts: Mapping[str, Message]
) -> list[Break]:
    """The breaks that the query of a check finds (`checks.query`), the oldest first."""
    statement = sa.text(f"SELECT * FROM ({query}) q ORDER BY 4, 1 LIMIT :limit")  # noqa: S608 -- ours
    rows = (await session.execute(statement, {"limit": MAX_BREAKS})).all()
    return [
        Break(
            kind,
            subject_kind,
            subject,
            difference,
            currency,
            owner_id,
            since,
            explained(texts[text], facts or {}, currency),
        )
        for subject, difference, currency, since, owner_id, text, facts in rows
    ]


async def counts(session: AsyncSession) -> dict[str, Any]:
    """How much there was to compare."""
    return dict((await session.execute(sa.text(_COUNTS))).mappings().one())


async def get(session: AsyncSession, reconciliation_id: UUID) -> Reconciliation | None:
    """One run."""
    return await session.get(Reconciliation, reconciliation_id)


async def breaks_of(session: AsyncSession, reconciliation_id: UUID) -> Sequence[ReconciliationBreak]:
    """Breaks of a run, in order."""
    statement = (
        select(ReconciliationBreak)
        .where(col(ReconciliationBreak.reconciliation_id) == reconciliation_id)
        .order_by(col(ReconciliationBreak.number))
    )
    return (await session.exec(statement)).all()


async def latest_counts(session: AsyncSession) -> dict[str, int]:
    """Number of breaks of the latest run, by kind; kinds without any are left out."""
    latest = select(Reconciliation.id).order_by(col(Reconciliation.run_at).desc()).limit(1).scalar_subquery()
    statement = (
        sa.select(col(ReconciliationBreak.kind), sa.func.count())
        .where(col(ReconciliationBreak.reconciliation_id) == latest)
        .group_by(col(ReconciliationBreak.kind))
    )
    return {kind.value: count for kind, count in await session.execute(statement)}


async def runs_page(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Reconciliation], str | None]:
    """One page of runs, newest first."""
    return await paginate(session, select(Reconciliation), Reconciliation.id, page)
