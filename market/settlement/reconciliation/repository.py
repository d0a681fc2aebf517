"""Every SQL statement of reconciliation: each query returns only what does not agree."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from market.settlement.reconciliation.tables import Reconciliation, ReconciliationBreak


class Difference(NamedTuple):
    """What one query found: a subject, how much too few (negative) or too many, and since when."""

    subject: str
    difference: int
    currency: str | None
    since: datetime
    owner_id: UUID | None
    why: str


# Clearing holds exactly the invoices of its agreement that are not paid yet.
CLEARING = """
SELECT a.code, -coalesce(p.amount, 0) - coalesce(i.open, 0), a.currency, coalesce(p.since, now()), NULL::uuid,
       'holds ' || -coalesce(p.amount, 0) || ' minor units; open invoices come to ' || coalesce(i.open, 0)
  FROM ledger_accounts a
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount, max(effective_at) AS since
               FROM ledger_postings GROUP BY account_id) p ON p.account_id = a.id
  LEFT JOIN (SELECT agreement_id, currency, sum(total_minor)::bigint AS open
               FROM invoices WHERE status = 'issued' GROUP BY agreement_id, currency) i
         ON i.agreement_id::text = a.subject AND i.currency = a.currency
 WHERE a.role = 'clearing' AND -coalesce(p.amount, 0) <> coalesce(i.open, 0)
"""

# What a buyer owes is exactly the invoices it has not paid.
RECEIVABLE = """
SELECT a.code, coalesce(p.amount, 0) - coalesce(i.open, 0), a.currency, coalesce(p.since, now()),
       a.owner_organisation_id,
       'holds ' || coalesce(p.amount, 0) || ' minor units; open invoices come to ' || coalesce(i.open, 0)
  FROM ledger_accounts a
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount, max(effective_at) AS since
               FROM ledger_postings GROUP BY account_id) p ON p.account_id = a.id
  LEFT JOIN (SELECT buyer_id, currency, sum(total_minor)::bigint AS open
               FROM invoices WHERE status = 'issued' GROUP BY buyer_id, currency) i
         ON i.buyer_id = a.owner_organisation_id AND i.currency = a.currency
 WHERE a.role = 'receivable' AND coalesce(p.amount, 0) <> coalesce(i.open, 0)
"""

INVOICE_LINES = """
SELECT i.document_number, i.total_minor - coalesce(l.amount, 0), i.currency, i.issued_at, NULL::uuid,
       'total ' || i.total_minor || ' minor units; its lines sum to ' || coalesce(l.amount, 0)
  FROM invoices i
  LEFT JOIN (SELECT invoice_id, sum(amount_minor)::bigint AS amount FROM invoice_lines GROUP BY invoice_id) l
         ON l.invoice_id = i.id
 WHERE i.total_minor <> coalesce(l.amount, 0)
"""

# The journals of an invoice: what was booked under its id on either side of what the buyer owes.
INVOICE_POSTINGS = """
SELECT i.document_number,
       coalesce(b.billed, 0) - i.total_minor
           + CASE WHEN i.status = 'issued' THEN coalesce(b.paid, 0) ELSE i.total_minor - coalesce(b.paid, 0) END,
       i.currency, i.issued_at, NULL::uuid,
       'is ' || i.status || ' with ' || i.total_minor || ' minor units; booked as billed '
           || coalesce(b.billed, 0) || ', as paid ' || coalesce(b.paid, 0) || ', payment of '
           || coalesce(p.amount_minor, 0)
  FROM invoices i
  LEFT JOIN payments p ON p.invoice_id = i.id
  LEFT JOIN (SELECT j.source_id,
                    sum(x.amount) FILTER (WHERE j.source_kind = 'invoice')::bigint AS billed,
                    -sum(x.amount) FILTER (WHERE j.source_kind = 'payment')::bigint AS paid
               FROM ledger_journals j
               JOIN ledger_postings x ON x.journal_id = j.id
               JOIN ledger_accounts a ON a.id = x.account_id AND a.role = 'receivable'
              WHERE j.source_kind IN ('invoice', 'payment') GROUP BY j.source_id) b ON b.source_id = i.id
 WHERE coalesce(b.billed, 0) <> i.total_minor
    OR coalesce(b.paid, 0) <> CASE WHEN i.status = 'issued' THEN 0 ELSE i.total_minor END
    OR coalesce(p.amount_minor, 0) <> CASE WHEN i.status = 'issued' THEN 0 ELSE i.total_minor END
"""

INVOICES_OVERDUE = """
SELECT document_number, -total_minor, currency, due_at, buyer_id,
       'was due on ' || to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' and is not paid'
  FROM invoices WHERE status = 'issued' AND due_at < now()
"""

# Every unit billed was metered, and every unit metered of a metric that is billed was billed.
INVOICE_USAGE = """
SELECT i.document_number || '/' || l.metric,
       l.quantity - CASE l.metric WHEN 'calls' THEN coalesce(u.calls, 0) ELSE coalesce(u.rows, 0) END, NULL::text,
       i.issued_at, NULL::uuid,
       'bills ' || l.quantity || ' ' || l.metric || ' of period ' || l.usage_period_no || '; metered were '
           || CASE l.metric WHEN 'calls' THEN coalesce(u.calls, 0) ELSE coalesce(u.rows, 0) END
  FROM (SELECT invoice_id, licence_id, usage_period_no, metric, sum(quantity)::bigint AS quantity
          FROM invoice_lines WHERE metric IN ('calls', 'rows')
         GROUP BY invoice_id, licence_id, usage_period_no, metric) l
  JOIN invoices i ON i.id = l.invoice_id
  LEFT JOIN usage_periods u ON u.licence_id = l.licence_id AND u.period_no = l.usage_period_no
 WHERE l.quantity <> CASE l.metric WHEN 'calls' THEN coalesce(u.calls, 0) ELSE coalesce(u.rows, 0) END
