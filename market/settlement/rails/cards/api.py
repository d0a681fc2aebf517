"""The card rail over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import HeaderParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession, transaction
from infra.guards import public, requires
from infra.idempotency import Idempotency
from infra.openapi import raw_body
from infra.schema import ReasonBody
from market.settlement.invoices import service as invoices
from market.settlement.payments import refunds
from market.settlement.payments.schemas import RefundList, RefundRead
from market.settlement.rails.cards import service
from market.settlement.rails.cards.errors import ProcessorUnavailable
from market.settlement.rails.cards.schemas import (
    CardPaymentCreate,
    CardPaymentDetail,
    CardPaymentList,
    CardPaymentRead,
    WebhookReceipt,
)

Signature = Annotated[
    str | None,
    HeaderParameter(
        name="Stripe-Signature",
        max_length=2000,
        description="Timestamp and signature that Stripe made over the body.",
    ),
]


StripeEventOperation = raw_body("A Stripe event", "application/json", Schema(type=OpenAPIType.OBJECT))


class CardPaymentController(Controller):
    """Paying invoices by card, and giving the money back."""

    path = "/v1"
    tags = ["Cards"]

    @post(
        "/invoices/{invoice_id:uuid}/card-payments",
        status_code=202,
        guards=[requires(Permission.INVOICE_PAY)],
        operation_id="createCardPayment",
        summary="Pay an invoice by card",
    )
    async def create_card_payment(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        invoice_id: UUID,
        data: CardPaymentCreate,
    ) -> CardPaymentRead:
        """Charge a payment method for the whole invoice. The outcome follows within seconds: get it again.

        One idempotency key is one attempt, and an attempt charges at most once. Without a configured processor this
        is 409, and the invoice is paid by bank transfer.
        """

        async def effect() -> CardPaymentRead:
            made = await service.request_payment(
                session, actor, state.settings, invoice_id, data.payment_method
            )
            return CardPaymentRead.of(made)

        return await idempotency.run(CardPaymentRead, effect)

    @get(
        "/invoices/{invoice_id:uuid}/card-payments",
        guards=[requires(Permission.INVOICE_READ)],
        operation_id="listCardPayments",
        summary="List card payments of an invoice",
    )
    async def list_card_payments(
        self, session: AsyncSession, actor: Actor, invoice_id: UUID
    ) -> CardPaymentList:
        """Attempts to pay an invoice you can access, the newest first."""
        invoice = await invoices.access_invoice(session, actor, invoice_id)
        rows = await service.list_payments(session, invoice)
        return CardPaymentList(items=[CardPaymentRead.of(row) for row in rows])

    @get(
        "/card-payments/{card_payment_id:uuid}",
        guards=[requires(Permission.INVOICE_READ)],
        opt={"problems": [ProcessorUnavailable]},
        operation_id="getCardPayment",
        summary="Get a card payment",
    )
    async def get_card_payment(self, actor: Actor, state: State, card_payment_id: UUID) -> CardPaymentDetail:
        """The status of an attempt, and what the payer's browser needs when the bank asks for a confirmation."""
        async with transaction(state.sessions) as session:
            payment = await service.access_payment(session, actor, card_payment_id)
            invoice = await invoices.access_invoice(session, actor, payment.invoice_id)
        secret = None
        if actor.organisation_id == invoice.buyer_id:
            # Here and below: the processor's library takes 27 MB, which an installation without cards never loads.
            from market.settlement.rails.cards import work

            secret = await work.client_secret(state.settings, payment)
        return CardPaymentDetail(**CardPaymentRead.of(payment).model_dump(), client_secret=secret)

    @post(
        "/invoices/{invoice_id:uuid}/refunds",
        status_code=202,
        guards=[requires(Permission.INVOICE_REFUND)],
        operation_id="createRefund",
        summary="Refund an invoice",
    )
    async def create_refund(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        invoice_id: UUID,
        data: ReasonBody,
    ) -> RefundRead:
        """Give the card payment of an invoice back. Once the processor has done it, the split is reversed exactly.

        What was paid by bank goes back by `POST /v1/invoices/{id}/bank-refunds`.
        """

        async def effect() -> RefundRead:
            made = await service.request_refund(session, actor, state.settings, invoice_id, data.reason)
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)

    @get(
        "/invoices/{invoice_id:uuid}/refunds",
        guards=[requires(Permission.INVOICE_READ)],
        operation_id="listRefunds",
        summary="List refunds of an invoice",
    )
    async def list_refunds(self, session: AsyncSession, actor: Actor, invoice_id: UUID) -> RefundList:
        """Refunds of an invoice you can access, the newest first."""
        invoice = await invoices.access_invoice(session, actor, invoice_id)
        rows = await refunds.list_refunds(session, invoice)
        return RefundList(items=[RefundRead.of(row) for row in rows])

    @post(
        "/card-payments/{card_payment_id:uuid}/refunds",
        status_code=202,
        guards=[requires(Permission.INVOICE_REFUND)],
        operation_id="createCardPaymentRefund",
        summary="Refund a card payment",
    )
    async def create_card_payment_refund(
        self,
        session: AsyncSession,
        actor: Actor,
        state: State,
        idempotency: Idempotency,
        card_payment_id: UUID,
        data: ReasonBody,
    ) -> RefundRead:
        """Give a card payment back that paid nothing, since something else had paid its invoice by then.

        One that paid a part of an invoice which is still open is given back as well, and that part is open again. What
        paid its invoice is given back with the invoice.
        """

        async def effect() -> RefundRead:
            made = await service.request_payment_refund(
                session, actor, state.settings, card_payment_id, data.reason
            )
            return RefundRead.of(made)

        return await idempotency.run(RefundRead, effect)

    @post(
        "/stripe/events",
        status_code=200,
        opt=public("Stripe calls it, and the signature over the body is the proof"),
        operation_class=StripeEventOperation,
        operation_id="receiveStripeWebhook",
        summary="Receive a Stripe webhook",
    )
    async def receive_stripe_webhook(
        self,
        session: AsyncSession,
        state: State,
        request: Request[Any, Any, Any],
        stripe_signature: Signature = None,
    ) -> WebhookReceipt:
        """Receive a signed event. It is applied once, whatever order events come in and however often."""
        from market.settlement.rails.cards.processor import read_event

        notice = read_event(state.settings, await request.body(), stripe_signature)
        return WebhookReceipt(received=await service.receive_event(session, notice))
