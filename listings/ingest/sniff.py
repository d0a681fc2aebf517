"""What kind of file is this? Format by content, dialect by counting. Pure Python."""

import codecs
import csv
import io
import mmap
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.messages import Message
from listings.ingest.encodings import overlong, utf_16_order
from listings.ingest.errors import (
    EmptyFile,
    FileRefused,
    HeaderBelow,
    MalformedRecord,
    NotATable,
    TruncatedFile,
    WrongEncoding,
)
from listings.ingest.limits import Limits
from listings.ingest.readings import BLANKS
from listings.ingest.result import IngestOptions, TextEncoding

HEAD_BYTES = 256 * 1024
DELIMITERS = (",", "\t", ";", "|")
"""Looked for in this order."""
QUOTE = '"'

_NOT_TABLES: tuple[tuple[bytes, Message, Message], ...] = (
    (b"\x89PNG", Message("a PNG image"), Message("Upload the table the picture was made from.")),
    (b"\xff\xd8\xff", Message("a JPEG image"), Message("Upload the table the picture was made from.")),
    (b"GIF8", Message("a GIF image"), Message("Upload the table the picture was made from.")),
    (b"%PDF", Message("a PDF document"), Message("Upload the table itself, as CSV or Parquet.")),
    (b"{\\rtf", Message("a word-processor document"), Message("Upload the table itself, as CSV or Parquet.")),
    (b"PK\x05\x06", Message("an empty ZIP archive"), Message("Put the table into it.")),
    (b"\xd0\xcf\x11\xe0", Message("an old Excel workbook"), Message("Save the sheet as CSV.")),
    (b"BZh", Message("a bzip2 archive"), Message("Unpack it and upload the file inside.")),
    (b"\xfd7zXZ", Message("an xz archive"), Message("Unpack it and upload the file inside.")),
    (b"SQLite format 3", Message("an SQLite database"), Message("Export the table as CSV or Parquet.")),
    (b"7z\xbc\xaf\x27\x1c", Message("a 7-Zip archive"), Message("Unpack it and upload the file inside.")),
    (b"Rar!\x1a\x07", Message("a RAR archive"), Message("Unpack it and upload the file inside.")),
    (b"Obj\x01", Message("an Avro file"), Message("Export the table as CSV or Parquet.")),
    (b"ORC", Message("an ORC file"), Message("Export the table as CSV or Parquet.")),
    (b"\x7fELF", Message("a program"), Message("Upload a CSV, TSV, JSON Lines, Parquet or Arrow file.")),
)
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
_ARRAY = re.compile(rb"\[\s*([\[{\]]|$)")
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|svg|head|body|table)", re.IGNORECASE)
_ACCEPTED = Message("Upload a CSV, TSV, JSON Lines, Parquet or Arrow file.")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text file is written."""

    delimiter: str
    header: bool
    names: tuple[str, ...]


def format_of(path: Path, filename: str, encoding: TextEncoding | None = None) -> str:
    """``csv``, ``json-lines``, ``parquet``, ``arrow-file`` or ``arrow-stream``, by content before name.

    :param encoding: of a text file, where it is stated.
    :raises FileRefused: the file is empty, is something else, or is cut off.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(max(size - 8, 0))
        tail = stream.read(8)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise EmptyFile(
            Message("The file is empty."),
            remedy=Message("Upload a file with a header and rows."),
        )
    if head.startswith(b"PAR1"):
        return _whole("parquet", "Parquet", size >= 12 and tail.endswith(b"PAR1"))
    if head.startswith(b"ARROW1"):
        return _whole("arrow-file", "Arrow", size >= 16 and tail.endswith(b"ARROW1"))
    if head.startswith(b"\xff\xff\xff\xff"):
        return "arrow-stream"
    suffix = Path(filename).suffix.lower()
    if encoding is TextEncoding.UTF_16:
        return "json-lines" if suffix in _JSON_SUFFIXES else "csv"
    _refuse_other_formats(head)
    if suffix in {".parquet", ".arrow", ".feather", ".ipc"}:
        raise NotATable(
            Message("The file is named {suffix} and its content is something else.", suffix=suffix),
            remedy=_ACCEPTED,
        )
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if suffix in _JSON_SUFFIXES or start.startswith(b"{") or _ARRAY.match(start):
        _refuse_json_documents(start, tail)
        return "json-lines"
    return "csv"


