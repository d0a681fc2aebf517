"""What the card rail refuses."""

from infra.errors import Conflict, Forbidden, Malformed, Unavailable
from infra.messages import Message


class CardsNotOffered(Conflict):
    """No card processor is configured, or it does not take the currency."""

    slug = "cards-not-offered"
    title = Message("Card payments are not offered")


class ProcessorUnavailable(Unavailable):
    """The processor cannot be reached, or answers with a fault of its own."""

    slug = "card-processor-unavailable"
    title = Message("The card processor is not available at the moment")


class InvalidSignature(Malformed):
    """The event does not come from the processor, or is too old."""

    slug = "bad-event-signature"
    title = Message("Invalid webhook signature")


class NotYourInvoice(Forbidden):
    """Only who owes pays by card here."""

    slug = "not-your-invoice"
    title = Message("Only the buyer can pay this invoice")


class CardPaymentUnderWay(Conflict):
    """One attempt at a time."""

    slug = "card-payment-under-way"
    title = Message("A card payment of this invoice is in progress")


class CardPaymentStateForbids(Conflict):
    """The attempt has succeeded or failed already."""

    slug = "card-payment-state"
    title = Message("The state of the card payment does not allow that")


class AmountMismatch(Conflict):
    """The processor reports another amount than was asked for: a person has to look at it."""

    slug = "card-amount-mismatch"
    title = Message("The card processor reports another amount")
