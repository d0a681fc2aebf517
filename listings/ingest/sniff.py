"""What kind of file is this? Format by content, dialect by counting. Pure Python."""

import codecs
import io
import mmap
import re
from pathlib import Path

from infra.messages import Message
from listings.ingest.encodings import utf_16_order
from listings.ingest.errors import (
    EmptyFile,
    NotATable,
    TruncatedFile,
    WrongEncoding,
)
from listings.ingest.result import TextEncoding

HEAD_BYTES = 256 * 1024

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
    (b"\x1f\x9d", Message("a file packed by compress"), Message("Unpack it and upload the file inside.")),
    (b"\x04\x22\x4d\x18", Message("an LZ4 archive"), Message("Unpack it and upload the file inside.")),
    (
        b"FEA1",
        Message("a Feather file of version 1"),
        Message("Write it as Feather of version 2, or Parquet."),
    ),
    (b"PARE", Message("an encrypted Parquet file"), Message("Write it without encryption.")),
    (
        b"version https://git-lfs",
        Message("a pointer of Git LFS to another file"),
        Message("Upload the file that it stands for: git lfs pull fetches it."),
    ),
    (b"\x7fELF", Message("a program"), Message("Upload a CSV, TSV, JSON Lines, Parquet or Arrow file.")),
)
_ZEROS = 10
"""Of so many bytes one is zero at most in a text that is damaged."""

_TAR = 257
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
_ARRAY = re.compile(rb"\[\s*([\[{\]]|$)")
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|svg|head|body|table)", re.IGNORECASE)
ACCEPTED = Message("Upload a CSV, TSV, JSON Lines, Parquet or Arrow file.")
"""What to do with anything else."""


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
            remedy=ACCEPTED,
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
    if (
        end
        and start.startswith(b"{")
        and not first.rstrip(b", \t\r").endswith(b"}")
        and tail.rstrip().endswith(b"}")
    ):
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
    if is_tar(head):
        raise NotATable(
            Message("The file is {what}, not a table.", what=Message("a tar archive")),
            remedy=Message("Unpack it and upload the file inside."),
        )
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise WrongEncoding(
            Message("The file is encoded as UTF-32."), remedy=Message("Save it as UTF-8."), line=1, byte=0
        )
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
    if head.count(0) > len(head) // _ZEROS:  # of a single one the line can be told
        raise NotATable(Message("The file is binary and of no format known here."), remedy=ACCEPTED)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so is a tar archive."""
    return head[_TAR : _TAR + 5] == b"ustar"


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
