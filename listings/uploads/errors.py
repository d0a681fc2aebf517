"""What the uploads slice refuses, besides what is wrong with a file (`listings.ingest.errors`)."""

from infra.errors import Conflict, Forbidden, Invalid, MarketError, NotFound, QuotaExceeded
from infra.messages import Message


class UploadStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "upload-state"
    title = Message("The state of the upload does not allow that")


class OffsetConflict(Conflict):
    """The bytes sent do not begin where those that have come end."""

    slug = "upload-offset"
    title = Message("The bytes do not continue the upload")


class LengthMismatch(Invalid):
    """More bytes than were declared, or another length than before."""

    slug = "upload-length"
    title = Message("The length is not the one that was declared")


class DigestMismatch(Invalid):
    """The bytes are not those that were declared."""

    slug = "upload-digest"
    title = Message("The file is not the one that was declared")


class UploadsExhausted(QuotaExceeded):
    """The organisation has as many uploads under way as it may, or as many bytes in them."""

    slug = "open-uploads"
    title = Message("Too many uploads under way")


class SourceRefused(Invalid):
    """Where a file was to be fetched it is not given."""

    slug = "source-refused"
    title = Message("The source does not give the file")


class SourceTooFrequent(Invalid):
    """The market's rules have a source fetched less often."""

    slug = "source-too-frequent"
    title = Message("The source would be fetched too often")


class SourceUnusable(Invalid):
    """An address and its credentials do not go together, or there are too many of them."""

    slug = "source-unusable"
    title = Message("The source cannot be used so")


class UploaderRefused(Forbidden):
    """Whoever began the upload may not upload any more."""

    slug = "uploader-refused"
    title = Message("Whoever began the upload may no longer upload data")


class BytesLost(MarketError):
    """Bytes that had come are not in the object store any more."""

    slug = "upload-bytes-lost"
    title = Message("Bytes of the upload are missing")


class ProcessingFailed(MarketError):
    """The work on a file failed time and again for no fault that is known of the file."""

    slug = "upload-processing"
    title = Message("The file could not be processed")


class NoSuchUpload(NotFound):
    """None of the caller's organisation."""

    slug = "upload-not-found"
    title = Message("No such upload")
