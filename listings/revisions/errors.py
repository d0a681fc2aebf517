"""What the revisions slice refuses, besides what is wrong with a file (`listings.ingest.errors`)."""

from infra.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from infra.messages import Message


class ColumnsUnauthorised(Conflict):
    """A revision holds columns that the authorisation does not cover."""

    slug = "columns-not-authorised"
    title = Message("The data goes beyond the authorisation")


class DeclaredColumnsMissing(Invalid):
    """A file lacks columns that were declared."""

    slug = "declared-columns-missing"
    title = Message("The file lacks declared columns")


class ChangeStateForbids(Conflict):
    """The status of a change of the columns does not allow this."""

    slug = "schema-change-state"
    title = Message("The status of the change does not allow this")


class NothingToAnnounce(Conflict):
    """A revision breaks nobody, or cannot be announced as it stands."""

    slug = "nothing-to-announce"
    title = Message("There is nothing to announce")


class RevisionNotReadable(Conflict):
    """A revision that was to be pinned is not one that can be read."""

    slug = "revision-not-readable"
    title = Message("The revision cannot be read")


class RevisionRecalledAlready(Conflict):
    """A revision was recalled for good before."""

    slug = "revision-recalled-already"
    title = Message("The revision was recalled before")


class DataPurged(Conflict):
    """The file is one whose data was purged by order of a regulator."""

    slug = "data-purged"
    title = Message("The data was purged")


class RevisionSuspended(NotFound):
    """All of the product's good data is suspended."""

    slug = "revision-suspended"
    title = Message("The data is suspended")


class UploadTooLarge(TooLarge):
    """More bytes than one upload may have."""

    slug = "upload-too-large"
    title = Message("The file is too large")


class SpoolUnavailable(Unavailable):
    """The disk does not take the file."""

    slug = "spool-unavailable"
    title = Message("The file cannot be stored at the moment")
