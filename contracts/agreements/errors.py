"""What agreements refuse."""

from infra.errors import Conflict, Forbidden, Invalid
from infra.messages import Message


class OrderRefused(Invalid):
    """The order asks for something that the product or its authorisation does not give."""

    slug = "order-refused"
    title = Message("Order exceeds what the product offers")


class OutsideAuthorisation(Conflict):
    """What was ordered lies no longer within the authorisation, which was amended meanwhile."""

    slug = "outside-authorisation"
    title = Message("The authorisation does not cover this agreement any more")


class AlreadyOrdered(Conflict):
    """The same order waits for signatures."""

    slug = "already-ordered"
    title = Message("Your organisation has ordered this already")


class OwnProduct(Forbidden):
    """Nobody buys from themselves."""

    slug = "own-product"
    title = Message("You cannot order your own product")


class DigestMismatch(Conflict):
    """The signature is for another document than the one on file."""

    slug = "digest-mismatch"
    title = Message("Agreement digest does not match")


class NotASignatory(Forbidden):
    """Only the two sides sign."""

    slug = "not-a-side"
    title = Message("Only the operator and the buyer can sign")


class AgreementStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "agreement-state"
    title = Message("Agreement status does not allow this action")
