"""What the catalogue refuses."""

from infra.errors import Conflict, Invalid, NotFound
from infra.messages import Message


class NotInCatalogue(NotFound):
    """There is no such product on the market, or not any more."""


class NotTradeable(Conflict):
    """The product is on the market no more, for now or for good."""

    slug = "product-not-tradeable"
    title = Message("The product cannot be ordered at present")


class PurposeNotOffered(Invalid):
    """The product is not offered for the purpose."""

    slug = "purpose-not-offered"
    title = Message("The product is not offered for this purpose")
