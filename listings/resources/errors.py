"""What the resources slice refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class UnknownTheme(Invalid):
    """A theme that is not in the code list."""

    slug = "unknown-theme"
    title = Message("No such theme")


class NotListable(Conflict):
    """The classification of the resource forbids what was asked."""

    slug = "resource-not-listable"
    title = Message("This resource may not be listed")


class AssessmentOver(Invalid):
    """An assessment that would not be valid any more."""

    slug = "assessment-over"
    title = Message("The assessment is over")
