"""What purges refuse."""

from infra.errors import Conflict
from infra.messages import Message


class PurgeStateForbids(Conflict):
    """The status of a purge order does not allow this."""

    slug = "purge-order-state"
    title = Message("The status of the purge order does not allow this")


class NothingToPurge(Conflict):
    """An order names no data that is still there."""

    slug = "nothing-to-purge"
    title = Message("There is nothing to purge")
