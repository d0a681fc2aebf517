"""What the products slice refuses."""

from infra.errors import Conflict, Invalid, NotFound
from infra.messages import Message


class ProductStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "product-state"
    title = Message("The state of the product does not allow that")


class DictionaryRefused(Invalid):
    """The dictionary does not fit the data."""

    slug = "dictionary-columns"
    title = Message("The dictionary does not fit the data")


class DeclarationRefused(Invalid):
    """Declared columns contradict each other, or what is published."""

    slug = "column-declaration"
    title = Message("The columns cannot be declared so")


class PurposeNotAuthorised(Invalid):
    """A product can be offered only for what its authorisation gives."""

    slug = "purpose-not-authorised"
    title = Message("The authorisation does not cover the purpose")


class PlanNotYours(NotFound):
    """No such price plan of the operator's."""

    slug = "price-plan-not-found"
    title = Message("No such price plan")
