"""What stops refuse."""

from infra.errors import Conflict
from infra.messages import Message


class NotStopped(Conflict):
    """There is no active stop to lift."""

    slug = "not-stopped"
    title = Message("No active stop")
