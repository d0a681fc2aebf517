"""What quotes refuse."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class UnpriceableUsage(Invalid):
    """Usage or ceilings that do not fit the plan, or cost more than can be settled."""

    slug = "unpriceable-usage"
    title = Message("Usage cannot be priced")


class BrokenInvariant(AssertionError):
    """A line that a rule forbids was about to leave: a fault of a price model, never of the caller."""


class RoundingNotSupported(Conflict):
    """The rulebook asks for a rounding that this release does not carry out."""

    slug = "rounding-not-supported"
    title = Message("The rounding in force is not supported")
