"""What the samples slice refuses."""

from infra.errors import Conflict, Invalid, Unavailable
from infra.messages import Message


class DrawRefused(Invalid):
    """A sample cannot be drawn so."""

    slug = "sample-draw"
    title = Message("The sample cannot be drawn so")


class SampleStateForbids(Conflict):
    """A sample was decided about already, or has changed its ground."""

    slug = "sample-state"
    title = Message("The state of the sample does not allow that")


class DrawFailed(Unavailable):
    """The file could not be read in time."""

    slug = "sample-draw-failed"
    title = Message("The sample could not be drawn")
