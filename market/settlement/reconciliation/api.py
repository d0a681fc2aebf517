"""Reconciliation over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.reconciliation import service
from market.settlement.reconciliation.schemas import (
    ReconciliationCreate,
    ReconciliationRead,
    ReconciliationSummary,
)


class ReconciliationController(Controller):
    """Statements, invoices, payments, usage, licences, stops, books and the audit log compared."""

    path = "/v1/reconciliations"
    tags = ["Reconciliation"]

    @post(
        guards=[requires(Permission.RECONCILE)],
        operation_id="createReconciliation",
        summary="Reconcile the books",
    )
    async def create_reconciliation(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        data: ReconciliationCreate,
    ) -> ReconciliationRead:
        """Compare statements, invoices, payments, usage and books; every difference is a break with owner and age.

        The run is recorded for good. An invoice that is not due yet is no break.
        """

        async def effect() -> ReconciliationRead:
            return await _read(session, await service.reconcile(session, state.apart_sessions, actor))

        return await idempotency.run(ReconciliationRead, effect)

    @get(
        guards=[requires(Permission.RECONCILIATION_READ)],
        operation_id="listReconciliations",
        summary="List reconciliations",
    )
    async def list_reconciliations(
        self, session: AsyncSession, page: PageRequest
    ) -> Page[ReconciliationSummary]:
        """Runs, the newest first: those of every night, and those that were asked for."""
        rows, cursor = await service.list_runs(session, page)
        return Page(items=[ReconciliationSummary.of(row) for row in rows], next_cursor=cursor)

    @get(
        "/{reconciliation_id:uuid}",
        guards=[requires(Permission.RECONCILIATION_READ)],
        operation_id="getReconciliation",
        summary="Get a reconciliation",
    )
    async def get_reconciliation(self, session: AsyncSession, reconciliation_id: UUID) -> ReconciliationRead:
        """A run as it was recorded, with its breaks."""
        return await _read(session, await service.get_run(session, reconciliation_id))


async def _read(session: AsyncSession, run: service.Run) -> ReconciliationRead:
    owners = [item.owner_id for item in run.breaks if item.owner_id is not None]
    return ReconciliationRead.of_run(run, await identity.party_names(session, owners))
