"""Closing periods and invoices over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import QueryParameter

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.invoices import service
from market.settlement.invoices.schemas import (
    InvoiceRead,
    InvoiceSummary,
    PeriodCloseAsk,
    PeriodCloseRead,
    PeriodCloseSummary,
    close_summary,
)
from market.settlement.invoices.states import InvoiceStatus


class PeriodCloseController(Controller):
    """From metered use to an invoice."""

    path = "/v1/agreements/{agreement_id:uuid}/period-closes"
    tags = ["Invoices"]

    @post(guards=[requires(Permission.PERIOD_CLOSE)], summary="Close a billing period")
    async def close(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        agreement_id: UUID,
        data: PeriodCloseAsk,
    ) -> PeriodCloseRead:
        """Close the open period and invoice what was used in it.

        Every call falls wholly into one period. Closing a closed period again changes nothing and answers what it
        came to.
        """

        async def effect() -> PeriodCloseRead:
            closed = await service.close_period(session, actor, agreement_id, data.period_no)
            return PeriodCloseRead.of(closed)

        return await idempotency.run(PeriodCloseRead, effect)

    @get(guards=[requires(Permission.INVOICE_READ)], summary="Closed periods")
    async def list_closes(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, page: PageRequest
    ) -> Page[PeriodCloseSummary]:
        """Closed periods of an agreement you may see, the newest first."""
        rows, cursor = await service.list_closes(session, actor, agreement_id, page)
        return Page(items=[close_summary(row) for row in rows], next_cursor=cursor)


class InvoiceController(Controller):
    """Invoices, for their parties, finance and the regulator."""

    path = "/v1/invoices"
    tags = ["Invoices"]
    guards = [requires(Permission.INVOICE_READ)]

    @get(summary="Invoices")
    async def list_invoices(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        agreement_id: Annotated[UUID | None, QueryParameter(description="Only of this agreement.")] = None,
        only: Annotated[
            InvoiceStatus | None, QueryParameter(name="status", description="Only in this state.")
        ] = None,
    ) -> Page[InvoiceSummary]:
        """Invoices you are a party to, the newest first; all of them for finance and the regulator."""
        rows, cursor = await service.list_invoices(
            session, actor, page, agreement_id=agreement_id, status=only
        )
        return Page(items=[InvoiceSummary.of(row) for row in rows], next_cursor=cursor)

    @get("/{invoice_id:uuid}", summary="One invoice")
    async def get_invoice(self, session: AsyncSession, actor: Actor, invoice_id: UUID) -> InvoiceRead:
        """An invoice with its lines, each explained and traced to its usage, and its split."""
        invoice = await service.access_invoice(session, actor, invoice_id)
        return InvoiceRead.of_lines(invoice, await service.lines_of(session, invoice))