def _refuse_json_documents(start: bytes, tail: bytes) -> None:
    """Refuse JSON that is one value, not one object a line.

    :raises NotATable: it is an array, or an object over several lines.
    """
    if start.startswith(b"["):
        raise NotATable(
            Message("The file is one JSON array, not JSON Lines."),
            remedy=Message(
                "Write one object per line, without the brackets and commas around them, as jq -c '.[]' does."
            ),
            line=1,
        )
    first, end, _ = start.partition(b"\n")
    if end and start.startswith(b"{") and not first.rstrip().endswith(b"}") and tail.rstrip().endswith(b"}"):
        raise NotATable(
            Message("The file is one JSON document over several lines, not one object per line."),
            remedy=Message(
                "Write one object per line. If the records lie in a list of the document,"
                " jq -c '.name_of_the_list[]' writes them so; if it is one record, jq -c . does."
            ),
            line=1,
        )


def _whole(name: str, label: str, complete: bool) -> str:
    if not complete:
        raise TruncatedFile(
            Message("The {label} file has its beginning and not its end: it was cut off.", label=label),
            remedy=Message("Upload it again, whole."),
        )
    return name


def _refuse_other_formats(head: bytes) -> None:
    for magic, what, remedy in _NOT_TABLES:
        if head.startswith(magic):
            raise NotATable(Message("The file is {what}, not a table.", what=what), remedy=remedy)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise WrongEncoding(
            Message("The file is encoded as UTF-16."),
            remedy=Message("Save it as UTF-8, or add encoding=utf-16 to the address of the upload."),
            line=1,
            byte=0,
        )
    if utf_16_order(head):
        raise WrongEncoding(
            Message("The file reads as UTF-16."),
            remedy=Message("Save it as UTF-8, or add encoding=utf-16 to the address of the upload."),
            line=1,
            byte=0,
        )
    if _MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        raise NotATable(
            Message("The file is a web page or an XML document, not a table."),
            remedy=Message("Upload the table itself; a login page is often saved in place of a download."),
        )
    if b"\x00" in head:
        raise NotATable(Message("The file is binary and of no format known here."), remedy=_ACCEPTED)


def ends_with_newline(path: Path) -> bool:
    """Whether the last byte of a non-empty file ends a line."""
    with path.open("rb") as stream:
        stream.seek(-1, io.SEEK_END)
        return stream.read(1) in b"\r\n"


