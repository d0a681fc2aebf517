"""What amendments refuse."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class AmendmentOpen(Conflict):
    """Another amendment of the same authorisation waits for signatures."""

    slug = "amendment-open"
    title = Message("Another amendment is under way")


class PreviewOutdated(Conflict):
    """What would be stopped is not what was shown."""

    slug = "amendment-preview"
    title = Message("The amendment stops something else than was confirmed")


class NothingAmended(Invalid):
    """The amendment changes nothing."""

    slug = "nothing-amended"
    title = Message("The amendment changes nothing")
