"""What the slice refuses."""

from infra.errors import Conflict
from infra.messages import Message


class NotHeld(Conflict):
    """The delivery or the job is not held as a dead letter (any more)."""

    slug = "not-a-dead-letter"
    title = Message("This is not a dead letter")
