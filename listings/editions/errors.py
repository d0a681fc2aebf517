"""What the editions slice refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class EditionStateForbids(Conflict):
    """The action is not possible in the present state of the edition, or of its product."""

    slug = "edition-state"
    title = Message("The state of the edition does not allow that")


class EditionOpen(Conflict):
    """A product has one open edition at a time."""

    slug = "edition-open"
    title = Message("Another edition is open")


class EditionUnchanged(Conflict):
    """An edition must differ from the one in force."""

    slug = "edition-unchanged"
    title = Message("The edition changes nothing")


class EditionOutdated(Conflict):
    """What the edition was drafted on is not in force any more."""

    slug = "edition-outdated"
    title = Message("The edition is out of date")


class RemarksUnanswered(Conflict):
    """Every remark of a reviewer is acted on, or answered."""

    slug = "remarks-unanswered"
    title = Message("Remarks are not answered yet")


class RemarkRefused(Invalid):
    """A remark is about a field that an edition has."""

    slug = "remark-field"
    title = Message("No such field")


class DigestMismatch(Conflict):
    """The reviewer read another document than the one on file."""

    slug = "edition-digest"
    title = Message("Edition digest does not match")
