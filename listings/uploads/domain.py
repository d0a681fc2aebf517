"""Rules of uploads: where bytes go on, how much may come. Pure."""

from infra.messages import Message
from listings.uploads.errors import LengthMismatch, OffsetConflict, UploadsExhausted
from listings.uploads.states import UploadPhase

PART_BYTES = 8 * 1024 * 1024
"""What has come is kept in pieces of this size at most: so much is sent again when a process is killed."""

FOLDER = "uploads"
"""Where pieces lie in the object store."""

JOB = "listings.upload"
"""Kind of the job that makes a revision of an upload: ``{"upload_id"}``."""

MAX_ATTEMPTS = 8
"""A worker begins so often before an upload that it never ends is given up."""

CONVERSION_BEGINS = 10
CONVERSION_ENDS = 95
"""Percent of the work after the last byte has come."""


def require_offset(received: int, offset: int) -> None:
    """Bytes go on exactly where those that have come end.

    :raises OffsetConflict: these do not.
    """
    if offset != received:
        raise OffsetConflict(
            Message(
                "{received:,} bytes have come, and these begin at {offset:,}.",
                received=received,
                offset=offset,
            ),
            remedy=Message(
                "Ask with HEAD how many have come, and send what follows with that Upload-Offset."
            ),
            received_bytes=received,
        )


def require_length(declared: int | None, stated: int | None, received: int) -> int | None:
    """The length of an upload, once somebody has said it.

    :param stated: with these bytes; None where nothing was.
    :raises LengthMismatch: it was another before, or more have come already.
    """
    if stated is None or stated == declared:
        return declared
    if declared is not None:
        raise LengthMismatch(
            Message("The upload has {declared:,} bytes, not {stated:,}.", declared=declared, stated=stated),
            remedy=Message("Leave Upload-Length out, or begin another upload."),
        )
    require_room(stated, received)
    return stated


def require_room(size: int | None, end: int) -> None:
    """No more bytes come than were declared.

    :param size: declared, None while it is not.
    :param end: how many there would be.
    :raises LengthMismatch: that is more.
    """
    if size is not None and end > size:
        raise LengthMismatch(
            Message(
                "The upload was declared with {size:,} bytes, and {end:,} would come.", size=size, end=end
            ),
            remedy=Message("Send the file that was declared, or begin another upload with its size."),
            size_bytes=size,
        )


def require_open(uploads: int, held_bytes: int, more_bytes: int, *, max_uploads: int, max_bytes: int) -> None:
    """An organisation begins no more uploads than there is room for.

    :param uploads: under way, ``held_bytes`` in them, those included that are still to come.
    :raises UploadsExhausted: another one is too many.
    """
    remedy = Message(
        "Wait until one has ended, or cancel one that is not needed: GET /v1/uploads?open=true lists them."
    )
    if uploads >= max_uploads:
        raise UploadsExhausted(
            Message(
                "Your organisation has {uploads} uploads under way, the most it may have.", uploads=uploads
            ),
            remedy=remedy,
        )
    if held_bytes + more_bytes > max_bytes:
        raise UploadsExhausted(
            Message(
                "Your organisation's uploads under way hold {held_bytes:,} bytes; with this one they would pass"
                " {max_bytes:,}.",
                held_bytes=held_bytes,
                max_bytes=max_bytes,
            ),
            remedy=remedy,
        )


def percent_of(phase: UploadPhase, share: float) -> int:
    """How much of the work after the last byte is done.

    :param share: of assembling, or of the whole conversion.
    """
    if phase in {UploadPhase.FETCHING, UploadPhase.ASSEMBLING}:
        return int(CONVERSION_BEGINS * share)
    if phase is UploadPhase.REGISTERING:
        return CONVERSION_ENDS
    return int(CONVERSION_BEGINS + (CONVERSION_ENDS - CONVERSION_BEGINS) * share)
