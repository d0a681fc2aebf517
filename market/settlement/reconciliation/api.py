"""Reconciliation over HTTP."""

from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.reconciliation import service
from market.settlement.reconciliation.schemas import ReconcileAsk, ReconciliationRead, ReconciliationSummary


class ReconciliationController(Controller):
    """Everything compared with everything."""

    path = "/v1/reconciliations"
    tags = ["Reconciliation"]
    guards = [requires(Permission.RECONCILE)]

    @post(summary="Reconcile")
    async def reconcile(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: ReconcileAsk
    ) -> ReconciliationRead:
        """Compare statements, invoices, payments, usage and books; every difference is a break with owner and age.

        The run is kept as it was. An invoice that is not due yet is no break.
        """

        async def effect() -> ReconciliationRead:
            return ReconciliationRead.of_run(await service.reconcile(session, actor))

        return await idempotency.run(ReconciliationRead, effect)

    @get(summary="Reconciliations")
    async def list_runs(self, session: AsyncSession, page: PageRequest) -> Page[ReconciliationSummary]:
        """Runs, the newest first."""
        rows, cursor = await service.list_runs(session, page)
        return Page(items=[ReconciliationSummary.of(row) for row in rows], next_cursor=cursor)

    @get("/{reconciliation_id:uuid}", summary="One reconciliation")
    async def get_run(self, session: AsyncSession, reconciliation_id: UUID) -> ReconciliationRead:
        """A run as it was kept, with its breaks."""
        return ReconciliationRead.of_run(await service.get_run(session, reconciliation_id))
