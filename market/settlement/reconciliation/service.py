"""Use cases of reconciliation: run every check, and record what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker, new_id, now, snapshot
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.reconciliation import repository
from market.settlement.reconciliation.checks import CHECKS
from market.settlement.reconciliation.domain import Break, BreakKind, oldest_first
from market.settlement.reconciliation.tables import Reconciliation, ReconciliationBreak


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run with its breaks, oldest first."""

    reconciliation: Reconciliation
    breaks: Sequence[ReconciliationBreak]


async def reconcile(session: AsyncSession, apart: SessionMaker, actor: Actor) -> Run:
    """Compare statements, invoices, payments, usage and books, and record the run with every difference found.

    All of it is read in one snapshot, so that it is one moment and stops nobody. An invoice that is not due yet is no
    break.

    :param apart: for the snapshot, on a connection of its own.
    """
    async with snapshot(apart) as reading:
        moment = await now(reading)
        found = oldest_first([item for check in CHECKS.values() for item in await check(reading, moment)])
        checked = await repository.counts(reading)
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
    await events.publish(
        session,
        EventKind.RECONCILIATION_COMPLETED,
        subject_id=run.id,
        organisations=(actor.organisation_id,),
        payload={
            "clean": run.clean,
            "breaks": len(found),
            "kinds": sorted({item.kind.value for item in found}),
        },
    )
    return Run(run, breaks)


async def get_run(session: AsyncSession, reconciliation_id: UUID) -> Run:
    """A recorded run with its breaks.

    :raises NotFound: there is none.
    """
    run = await repository.get(session, reconciliation_id)
    if run is None:
        raise NotFound(
            Message("There is no reconciliation {reconciliation_id}.", reconciliation_id=reconciliation_id),
            remedy=Message("List the reconciliations to find it."),
        )
    return Run(run, await repository.breaks_of(session, run.id))


async def count_breaks(session: AsyncSession) -> dict[str, int]:
    """How many breaks of each kind the latest run found."""
    return dict.fromkeys((kind.value for kind in BreakKind), 0) | await repository.latest_counts(session)


async def list_runs(session: AsyncSession, page: PageRequest) -> tuple[Sequence[Reconciliation], str | None]:
    """One page of runs, newest first."""
    return await repository.runs_page(session, page)


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
