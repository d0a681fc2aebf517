"""Use cases of reconciliation: compare everything with everything, and keep what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, new_id, now
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from market.metering import service as metering
from market.metering.repository import Difference
from market.settlement.ledger import service as ledger
from market.settlement.reconciliation import repository
from market.settlement.reconciliation.domain import Break, BreakKind, oldest_first
from market.settlement.reconciliation.tables import Reconciliation, ReconciliationBreak
from pricing.money import Money

MAX_BREAKS = 1000
"""Most breaks of one kind that a run lists; a run that reaches it says so."""

_CHECKS: tuple[tuple[BreakKind, str, str], ...] = (
    (BreakKind.CLEARING, "account", repository.CLEARING),
    (BreakKind.RECEIVABLE, "account", repository.RECEIVABLE),
    (BreakKind.INVOICE_LINES, "invoice", repository.INVOICE_LINES),
    (BreakKind.INVOICE_POSTING, "invoice", repository.INVOICE_POSTINGS),
    (BreakKind.USAGE, "invoice", repository.INVOICE_USAGE),
    (BreakKind.INVOICE_OVERDUE, "invoice", repository.INVOICES_OVERDUE),
    (BreakKind.BANK_ENTRY, "bank_entry", repository.BANK_ENTRIES),
    (BreakKind.SUSPENSE, "bank_entry", repository.BANK_SUSPENSE),
    (BreakKind.BANK_BALANCE, "account", repository.BANK_BALANCES),
    (BreakKind.STATEMENT_GAP, "bank_statement", repository.STATEMENT_GAPS),
    (BreakKind.CARD_PAYMENT, "card_payment", repository.CARD_PAYMENTS),
    (BreakKind.CARD_BALANCE, "account", repository.CARD_BALANCES),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A kept run with its breaks, oldest first."""

    reconciliation: Reconciliation
    breaks: Sequence[ReconciliationBreak]


async def reconcile(session: AsyncSession, actor: Actor) -> Run:
    """Compare statements, invoices, payments, usage and books, and keep the run with every difference found.

    Nobody posts while it looks, so that all of it is one moment. An invoice that is not due yet is no break.
    """
    await ledger.stand_still(session)
    moment = await now(session)
    found: list[Break] = []
    for kind, subject_kind, query in _CHECKS:
        rows = await repository.differences(session, query, MAX_BREAKS)
        found += [
            Break(
                kind,
                subject_kind,
                row.subject,
                row.difference,
                row.currency,
                row.owner_id,
                row.since,
                row.why,
            )
            for row in rows
        ]
    trial = await ledger.trial_balance(session)
    found += [_out_of_balance(difference, moment) for difference in trial.differences]
    found += [_usage_break(difference, moment) for difference in await metering.differences(session)]
    found = oldest_first(found)
    checked = await repository.counts(session) | {"accounts": len(trial.rows)}
    run = Reconciliation(id=new_id(), run_at=moment, run_by=actor.id, clean=not found, checked=checked)
    session.add(run)
    await session.flush()
    breaks = [_row(run.id, number, item) for number, item in enumerate(found, start=1)]
    session.add_all(breaks)
    await session.flush()
    await audit.record(
        session,
        actor,
        action="books.reconciled",
        subject_kind="reconciliation",
        subject_id=run.id,
        detail={"clean": run.clean, "breaks": len(found), "checked": checked},
    )
    return Run(run, breaks)


async def get_run(session: AsyncSession, reconciliation_id: UUID) -> Run:
    """A kept run with its breaks.

    :raises NotFound: there is none.
    """
    run = await repository.get(session, reconciliation_id)
    if run is None:
        raise NotFound(
            Message("There is no reconciliation {reconciliation_id}.", reconciliation_id=reconciliation_id)
        )
    return Run(run, await repository.breaks_of(session, run.id))


async def list_runs(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Reconciliation], str | None]:
    """One page of runs, newest first."""
    return await repository.runs_page(session, page)


def _out_of_balance(difference: Money, moment: datetime) -> Break:
    return Break(
        BreakKind.TRIAL_BALANCE,
        "ledger",
        difference.currency,
        difference.minor,
        difference.currency,
        None,
        moment,
        "debits and credits of all accounts do not sum to zero",
    )


def _usage_break(difference: Difference, moment: datetime) -> Break:
    counted = (difference.counted_calls, difference.counted_rows)
    recorded = (difference.recorded_calls, difference.recorded_rows)
    return Break(
        BreakKind.USAGE,
        "licence",
        f"{difference.licence_id}/{difference.period_no}",
        counted[0] - recorded[0] or counted[1] - recorded[1],
        None,
        None,
        moment,
        f"counters say {counted[0]} calls and {counted[1]} rows, records {recorded[0]} and {recorded[1]}",
    )


def _row(run_id: UUID, number: int, item: Break) -> ReconciliationBreak:
    return ReconciliationBreak(
        reconciliation_id=run_id,
        number=number,
        kind=item.kind,
        subject_kind=item.subject_kind,
        subject=item.subject,
        difference=item.difference,
        currency=item.currency,
        owner_id=item.owner_id,
        since=item.since,
        explanation=item.explanation,
    )
