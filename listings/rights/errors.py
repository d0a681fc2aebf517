"""What the rights slice refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class RightMissing(Conflict):
    """No recorded right carries what was asked."""

    slug = "right-missing"
    title = Message("No right covers this")


class RightTermReversed(Invalid):
    """The right would end before it begins."""

    slug = "right-term"
    title = Message("The term of the right ends before it begins")
