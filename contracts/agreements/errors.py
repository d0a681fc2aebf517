"""What agreements refuse."""

from infra.errors import Conflict, Forbidden, Invalid
from infra.messages import Message


class OrderRefused(Invalid):
    """The order asks for something that the product or its authorisation does not give."""

    slug = "order-refused"
    title = Message("The order asks for more than can be given")


class OwnProduct(Forbidden):
    """Nobody buys from themselves."""

    slug = "own-product"
    title = Message("This product is your own")


class DigestMismatch(Conflict):
    """The signature is for another text than the one on file."""

    slug = "digest-mismatch"
    title = Message("You are signing another text")


class NotYourSignature(Forbidden):
    """Only the two sides sign."""

    slug = "not-a-side"
    title = Message("Only the operator and the buyer sign")


class AgreementStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "agreement-state"
    title = Message("The state of the agreement does not allow that")
