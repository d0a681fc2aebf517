"""What an ingest refuses, one class each.

Raised in the child process that reads the file, and again by the service, which reads them back by their slugs. Each
carries ``line`` (of the source file, from 1) and ``column`` (its name) where there is one.
"""

from typing import Any

from infra.errors import Invalid, TooLarge, Unavailable
from infra.messages import Message, message_from_json, message_to_json, packed, unpacked


class FileRefused(Invalid):
    """The file cannot become a revision."""

    slug = "file-refused"
    title = Message("The file was refused")


class NotATable(FileRefused):
    """An image, a document, an archive, a web page, or text without a tabular shape."""

    slug = "not-a-table"
    title = Message("The file is not a table")


class EmptyFile(FileRefused):
    """No bytes, or nothing but blanks."""

    slug = "empty-file"
    title = Message("The file is empty")


class HeaderOnly(FileRefused):
    """Columns and no rows."""

    slug = "header-without-rows"
    title = Message("The file has no rows")


class DuplicateColumn(FileRefused):
    """Two columns of one name, compared without case."""

    slug = "duplicate-column"
    title = Message("Two columns have the same name")


class HeaderBelow(FileRefused):
    """The names of the columns stand in a line below the first."""

    slug = "header-not-first"
    title = Message("The header is not the first line")


class RaggedRow(FileRefused):
    """A line with more or fewer values than the header."""

    slug = "ragged-row"
    title = Message("A line and the header differ in length")


class WrongEncoding(FileRefused):
    """Neither UTF-8 nor GB18030."""

    slug = "wrong-encoding"
    title = Message("Unsupported encoding")


class StatedOtherwise(FileRefused):
    """Delimiter, quote or decimal mark as they were stated for the upload are not those of the file."""

    slug = "stated-otherwise"
    title = Message("The file is written in another way than was stated")


class TruncatedFile(FileRefused):
    """The end of the file is missing, or its inside is damaged."""

    slug = "truncated-file"
    title = Message("The file is cut off or damaged")


class MalformedRecord(FileRefused):
    """A line that breaks the rules of its format."""

    slug = "malformed-record"
    title = Message("A line cannot be read")


class MixedColumn(FileRefused):
    """A column of dates or times that holds something else."""

    slug = "mixed-column"
    title = Message("A column holds values of another type")


class TypeMismatch(FileRefused):
    """Values that do not fit the published or declared type of their column; ``misfits`` names them."""

    slug = "type-mismatch"
    title = Message("Values do not fit the types of their columns")


class TooManyColumns(FileRefused):
    """Wider than the limit."""

    slug = "too-many-columns"
    title = Message("The table has too many columns")


class UnsupportedColumn(FileRefused):
    """A type whose values no interface can hand out."""

    slug = "unsupported-column"
    title = Message("A column's type is not supported")


class BadColumnName(FileRefused):
    """A name that is too long or holds a NUL character."""

    slug = "bad-column-name"
    title = Message("A column's name cannot be used")


class ValueTooLarge(FileRefused):
    """One value, or one row, is longer than any page of data may be."""

    slug = "value-too-large"
    title = Message("A value is too large")


class FileTooLarge(TooLarge):
    """Larger, stored or unpacked, than one revision may be."""

    slug = "file-too-large"
    title = Message("The file is too large")


class IngestTimeout(FileRefused):
    """The conversion took longer than it may."""

    slug = "ingest-timeout"
    title = Message("Converting the file took too long")


class IngestFailed(Unavailable):
    """The converting process crashed or returned invalid output; nothing is kept."""

    slug = "ingest-failed"
    title = Message("Converting the file failed")


_BY_SLUG: dict[str, type[FileRefused] | type[FileTooLarge]] = {
    kind.slug: kind
    for kind in (
        NotATable,
        EmptyFile,
        HeaderOnly,
        DuplicateColumn,
        HeaderBelow,
        RaggedRow,
        WrongEncoding,
        StatedOtherwise,
        TruncatedFile,
        MalformedRecord,
        MixedColumn,
        TypeMismatch,
        TooManyColumns,
        UnsupportedColumn,
        BadColumnName,
        ValueTooLarge,
        FileTooLarge,
    )
}


def needs_too_much_memory() -> FileTooLarge:
    """What is said of a file whose conversion ended for want of memory."""
    return FileTooLarge(
        Message("The file needs more memory than a conversion may use."),
        remedy=Message(
            "Split it into smaller files or fewer columns; write Parquet in row groups of at most 100,000 rows."
        ),
    )


def refusal_to_json(refusal: FileRefused | FileTooLarge) -> dict[str, Any]:
    """A refusal as JSON, with its texts as they can still be translated."""
    assert refusal.remedy is not None, "every refusal says what to do about it"
    return {
        "slug": refusal.slug,
        "detail": message_to_json(refusal.detail),
        "remedy": message_to_json(refusal.remedy),
        "extensions": packed(refusal.extensions),
    }


def refusal_from_json(document: dict[str, Any]) -> FileRefused | FileTooLarge:
    """Read what :func:`refusal_to_json` wrote.

    :raises KeyError, TypeError, ValueError: the document is of another shape.
    """
    return _BY_SLUG[document["slug"]](
        message_from_json(document["detail"]),
        remedy=message_from_json(document["remedy"]),
        **unpacked(document["extensions"]),
    )


def shown(value: str, limit: int = 60) -> str:
    """A value of the file made safe to print in a message: one line, bounded, quoted."""
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")
