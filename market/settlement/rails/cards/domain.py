"""What a card processor is asked and answers, whoever it is: apart from the library that talks to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.messages import Message
from infra.settings import Settings
from market.settlement.rails.cards.errors import CardsNotOffered
from pricing.money import Money

OTHER_MINOR_UNITS = frozenset({"BHD", "IQD", "ISK", "JOD", "KWD", "LYD", "MGA", "MRU", "OMR", "TND", "UGX"})
"""Currencies that Stripe counts with other decimal places, or coarser, than ISO 4217."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the processor reports of one attempt to pay.

    :ivar status: the processor's own: succeeded, processing, requires_action, requires_payment_method, …
    :ivar client_secret: what the payer's browser needs to continue; never stored, never logged.
    """

    id: str
    status: str
    amount: Money
    metadata: Mapping[str, str]
    failure: str | None
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class ProcessorRefund:
    """What the processor reports of one refund."""

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
    """A verified event: what happened to which object. The object itself is fetched, not taken from the event."""

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