def estimated_rows(path: Path) -> int:
    """About how many lines a text file has, going by the first ones."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    return path.stat().st_size * (head.count(b"\n") + 1) // max(len(head), 1)


def has_blank_line(path: Path, *, at_start: bool) -> bool:
    """Whether a line of a file that is not empty is blank; those within quoted values count too.

    :param at_start: look at the first line only.
    """
    pattern = rb"\A(\xef\xbb\xbf)?[\r\n]" if at_start else rb"\A(\xef\xbb\xbf)?[\r\n]|\n\r?\n|\r\r"
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return re.search(pattern, content) is not None


def records(path: Path, delimiter: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """Every record of a UTF-8 CSV file with the line it starts on; blank lines are passed over.

    :raises FileRefused: a quoted value never ends, a quote stands where none may, or a record is too long.
    """
    csv.field_size_limit(limits.record_bytes)
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(_bounded(stream, limits), delimiter=delimiter, quotechar=QUOTE, strict=True)
        started = 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _broken(str(error), started) from None
            if row:
                yield started, row
            started = reader.line_num + 1


def _bounded(stream: io.TextIOWrapper, limits: Limits) -> Iterator[str]:
    number = 0
    while line := stream.readline(limits.record_bytes):
        number += 1
        if len(line) >= limits.record_bytes:
            raise overlong(number, limits)
        yield line


def _broken(message: str, line: int) -> FileRefused:
    if "unexpected end" in message or "field larger" in message:
        return TruncatedFile(
            Message(
                "A quoted value that begins in the record on line {line} never ends: the file was "
                "cut off, or a quote is not closed.",
                line=line,
            ),
            remedy=Message("Close the quote, or upload the file again, whole."),
            line=line,
        )
    return MalformedRecord(
        Message("Line {line} has text after a closing quote.", line=line),
        remedy=Message('Double each quote inside a quoted value ("") as RFC 4180 says.'),
        line=line,
    )


def dialect_of(
    path: Path, filename: str, options: IngestOptions, limits: Limits, expected: Sequence[str] = ()
) -> Dialect:
    """Find delimiter, header and column names of a UTF-8 CSV file from its first 256 KiB.

    The delimiter is the one under which most records have as many values as the first. Without a header the
    columns are called ``column_1`` and so on.

    :param options: delimiter and header as the owner states them; detected where not stated.
    :param expected: names of columns: a first line with one of them is a header.
    :raises FileRefused: the first record cannot be read, or the lines have no constant shape.
    """
    delimiter = options.delimiter.mark if options.delimiter else None
    rows_by = {mark: _head_rows(path, mark) for mark in ([delimiter] if delimiter else DELIMITERS)}
    best = delimiter or max(
        DELIMITERS,
        key=lambda mark: (_steadiness(rows_by[mark]), filename.lower().endswith(".tsv") and mark == "\t"),
    )
    rows = rows_by[best]
    if not delimiter and _steadiness(rows) == 0:
        # One column, or a title above a table, which is told as a line that differs from the rest.
        titled = [
            mark for mark in DELIMITERS if len(rows_by[mark]) > 2 and _steadiness(rows_by[mark][1:]) == 1
        ]
        best = titled[0] if titled else ","
        rows = rows_by[best]
    _, first = next(records(path, best, limits), (1, []))
    if not first:
        raise EmptyFile(
            Message("The file has no records."),
            remedy=Message("Upload a file with a header and rows."),
        )
    if options.header is None:
        _refuse_lines_above(first, rows_by.values(), expected)
    widths = Counter(len(row) for row in rows)
    if len(rows) >= 5 and len(widths) >= 4 and widths[len(first)] < len(rows) / 3:
        raise NotATable(
            Message(
                "The lines of the file have {widths} to {widths_2} values: it reads as text, not as a table.",
                widths=min(widths),
                widths_2=max(widths),
            ),
            remedy=_ACCEPTED,
            line=2,
        )
    named = _names_in(first, expected)
    has_header = options.header if options.header is not None else bool(named) or _has_header(first, rows[1:])
    names = tuple(first) if has_header else tuple(f"column_{i + 1}" for i in range(len(first)))
    return Dialect(best, has_header, names)


def _names_in(row: Sequence[str], expected: Sequence[str]) -> set[str]:
    return {name.casefold() for name in expected} & {cell.strip(BLANKS).casefold() for cell in row}


def _refuse_lines_above(
    first: Sequence[str], readings: Iterable[list[list[str]]], expected: Sequence[str]
) -> None:
    """Refuse a file whose expected column names stand in a further line, below a title or another header.

    :param readings: the first records, by each delimiter that is tried.
    :raises HeaderBelow: names the line, counting those that are not blank.
    """
    if not expected or _names_in(first, expected):
        return
    for rows in readings:
        for place, row in enumerate(rows[1:_LINES_ABOVE], start=2):
            if len(_names_in(row, expected)) * 2 > len(expected):
                raise HeaderBelow(
                    Message("The names of the columns are in line {line}, and not in the first.", line=place),
                    remedy=Message(
                        "Take out the lines above it (a title, a second header) and upload the file again."
                    ),
                    line=place,
                )


def _head_rows(path: Path, delimiter: str) -> list[list[str]]:
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        text = stream.read(HEAD_BYTES)
    if len(text) == HEAD_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    rows: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=QUOTE)
        rows.extend(row for row in reader if row)
    return rows


def _steadiness(rows: list[list[str]]) -> float:
    if not rows or len(rows[0]) < 2:
        return 0.0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows)


_TYPED = re.compile(
    r"-?\d+([.,]\d+)?([eE][+-]?\d+)?|\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T].*)?|true|false", re.IGNORECASE
)
_LINES_ABOVE = 20
_YEAR = re.compile(r"(19|20)\d\d")


def _has_header(first: list[str], rest: list[list[str]]) -> bool:
    """A first record is data when some of its values are of their column's type and none names one.

    A plain year over a column of numbers counts for neither: tables by year have such headers.
    """
    typed = named = 0
    for index, cell in enumerate(first):
        below = [row[index].strip() for row in rest[:200] if index < len(row) and row[index].strip()]
        if not below or not all(_TYPED.fullmatch(value) for value in below) or _YEAR.fullmatch(cell.strip()):
            continue
        if _TYPED.fullmatch(cell.strip()):
            typed += 1
        else:
            named += 1
    return not typed or bool(named)
