"""What enforcement refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class EnforcementStateForbids(Conflict):
    """The action is not possible in the present state of the procedure."""

    slug = "enforcement-state"
    title = Message("The state of the procedure does not allow that")


class ExtensionRefused(Invalid):
    """The new deadline is not later than the present one, or too late."""

    slug = "enforcement-extension"
    title = Message("The deadline cannot be moved to that")
