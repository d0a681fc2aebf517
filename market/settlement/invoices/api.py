"""Closing periods and invoices over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page
from market.settlement.bank_accounts import service as bank_accounts
from market.settlement.invoices import billing, service
from market.settlement.invoices.schemas import (
    InvoiceRead,
    InvoiceSummary,
    PeriodCloseCreate,
    PeriodCloseRead,
    PeriodCloseSummary,
    Surroundings,
)
from market.settlement.invoices.states import InvoiceStatus
from market.settlement.invoices.tables import Invoice


class PeriodCloseController(Controller):
    """From metered use to an invoice."""

    path = "/v1/agreements/{agreement_id:uuid}/period-closes"
    tags = ["Invoices"]

    @post(
        guards=[requires(Permission.PERIOD_CLOSE)],
        operation_id="closePeriod",
        summary="Close a billing period",
    )
    async def close_period(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        agreement_id: UUID,
        data: PeriodCloseCreate,
    ) -> PeriodCloseRead:
        """Close a calendar month that is over and invoice what was used in it.

        The worker does so by itself soon after the month's end. Before it a period is closed only where the contract
        has ended, with the reason; it is the last then. Every call falls wholly into the period it was recorded in.
        Closing a closed period again changes nothing and returns its invoice; two who close at once get the same one.
        """

        async def effect() -> PeriodCloseRead:
            closed = await billing.close_period(
                session, state.apart_sessions, actor, agreement_id, data.period_no, data.early
            )
            invoices = await invoice_summaries(session, [closed.invoice] if closed.invoice else [])
            return PeriodCloseRead.of_invoice(closed.close, next(iter(invoices), None))

        return await idempotency.run(PeriodCloseRead, effect)

    @get(
        guards=[requires(Permission.INVOICE_READ)],
        operation_id="listPeriodCloses",
        summary="List closed periods",
    )
    async def list_period_closes(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID, page: PageRequest
    ) -> Page[PeriodCloseSummary]:
        """Closed periods of an agreement you can access, the newest first."""
        rows, cursor = await billing.list_period_closes(session, actor, agreement_id, page)
        return Page(items=[PeriodCloseSummary.of(row) for row in rows], next_cursor=cursor)


class InvoiceController(Controller):
    """Invoices, for their parties, finance and the regulator."""

    path = "/v1/invoices"
    tags = ["Invoices"]
    guards = [requires(Permission.INVOICE_READ)]

    @get(operation_id="listInvoices", summary="List invoices")
    async def list_invoices(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        agreement_id: Annotated[UUID | None, QueryParameter(description="Only of this agreement.")] = None,
        only: Annotated[
            InvoiceStatus | None, QueryParameter(name="status", description="Only with this status.")
        ] = None,
    ) -> Page[InvoiceSummary]:
        """Invoices you are a party to, the newest first; all of them for finance and the regulator."""
        rows, cursor = await service.list_invoices(
            session, actor, page, agreement_id=agreement_id, status=only
        )
        return Page(items=await invoice_summaries(session, rows), next_cursor=cursor)

    @get("/{invoice_id:uuid}", operation_id="getInvoice", summary="Get an invoice")
    async def get_invoice(self, session: AsyncSession, actor: Actor, invoice_id: UUID) -> InvoiceRead:
        """An invoice with its lines, each explained and traced to its usage, and its split."""
        invoice = await service.access_invoice(session, actor, invoice_id)
        lines = await service.lines_of(session, invoice)
        return InvoiceRead.of_lines(invoice, lines, await _surroundings(session, [invoice]))


async def invoice_summaries(session: AsyncSession, rows: Sequence[Invoice]) -> list[InvoiceSummary]:
    """Render invoices for a list, their parties and where to pay named."""
    surroundings = await _surroundings(session, rows)
    return [InvoiceSummary.of(row, surroundings) for row in rows]


async def _surroundings(session: AsyncSession, rows: Sequence[Invoice]) -> Surroundings:
    parties = {party for row in rows for party in (row.operator_id, row.owner_id, row.buyer_id)}
    return Surroundings(
        await identity.party_names(session, parties), await bank_accounts.accounts_to_pay(session)
    )
