"""What the publication slice refuses."""

from infra.errors import Conflict, Forbidden
from infra.messages import Message


class ProductIncomplete(Conflict):
    """Something is missing before the product can be published; `missing` lists all of it."""

    slug = "product-incomplete"
    title = Message("The product is not complete")


class SameOrganisation(Forbidden):
    """Whoever decides about a product must not belong to those who made it."""

    slug = "four-eyes"
    title = Message("Another organisation must decide this")