"""

BANK_ENTRIES = """
SELECT s.statement_id || '/' || e.number, coalesce(x.amount, 0) - e.amount_minor, e.currency,
       e.booked_on::timestamp AT TIME ZONE 'UTC', NULL::uuid,
       CASE WHEN m.entry_id IS NULL THEN 'was never matched'
            WHEN coalesce(x.amount, 0) <> e.amount_minor
                THEN 'is ' || e.amount_minor || ' minor units; booked on the bank account: ' || coalesce(x.amount, 0)
       END
  FROM bank_entries e
  JOIN bank_statements s ON s.id = e.bank_statement_id
  LEFT JOIN bank_matches m ON m.entry_id = e.id
  LEFT JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount FROM ledger_postings p
                       JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'bank'
                      WHERE p.journal_id = m.journal_id) x ON true
 WHERE m.entry_id IS NULL OR coalesce(x.amount, 0) <> e.amount_minor
"""

BANK_SUSPENSE = """
SELECT s.statement_id || '/' || e.number, e.amount_minor, e.currency,
       e.booked_on::timestamp AT TIME ZONE 'UTC', NULL::uuid, m.reason
  FROM bank_matches m
  JOIN bank_entries e ON e.id = m.entry_id
  JOIN bank_statements s ON s.id = e.bank_statement_id
 WHERE m.outcome = 'suspense'
"""

# The books know an account from its first statement on.
BANK_BALANCES = """
SELECT b.code, coalesce(p.amount, 0) - b.moved, b.currency, b.since, NULL::uuid,
       'moved ' || coalesce(p.amount, 0) || ' minor units in the books and ' || b.moved || ' on its statements'
  FROM (SELECT 'bank:' || account || ':' || currency AS code, currency,
               sum(closing_minor - opening_minor)::bigint AS moved, max(imported_at) AS since
          FROM bank_statements GROUP BY account, currency) b
  LEFT JOIN ledger_accounts a ON a.code = b.code
  LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount FROM ledger_postings GROUP BY account_id) p
         ON p.account_id = a.id
 WHERE coalesce(p.amount, 0) <> b.moved
"""

STATEMENT_GAPS = """
SELECT statement_id, opening_minor - before, currency, imported_at, NULL::uuid,
       'opens with ' || opening_minor || ' minor units; the statement before it closed with ' || before
  FROM (SELECT statement_id, opening_minor, currency, imported_at,
               lag(closing_minor) OVER (PARTITION BY account, currency
                                        ORDER BY coalesce(covers_from, imported_at), id) AS before
          FROM bank_statements) s
 WHERE before <> opening_minor
"""

CARD_PAYMENTS = """
SELECT c.id::text, coalesce(p.amount_minor, 0) - CASE WHEN c.status = 'succeeded' THEN c.amount_minor ELSE 0 END,
       c.currency, c.requested_at, NULL::uuid,
       'is ' || c.status || '; the payment on file comes to ' || coalesce(p.amount_minor, 0) || ' minor units'
  FROM card_payments c
  LEFT JOIN payments p ON p.source_id = c.id AND p.rail = 'card'
 WHERE coalesce(p.amount_minor, 0) <> CASE WHEN c.status = 'succeeded' THEN c.amount_minor ELSE 0 END
UNION ALL
SELECT c.id::text, c.amount_minor, c.currency, c.requested_at, NULL::uuid,
       'is ' || c.status || ' for more than a day'
  FROM card_payments c
 WHERE c.status IN ('requested', 'requires_action') AND c.requested_at < now() - interval '1 day'
"""

CARD_BALANCES = """
SELECT code, booked - expected, currency, now(), NULL::uuid,
       'holds ' || booked || ' minor units; card payments less refunds come to ' || expected
  FROM (SELECT a.code, a.currency,
               coalesce((SELECT sum(amount) FROM ledger_postings WHERE account_id = a.id), 0)::bigint AS booked,
               (coalesce((SELECT sum(amount_minor) FROM payments WHERE rail = 'card' AND currency = a.currency), 0)
                - coalesce((SELECT sum(amount_minor) FROM refunds
                             WHERE status = 'succeeded' AND currency = a.currency), 0))::bigint AS expected
          FROM ledger_accounts a WHERE a.role = 'card') c
 WHERE booked <> expected
"""

_COUNTS = """
SELECT (SELECT count(*) FROM bank_statements) AS statements,
       (SELECT count(*) FROM bank_entries) AS statement_lines,
       (SELECT count(*) FROM bank_matches WHERE outcome = 'paid') AS statement_lines_matched,
       (SELECT count(*) FROM invoices) AS invoices,
       (SELECT count(*) FROM invoices WHERE status = 'issued') AS invoices_open,
       (SELECT count(*) FROM payments) AS payments,
       (SELECT count(*) FROM refunds WHERE status = 'succeeded') AS refunds,
       (SELECT count(*) FROM card_payments) AS card_payments,
       (SELECT count(*) FROM ledger_journals) AS journals,
       (SELECT count(*) FROM ledger_postings) AS postings
"""


async def differences(session: AsyncSession, query: str, limit: int) -> list[Difference]:
    """Run one of this module's queries; the oldest differences first."""
    statement = sa.text(f"SELECT * FROM ({query}) q ORDER BY 4, 1 LIMIT :limit")  # noqa: S608 -- ours
    return [Difference(*row) for row in (await session.execute(statement, {"limit": limit})).all()]


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


async def runs_page(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Reconciliation], str | None]:
    """One page of runs, newest first."""
    return await paginate(session, select(Reconciliation), Reconciliation.id, page)
