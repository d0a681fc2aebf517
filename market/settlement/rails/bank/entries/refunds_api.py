"""Refunds by bank over HTTP: asked for by one officer, approved by another."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from market.settlement.payments import refunds
from market.settlement.payments.schemas import BankRefundCreate, RefundRead
from market.settlement.payments.states import Rail, RefundAction, RefundStatus
from market.settlement.rails.bank.entries import refunding


class RefundController(Controller):
    """Money on its way back."""

    path = "/v1"
    tags = ["Refunds"]
    guards = [requires(Permission.INVOICE_REFUND)]

    @get("/refunds", operation_id="listAllRefunds", summary="List refunds")
    async def list_all_refunds(
        self,
        session: AsyncSession,
        page: PageRequest,
        only: Annotated[
            RefundStatus | None, QueryParameter(name="status", description="Only with this status.")
        ] = None,
        rail: Annotated[Rail | None, QueryParameter(description="Only by bank, or only by card.")] = None,
    ) -> Page[RefundRead]:
        """Refunds, the newest first. `status=requested&rail=bank` waits for an approval, `approved` for the bank."""
        rows, cursor = await refunds.page_refunds(session, page, status=only, rail=rail)
        return Page(items=[RefundRead.of(row) for row in rows], next_cursor=cursor)

    @get("/refunds/{refund_id:uuid}", operation_id="getRefund", summary="Get a refund")
    async def get_refund(self, session: AsyncSession, refund_id: UUID) -> RefundRead:
        """A refund; by bank with the transfer to make once it is approved."""
        return RefundRead.of(await refunds.get_refund(session, refund_id))

    @post(
        "/invoices/{invoice_id:uuid}/bank-refunds",
        operation_id="createBankRefund",
        summary="Ask to refund an invoice by bank",
    )
    async def create_bank_refund(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        invoice_id: UUID,
        data: BankRefundCreate,
    ) -> RefundRead:
        """Ask to give a paid invoice back by bank, in full. Another officer approves it.

        The split is reversed when the entry of a later statement says that the money has left.
        """

        async def effect() -> RefundRead:
            made = await refunding.request_invoice_refund(
                session, actor, invoice_id, data.payee.payee(), data.reason
            )
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)

    @post(
        "/card-payments/{card_payment_id:uuid}/bank-refunds",
        operation_id="createCardPaymentBankRefund",
        summary="Ask to refund a card payment by bank",
    )
    async def create_card_payment_bank_refund(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        card_payment_id: UUID,
        data: BankRefundCreate,
    ) -> RefundRead:
        """Ask to give a card payment back by bank that paid nothing, where the processor failed to."""

        async def effect() -> RefundRead:
            made = await refunding.request_card_payment_refund(
                session, actor, card_payment_id, data.payee.payee(), data.reason
            )
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)

    @post(
        "/refunds/{refund_id:uuid}/approval",
        status_code=200,
        operation_id="approveRefund",
        summary="Approve a refund by bank",
    )
    async def approve_refund(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, refund_id: UUID
    ) -> RefundRead:
        """Approve what another officer asked for. Then make the transfer, with its reference as end-to-end id."""

        async def effect() -> RefundRead:
            return RefundRead.of(await refunding.approve(session, actor, refund_id))

        return await idempotency.run(RefundRead, effect)

    @post(
        "/refunds/{refund_id:uuid}/rejection",
        status_code=200,
        operation_id="rejectRefund",
        summary="Reject a refund by bank",
    )
    async def reject_refund(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, refund_id: UUID, data: ReasonBody
    ) -> RefundRead:
        """Reject what another officer asked for. What was set aside for it is in suspense again."""

        async def effect() -> RefundRead:
            made = await refunding.end(session, actor, refund_id, RefundAction.REJECT, data.reason)
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)

    @post(
        "/refunds/{refund_id:uuid}/withdrawal",
        status_code=200,
        operation_id="withdrawRefund",
        summary="Withdraw a refund by bank",
    )
    async def withdraw_refund(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, refund_id: UUID, data: ReasonBody
    ) -> RefundRead:
        """Withdraw a refund whose money has not left, also an approved one: see that nobody makes the transfer."""

        async def effect() -> RefundRead:
            made = await refunding.end(session, actor, refund_id, RefundAction.WITHDRAW, data.reason)
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)
