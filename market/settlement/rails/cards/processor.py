"""The card processor, Stripe, behind what this service needs of it. The only module that imports its library.

The library is asynchronous here (httpx), never blocks the loop, and retries by itself with the same idempotency
key. Amounts are minor units both here and there, so currencies that the processor counts in another way are not
offered.
"""

from typing import Any, Self

import stripe
from stripe import StripeClient

from infra.messages import Message
from infra.settings import Settings
from market.settlement.rails.cards.domain import (
    Declined,
    EventNotice,
    Intent,
    ProcessorRefund,
)
from market.settlement.rails.cards.errors import CardsNotOffered, InvalidSignature, ProcessorUnavailable
from pricing.money import Money

API_VERSION = "2026-07-29.dahlia"
"""Version of Stripe's interface spoken here, whatever the library's own: the next one (endive) no longer takes the
kinds of payment method to charge, and `localstripe` does not know what takes their place."""

TIMEOUT_SECONDS = 20
RETRIES = 2
MAX_LISTED = 300
"""How many of the processor's newest objects are looked through for one that a crash made us forget."""


def read_event(settings: Settings, payload: bytes, signature: str | None) -> EventNotice:
    """An event from the raw body of a webhook call, its signature verified by the library.

    :raises CardsNotOffered: no signing secret is configured.
    :raises InvalidSignature: forged, altered or stale.
    """
    if settings.stripe_webhook_secret is None:
        raise CardsNotOffered(
            Message("No signing secret is configured for events."),
            remedy=Message("Set MARKET_STRIPE_WEBHOOK_SECRET."),
        )
    secret = settings.stripe_webhook_secret.get_secret_value()
    try:
        event = stripe.Webhook.construct_event(payload, signature, secret)
        return EventNotice(event["id"], event["type"], event["data"]["object"]["id"])
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError):
        raise InvalidSignature(
            Message("The body has no recent signature made with the endpoint's signing secret."),
            remedy=Message("Check that MARKET_STRIPE_WEBHOOK_SECRET is the signing secret of this endpoint."),
        ) from None


class Processor:
    """A connection to the processor; close it when done."""

    def __init__(self, settings: Settings) -> None:
        """Connect with the key in the settings, which must be set."""
        assert settings.stripe_api_key is not None, "require_offered comes first"
        self._http = stripe.HTTPXClient(timeout=TIMEOUT_SECONDS)
        base = str(settings.stripe_api_base).rstrip("/") if settings.stripe_api_base else None
        self._client = StripeClient(
            settings.stripe_api_key.get_secret_value(),
            http_client=self._http,
            stripe_version=API_VERSION,
            max_network_retries=RETRIES,
            base_addresses={"api": base} if base else {},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def charge(
        self, *, key: str, amount: Money, payment_method: str, metadata: dict[str, str]
    ) -> Intent | Declined:
        """Charge a payment method once per key.

        :raises ProcessorUnavailable: unknown whether it was charged; ask again with the same key.
        """
        # The library's types are of a newer version of the interface than the one spoken here.
        wanted: Any = {
            "amount": amount.minor,
            "currency": amount.currency.lower(),
            "payment_method": payment_method,
            "payment_method_types": ["card"],
            "confirm": True,
            "metadata": metadata,
        }
        try:
            intent = await self._client.v1.payment_intents.create_async(wanted, {"idempotency_key": key})
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            return Declined(str(error.user_message or error.code or "declined")[:400])
        except stripe.StripeError as error:
            raise _unavailable(error) from None
        return _intent(intent)

    async def intent(self, intent_id: str) -> Intent:
        """An attempt as it stands now."""
        try:
            return _intent(await self._client.v1.payment_intents.retrieve_async(intent_id))
        except stripe.StripeError as error:
            raise _unavailable(error) from None

    async def find_intent(self, name: str, value: str) -> Intent | None:
        """The newest attempt with this metadata, among the processor's newest ones."""
        try:
            newest = await self._client.v1.payment_intents.list_async({"limit": 100})
            seen = 0
            async for intent in newest.auto_paging_iter():
                seen += 1
                found = _intent(intent)
                if found.metadata.get(name) == value:
                    return found
                if seen >= MAX_LISTED:
                    break
        except stripe.StripeError as error:
            raise _unavailable(error) from None
        return None

    async def refund(
        self, *, key: str, intent_id: str, amount: Money, metadata: dict[str, str]
    ) -> ProcessorRefund | Declined:
        """Refund an attempt once per key.

        :raises ProcessorUnavailable: unknown whether it was refunded; ask again with the same key.
        """
        try:
            refund = await self._client.v1.refunds.create_async(
                {"payment_intent": intent_id, "amount": amount.minor, "metadata": metadata},
                {"idempotency_key": key},
            )
        except stripe.InvalidRequestError as error:
            return Declined(str(error.user_message or error.code or "refused")[:400])
        except stripe.StripeError as error:
            raise _unavailable(error) from None
        return _refund(refund)

    async def refunds_of(self, intent_id: str) -> list[ProcessorRefund]:
        """Refunds of an attempt, the newest ones."""
        try:
            listed = await self._client.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100})
        except stripe.StripeError as error:
            raise _unavailable(error) from None
        return [_refund(refund) for refund in listed.data]

    async def find_refund(self, refund_id: str) -> ProcessorRefund:
        """A refund as it stands now."""
        try:
            return _refund(await self._client.v1.refunds.retrieve_async(refund_id))
        except stripe.StripeError as error:
            raise _unavailable(error) from None


def _unavailable(error: stripe.StripeError) -> ProcessorUnavailable:
    return ProcessorUnavailable(
        Message("The card processor cannot be reached or failed ({name}).", name=type(error).__name__),
        retry_after=30,
        remedy=Message("Try again in half a minute."),
    )


def _intent(intent: stripe.PaymentIntent) -> Intent:
    data: dict[str, Any] = intent.to_dict()
    error = data.get("last_payment_error")
    return Intent(
        id=data["id"],
        status=data["status"],
        amount=Money(int(data["amount"]), data["currency"].upper()),
        metadata=data.get("metadata") or {},
        failure=str(error["message"])[:400] if error else None,
        client_secret=data.get("client_secret"),
    )


def _refund(refund: stripe.Refund) -> ProcessorRefund:
    data: dict[str, Any] = refund.to_dict()
    return ProcessorRefund(
        id=data["id"],
        status=data.get("status") or "pending",
        amount=Money(int(data["amount"]), data["currency"].upper()),
        metadata=data.get("metadata") or {},
        failure=data.get("failure_reason"),
    )
