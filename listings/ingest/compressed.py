"""A compressed file unpacked: gzip, Zstandard, and ZIP archives that hold one file. By content, never by name.

What comes out is bounded while it comes, since kilobytes may stand for terabytes, and must not be packed once more.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from infra.messages import Message
from listings.ingest.errors import EmptyFile, FileTooLarge, NotATable, TruncatedFile, shown
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.progress import Reporter
from listings.ingest.result import Notice
from listings.ingest.sniff import is_tar

_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_OTHERS = {
    _ZIP: "ZIP",
    b"PK\x05\x06": "ZIP",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    _GZIP: "gzip",
    _ZSTD: "Zstandard",
}
_RATIO_FROM = 64 * MEBIBYTE
"""Less than this may be packed as tightly as it likes."""

_BLOCK = MEBIBYTE
_OFFICE = (
    ("xl/", Message("an Excel workbook")),
    ("word/", Message("a word-processor document")),
    ("ppt/", Message("a presentation")),
    ("content.xml", Message("an OpenDocument file")),
)
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_UPLOAD_AGAIN = Message("Upload it again, whole.")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file as it came, or what was in it.

    :param filename: what the file inside is called, a hint to its format.
    """

    path: Path
    filename: str
    notices: tuple[Notice, ...] = ()


def unpacked(source: Path, work: Path, filename: str, limits: Limits, reporter: Reporter) -> Unpacked:
    """The file, unpacked into the work folder where it is compressed.

    :raises NotATable: the archive holds no file, several, one with a password, an office document or another archive.
    :raises FileTooLarge: more comes out than the limits allow, or so much more than went in as no table does.
    :raises TruncatedFile: it is cut off or damaged.
    """
    with source.open("rb") as stream:
        head = stream.read(4)
    target = work / "source.unpacked"
    if head.startswith(_GZIP):
        label, inner = "gzip", _without(filename, ".gz", ".gzip")
        _stream(source, target, "gzip", limits, reporter)
    elif head == _ZSTD:
        label, inner = "Zstandard", _without(filename, ".zst", ".zstd")
        _stream(source, target, "zstd", limits, reporter)
    elif head == _ZIP:
        label, inner = "ZIP", _from_zip(source, target, limits, reporter)
    else:
        return Unpacked(source, filename)
    size = target.stat().st_size
    _refuse_archives(target)
    message = Message("The file was unpacked from {label}: {size:,} bytes.", label=label, size=size)
    return Unpacked(target, inner, (Notice("unpacked", message),))


def _without(filename: str, *suffixes: str) -> str:
    for suffix in suffixes:
        if filename.lower().endswith(suffix):
            return filename[: -len(suffix)]
    return filename


def _stream(source: Path, target: Path, codec: str, limits: Limits, reporter: Reporter) -> None:
    import pyarrow as pa  # which plain text files do without

    size = source.stat().st_size
    try:
        with source.open("rb") as packed, pa.CompressedInputStream(pa.PythonFile(packed), codec) as stream:
            _copy(stream, target, size, limits, reporter)
    except pa.ArrowMemoryError:
        raise MemoryError from None
    except OSError as error:
        raise _damaged(str(error)) from None


def _from_zip(source: Path, target: Path, limits: Limits, reporter: Reporter) -> str:
    with _told_of_damage(), zipfile.ZipFile(source) as archive:
        entries = [
            entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)
        ]
        names = {entry.filename for entry in entries}
        for mark, what in _OFFICE:
            if any(name == mark or name.startswith(mark) for name in names):
                raise NotATable(
                    Message("The file is {what}, not a table.", what=what),
                    remedy=Message(
                        "Save the sheet with the table as CSV (in Excel: Save As, CSV UTF-8) and upload that file."
                    ),
                )
        if len(entries) != 1:
            raise NotATable(
                Message(
                    "The ZIP archive holds {count:,} files: {names}.",
                    count=len(entries),
                    names=", ".join(shown(_name_of(entry)) for entry in entries[:5]) or "-",
                )
                if entries
                else Message("The ZIP archive holds no file."),
                remedy=Message("Upload one file at a time, or an archive that holds one file."),
            )
        (entry,) = entries
        if entry.flag_bits & 1:
            raise NotATable(
                Message("The ZIP archive is encrypted with a password."),
                remedy=Message("Unpack it and upload the file inside."),
            )
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotATable(
                Message("The ZIP archive is compressed in a way that is not read here."),
                remedy=Message("Pack it as an ordinary ZIP archive (Deflate) or as gzip."),
            )
        with archive.open(entry) as stream:
            _copy(stream, target, max(entry.compress_size, 1), limits, reporter)
        return PurePosixPath(_name_of(entry)).name


def _name_of(entry: zipfile.ZipInfo) -> str:
    """The name of a file of an archive; those packed on Chinese Windows are in GBK."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or PurePosixPath(name).name in _LITTER


@contextmanager
def _told_of_damage() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _damaged(str(error) or type(error).__name__) from None


def _damaged(reason: str) -> TruncatedFile:
    reason = reason.splitlines()[0][:200].rstrip(".")
    return TruncatedFile(
        Message("The compressed file is damaged or cut off: {reason}.", reason=reason), remedy=_UPLOAD_AGAIN
    )


def _copy(stream: Any, target: Path, packed: int, limits: Limits, reporter: Reporter) -> None:
    """Write what comes out of a stream, as long as it is no more than may.

    :param packed: bytes that it comes from.
    """
    size = 0
    with target.open("wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > limits.unpacked_bytes or size > max(_RATIO_FROM, packed * limits.unpacked_ratio):
                raise FileTooLarge(
                    Message(
                        "The {packed:,} bytes of the file unpack to more than {size:,}.",
                        packed=packed,
                        size=min(limits.unpacked_bytes, max(_RATIO_FROM, packed * limits.unpacked_ratio)),
                    ),
                    remedy=Message("Split it into smaller files, or upload it unpacked."),
                )
            file.write(block)
            reporter.at(size / (packed * 10))  # tables are packed about so much
    if not size:
        raise EmptyFile(
            Message("The compressed file holds nothing."),
            remedy=Message("Upload a file with a header and rows."),
        )


def _refuse_archives(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(1024)
    label = next((label for magic, label in _OTHERS.items() if head.startswith(magic)), None)
    if label is None and is_tar(head):
        label = "tar"
    if label is not None:
        raise NotATable(
            Message("The file inside the archive is an archive itself ({label}).", label=label),
            remedy=Message("Unpack it, and upload the table, compressed once at most."),
        )
