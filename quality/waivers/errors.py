"""What waivers refuse."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class WaiverStateForbids(Conflict):
    """The action is not possible in the present state of the waiver, of its request or of the report."""

    slug = "quality-waiver-state"
    title = Message("The state does not allow that waiver")


class WaiverRefused(Invalid):
    """The waiver is longer than the rules allow, or about other checks than those that failed."""

    slug = "quality-waiver-refused"
    title = Message("The waiver cannot be granted like that")
