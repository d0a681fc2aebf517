"""What a card processor is asked and says, whoever it is: words apart from the library that speaks them."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.errors import Conflict, Unavailable
from infra.messages import Message
from infra.settings import Settings
from pricing.money import Money

OTHER_MINOR_UNITS = frozenset({"BHD", "IQD", "ISK", "JOD", "KWD", "LYD", "MGA", "MRU", "OMR", "TND", "UGX"})
"""Currencies that Stripe counts with other decimal places, or coarser, than ISO 4217."""


class CardsNotOffered(Conflict):
    """No card processor is configured, or it does not take the currency."""

    slug = "cards-not-offered"
    title = Message("Cards are not offered")


class ProcessorUnavailable(Unavailable):
    """The processor cannot be reached, or answers with a fault of its own."""

    slug = "card-processor-unavailable"
    title = Message("The card processor is not available at the moment")


@dataclass(frozen=True, slots=True)
class Intent:
    """What the processor says of one attempt to pay.

    :ivar status: the processor's word: succeeded, processing, requires_action, requires_payment_method, …
    :ivar client_secret: what the payer's browser needs to go on; never stored, never logged.
    """

    id: str
    status: str
    amount: Money
    metadata: Mapping[str, str]
    failure: str | None
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class ProcessorRefund:
    """What the processor says of one refund."""

    id: str
    status: str
    amount: Money
    metadata: Mapping[str, str]
    failure: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The card was declined; nothing was charged."""

    reason: str


@dataclass(frozen=True, slots=True)
class EventNotice:
    """A verified event: what happened to which object. What the object says now is fetched, not believed."""

    id: str
    type: str
    object_id: str


def require_offered(settings: Settings, currency: str) -> None:
    """Check that cards can be taken at all, and in this currency.

    :raises CardsNotOffered: they cannot.
    """
    remedy = Message("Pay by bank transfer with the payment reference of the invoice.")
    if settings.stripe_api_key is None:
        raise CardsNotOffered(Message("This market has no card processor configured."), remedy=remedy)
    if currency in OTHER_MINOR_UNITS:
        raise CardsNotOffered(Message("Cards are not taken in {currency}.", currency=currency), remedy=remedy)
