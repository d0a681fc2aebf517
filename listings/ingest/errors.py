"""Why a file was not taken in, as the service tells it. One class per refusal, found by its slug.

Each carries ``line`` (of the source file, from 1) and ``column`` (its name) where the refusal has one.
"""

from infra.errors import Invalid, TooLarge, Unavailable
from infra.messages import Message
from listings.ingest import problems


class FileRefused(Invalid):
    """The file cannot become a revision."""

    slug = "file-refused"
    title = Message("The file cannot be taken in")


class NotATable(FileRefused):
    """An image, a document, an archive, a web page, or text without a tabular shape."""

    slug = problems.NOT_A_TABLE
    title = Message("The file is not a table")


class EmptyFile(FileRefused):
    """No bytes, or nothing but blanks."""

    slug = problems.EMPTY_FILE
    title = Message("The file is empty")


class HeaderOnly(FileRefused):
    """Columns and no rows."""

    slug = problems.HEADER_ONLY
    title = Message("The file has no rows")


class DuplicateColumn(FileRefused):
    """Two columns of one name, compared without case."""

    slug = problems.DUPLICATE_COLUMN
    title = Message("Two columns have one name")


class RaggedRow(FileRefused):
    """A line with more or fewer values than the header."""

    slug = problems.RAGGED_ROW
    title = Message("A line has another number of values than the header")


class WrongEncoding(FileRefused):
    """Neither UTF-8 nor GB18030."""

    slug = problems.WRONG_ENCODING
    title = Message("The file's encoding is not understood")


class TruncatedFile(FileRefused):
    """The end of the file is missing, or its inside is damaged."""

    slug = problems.TRUNCATED
    title = Message("The file is cut off or damaged")


class MalformedRecord(FileRefused):
    """A line that breaks the rules of its format."""

    slug = problems.MALFORMED_RECORD
    title = Message("A line cannot be read")


class MixedColumn(FileRefused):
    """A column of dates or times that holds something else."""

    slug = problems.MIXED_COLUMN
    title = Message("A column holds values of another type")


class TooManyColumns(FileRefused):
    """Wider than the limit."""

    slug = problems.TOO_MANY_COLUMNS
    title = Message("The table has too many columns")


class UnsupportedColumn(FileRefused):
    """A type whose values no interface can hand out."""

    slug = problems.UNSUPPORTED_COLUMN
    title = Message("A column's type is not supported")


class BadColumnName(FileRefused):
    """A name too long."""

    slug = problems.BAD_COLUMN_NAME
    title = Message("A column's name cannot be used")


class FileTooLarge(TooLarge):
    """Larger, stored or unpacked, than one revision may be."""

    slug = problems.TOO_LARGE
    title = Message("The file is too large")


class IngestTimeout(FileRefused):
    """The conversion took longer than it may."""

    slug = "ingest-timeout"
    title = Message("Taking in the file took too long")


class IngestFailed(Unavailable):
    """The converting process fell or answered nonsense; the file or the machine is to blame, and nothing is kept."""

    slug = "ingest-failed"
    title = Message("Taking in the file failed")


REFUSALS: dict[str, type[FileRefused] | type[FileTooLarge]] = {
    kind.slug: kind
    for kind in (
        NotATable,
        EmptyFile,
        HeaderOnly,
        DuplicateColumn,
        RaggedRow,
        WrongEncoding,
        TruncatedFile,
        MalformedRecord,
        MixedColumn,
        TooManyColumns,
        UnsupportedColumn,
        BadColumnName,
        FileTooLarge,
    )
}
