"""What the findings slice refuses."""

from infra.errors import Conflict, NotFound
from infra.messages import Message


class FindingStateForbids(Conflict):
    """The decision does not follow from the one before."""

    slug = "finding-state"
    title = Message("The state of the finding does not allow that")


class NoSuchFinding(NotFound):
    """Nothing of that kind was detected in that column."""

    slug = "finding-not-found"
    title = Message("No such finding")
