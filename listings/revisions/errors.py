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


class SchemaBroken(Conflict):
    """A new revision drops or retypes a column that buyers rely on."""

    slug = "schema-broken"
    title = Message("The new revision would break its buyers")


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
