"""What the rights slice refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class EncumbranceStateForbids(Conflict):
    """What weighs on the right is in a state that does not allow this."""

    slug = "encumbrance-state"
    title = Message("The state of the encumbrance forbids this")


class GrantStateForbids(Conflict):
    """The proposed grant has been decided."""

    slug = "right-grant-state"
    title = Message("The proposed grant has been decided")


class RightEncumbered(Conflict):
    """Something weighs on the right, or on one that it was granted from."""

    slug = "right-encumbered"
    title = Message("The right is encumbered")


class RightEnded(Conflict):
    """The right has ended, or is needed by what rests on it."""

    slug = "right-ended"
    title = Message("The right has ended")


class RightInUse(Conflict):
    """Other rights were granted from the right, or authorisations rest on it."""

    slug = "right-in-use"
    title = Message("Other rights rest on this one")


class RightMissing(Conflict):
    """No recorded right carries what was asked."""

    slug = "right-missing"
    title = Message("No right covers this")


class RightNotGrantable(Conflict):
    """The grantor does not have what it would grant."""

    slug = "right-not-grantable"
    title = Message("The right cannot be granted so")


class RightTermReversed(Invalid):
    """The right would end before it begins."""

    slug = "right-term"
    title = Message("The term of the right ends before it begins")
