"""Kinds of broken file: each is refused with its place, where it has one, and with what to do, in both languages.

None of them may be accepted with a value lost.
"""

import gzip
import io
import struct
import zipfile
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.messages import Message, translate
from listings.ingest import pipeline
from listings.ingest.errors import FileRefused, FileTooLarge
from listings.ingest.limits import Limits
from listings.ingest.result import IngestOptions
from tests.support.packing import archive, tar, zstd

LETTER = (
    "To whom it may concern.\nThis, as it were, is a letter.\nIt has, now, and, then, a comma.\nOr, two.\nYours, truly,"
    " and, ever, so, sincerely,\nA, B, and C\n"
)
DAYS = "".join(f"2024-01-{day:02},{day}\n" for day in range(1, 31))


def parquet(**columns: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made, compression="none")
    return made.getvalue()


def arrow(**columns: Any) -> bytes:
    made = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_file(made, table.schema) as writer:
        writer.write_table(table)
    return made.getvalue()


def damaged(content: bytes, place: int, mark: bytes = b"\xff\xff\xff\xff") -> bytes:
    return content[:place] + mark + content[place + len(mark) :]


def claiming_a_billion_rows() -> bytes:
    """A footer that says that its one row is there a billion times; zigzag numbers of Thrift, of equal length."""
    content = parquet(n=pa.array(range(1_000), pa.int64()))
    (size,) = struct.unpack("<I", content[-8:-4])
    footer = content[-8 - size : -8]
    claimed = footer.replace(b"\x16\xd0\x0f", b"\x16\x80\xa8\xd6\xb9\x07")
    assert claimed != footer
    return content[: -8 - size] + claimed + struct.pack("<I", len(claimed)) + b"PAR1"


TEXT = b"a,b\n1,2\n"
WORKBOOK = {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"<x/>"}
OPEN_DOCUMENT = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}
PLAIN = archive({"a.csv": TEXT})
ENCRYPTED = bytearray(PLAIN)
ENCRYPTED[6] |= 1
ENCRYPTED[PLAIN.index(b"PK\x01\x02") + 8] |= 1
WRONG = damaged(PLAIN, PLAIN.index(b"PK\x01\x02") + 16)

# What is broken: its bytes, the file's name, slug of the refusal, line, column, words of the detail.
KINDS: dict[str, tuple[bytes | str, str, str, int | None, str | None, str]] = {
    "empty": (b"", "f.csv", "empty-file", None, None, "is empty"),
    "blanks only": (" \n\t\n", "f.csv", "empty-file", None, None, "is empty"),
    "header and no row": ("a,b\n", "f.csv", "header-without-rows", 1, None, "no rows"),
    "a value too few": ("a,b\n1,2\n3\n4,5\n", "f.csv", "ragged-row", 3, None, "1 value where the header has 2"),
    "a value too many": ("a,b\n1,2\n3,4,5\n", "f.csv", "ragged-row", 3, None, "3 values where the header has 2"),
    "cut off in a line": ("a,b\n1,2\n3", "f.csv", "truncated-file", 3, None, "cut off"),
    "cut off in a character": ("站,b\n1,站".encode()[:-1], "f.csv", "truncated-file", 2, None, "middle of a character"),
    "a quote never closed": ('a,b\n1,"2\n3,4\n', "f.csv", "truncated-file", 2, None, "never ends"),
    "text behind a quote": ('a,b\n1,"x"y\n', "f.csv", "malformed-record", 2, None, "after a closing quote"),
    "a name twice": ("a,b,A\n1,2,3\n", "f.csv", "duplicate-column", 1, "A", "same name"),
    "a name of 300 characters": (f"a,{'b' * 300}\n1,2\n", "f.csv", "bad-column-name", 1, None, "300"),
    "a NUL": ("a,b\n1,2\n3,\0\n", "f.csv", "not-a-table", 3, None, "zero byte"),
    "Latin-1": ("a,b\n1,Périgueux\n".encode("latin-1"), "f.csv", "wrong-encoding", 2, None, "UTF-8"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "f.csv", "wrong-encoding", 1, None, "UTF-16"),
    "UTF-16 without its mark": ("a,b\n1,2\n3,4\n".encode("utf-16-le"), "f.csv", "wrong-encoding", 1, None, "UTF-16"),
    "a web page": ("<!DOCTYPE html><html></html>", "f.csv", "not-a-table", None, None, "web page"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "f.csv", "not-a-table", None, None, "PNG"),
    "a program's output": (bytes(range(1, 256)) * 9 + b"\0", "f.csv", "not-a-table", 10, None, "binary"),
    "a letter": (LETTER, "f.csv", "not-a-table", 2, None, "reads as text"),
    "a number among dates": ("d,n\n" + DAYS + "45322,1\n", "f.csv", "mixed-column", 32, "d", "not a date"),
    "a day that is none": ("d,n\n" + DAYS + "2024-02-30,1\n", "f.csv", "mixed-column", 32, "d", "calendar"),
    "two headers": ("d,n\n" + DAYS + "d,n\n" + DAYS, "f.csv", "mixed-column", 32, "d", "'d'"),
    "a line of 10 MB": ("a,b\n1," + "x" * 10_000_000 + "\n", "f.csv", "malformed-record", 2, None, "longer than"),
    "a value of 600 kB": ("a,b\n1,2\n3," + "x" * 600_000 + "\n", "f.csv", "value-too-large", 3, "b", "600,000"),
    "2,001 columns": (",".join(f"c{n}" for n in range(2_001)) + "\n", "f.csv", "too-many-columns", None, None, "2,001"),
    "half an object": ('{"a": 1}\n{"a": 2', "f.jsonl", "truncated-file", 2, None, "half an object"),
    "no JSON": ('{"a": 1}\n{a: 2}\n', "f.jsonl", "malformed-record", 2, None, "character 2"),
    "full-width quotes": ('{"a": 1}\n{“a”: 2}\n', "f.jsonl", "malformed-record", 2, None, "instead of"),
    "a list among objects": ('{"a": 1}\n[1]\n', "f.jsonl", "malformed-record", 2, None, "not a JSON object"),
    "a key twice": ('{"a": 1}\n{"a": 1, "a": 2}\n', "f.jsonl", "duplicate-column", 2, "a", "more than once"),
    "NaN in JSON": ('{"a": 1}\n{"a": NaN}\n', "f.jsonl", "malformed-record", 2, None, "NaN"),
    "nested too deep": ('{"a": ' + "[" * 5_000 + "]" * 5_000 + "}\n", "f.jsonl", "malformed-record", 1, None, "deep"),
    "a JSON array": ('[{"a": 1}]', "f.json", "not-a-table", 1, None, "array"),
    "a JSON document": ('{\n "data": [{"a": 1}]\n}\n', "f.json", "not-a-table", 1, None, "JSON document"),
    "Parquet cut off": (parquet(a=[1, 2])[:-20], "f.parquet", "truncated-file", None, None, "cut off"),
    "Parquet of a damaged footer": (
        damaged(parquet(a=[1, 2]), len(parquet(a=[1, 2])) - 60), "f.parquet", "truncated-file", None, None, "damaged",
    ),
    "Parquet that claims a billion rows": (
        claiming_a_billion_rows(), "f.parquet", "file-too-large", None, None, "1,000,000,000 rows",
    ),
    "Parquet of no columns": (parquet(), "f.parquet", "empty-file", None, None, "no columns"),
    "Parquet of bytes": (parquet(a=[b"\xff"]), "f.parquet", "unsupported-column", None, "a", "binary"),
    "Parquet by name only": ("a,b\n1,2\n", "f.parquet", "not-a-table", None, None, "named .parquet"),
    "Parquet of spans of time": (parquet(a=[timedelta(1)]), "f.parquet", "unsupported-column", None, "a", "duration"),
    "Arrow cut off": (arrow(a=[1, 2])[:-20], "f.arrow", "truncated-file", None, None, "cut off"),
    "Arrow without rows": (arrow(a=pa.array([], pa.int64())), "f.arrow", "header-without-rows", None, None, "no rows"),
    "Arrow of a damaged inside": (
        damaged(arrow(a=["x" * 100]), 100, b"\xff" * 200), "f.arrow", "truncated-file", None, None, "damaged",
    ),
    "UTF-32": ("a,b\n1,2\n".encode("utf-32"), "f.csv", "wrong-encoding", 1, None, "UTF-32"),
    "backslashes for quotes": ('a,b\n1,"x\\"y"\n', "f.csv", "malformed-record", 2, None, "closing quote"),
    "two tables in a file": ("a,b\n1,2\n\nc,d,e\n1,2,3\n", "f.csv", "ragged-row", 4, None, "3 values"),
    "commas between objects": ('{"a": 1},\n{"a": 2}\n', "f.jsonl", "malformed-record", 1, None, "character 9"),
    "objects without line ends": ('{"a": 1}{"a": 2}\n', "f.jsonl", "malformed-record", 1, None, "character 9"),
    "JSON as Python writes it": ("{'a': None}\n", "f.jsonl", "malformed-record", 1, None, "single quotes"),
    "True in JSON": ('{"a": True}\n', "f.jsonl", "malformed-record", 1, None, "character 7"),
    "texts for objects": ('"a"\n"b"\n', "f.jsonl", "malformed-record", 1, None, "not a JSON object"),
    "a byte order mark within": ('{"a": 1}\n\ufeff{"a": 2}\n', "f.jsonl", "malformed-record", 2, None, "character 1"),
    "half of a surrogate pair": ('{"a": "\\ud83d"}\n', "f.jsonl", "malformed-record", 1, None, "surrogate"),
    "objects of nothing": ("{}\n{}\n", "f.jsonl", "empty-file", None, None, "no records"),
    "a pointer of Git LFS": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "f.csv", "not-a-table", None, None, "LFS",
    ),
    "Parquet that is encrypted": (b"PARE" + bytes(40) + b"PARE", "f.parquet", "not-a-table", None, None, "encrypted"),
    "Feather of version 1": (b"FEA1" + bytes(40) + b"FEA1", "f.feather", "not-a-table", None, None, "version 1"),
    "a tar": (tar(TEXT), "f.tar", "not-a-table", None, None, "tar archive"),
    "a file packed by compress": (b"\x1f\x9d\x90abc", "f.csv.Z", "not-a-table", None, None, "compress"),
    "LZ4": (b"\x04\x22\x4d\x18" + bytes(20), "f.lz4", "not-a-table", None, None, "LZ4"),
    "gzip cut off": (gzip.compress(TEXT)[:-9], "f.csv.gz", "truncated-file", None, None, "cut off"),
    "Zstandard cut off": (zstd(TEXT * 9)[:-5], "f.csv.zst", "truncated-file", None, None, "cut off"),
    "gzip of a wrong checksum": (
        gzip.compress(TEXT)[:-8] + bytes(8), "f.csv.gz", "truncated-file", None, None, "damaged",
    ),
    "more behind the gzip": (gzip.compress(TEXT) + b"more", "f.csv.gz", "truncated-file", None, None, "damaged"),
    "ZIP cut off": (archive({"a.csv": TEXT})[:-30], "f.zip", "truncated-file", None, None, "damaged"),
    "ZIP of six bytes": (b"PK\x03\x04\x14\x00", "f.zip", "truncated-file", None, None, "damaged"),
    "ZIP of a wrong checksum": (WRONG, "f.zip", "truncated-file", None, None, "CRC"),
    "gzip of nothing": (gzip.compress(b""), "f.csv.gz", "empty-file", None, None, "nothing"),
    "an empty ZIP": (archive({}), "f.zip", "not-a-table", None, None, "empty ZIP"),
    "ZIP of a folder": (archive({"a/": b""}), "f.zip", "not-a-table", None, None, "no file"),
    "ZIP of two files": (
        archive({"a.csv": TEXT, "b.csv": TEXT}), "f.zip", "not-a-table", None, None, "2 files: 'a.csv', 'b.csv'",
    ),
    "an Excel workbook": (archive(WORKBOOK), "f.xlsx", "not-a-table", None, None, "Excel workbook"),
    "an OpenDocument": (archive(OPEN_DOCUMENT), "f.ods", "not-a-table", None, None, "OpenDocument"),
    "ZIP with a password": (bytes(ENCRYPTED), "f.zip", "not-a-table", None, None, "password"),
    "ZIP of LZMA": (archive({"a": TEXT * 9}, zipfile.ZIP_LZMA), "f.zip", "not-a-table", None, None, "not read here"),
    "gzip in gzip": (
        gzip.compress(gzip.compress(TEXT)), "f.gz", "not-a-table", None, None, "archive itself (gzip)",
    ),
    "ZIP in Zstandard": (zstd(archive({"a.csv": TEXT})), "f.zst", "not-a-table", None, None, "archive itself (ZIP)"),
    "tar in gzip": (gzip.compress(tar(TEXT)), "f.tar.gz", "not-a-table", None, None, "archive itself (tar)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_refused_with_its_place_and_what_to_do(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pipeline, "unpacking", nullcontext
    )  # bounds this process, which has much else to hold
    content, name, slug, line, column, words = KINDS[kind]
    source, work = tmp_path / "source", tmp_path / "work"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    work.mkdir()
    with pytest.raises((FileRefused, FileTooLarge)) as caught:
        pipeline.ingest(source, tmp_path / "revision", work, name, IngestOptions(), Limits())
    refusal = caught.value
    assert isinstance(refusal.detail, Message)
    assert isinstance(refusal.remedy, Message)
    assert (refusal.slug, refusal.extensions.get("line")) == (slug, line), refusal.detail
    if column is not None:
        assert refusal.extensions["column"] == column
    assert words in refusal.detail, refusal.detail
    for text in (refusal.detail, refusal.remedy):
        told = translate(text, "zh")
        assert told != text, "told in Chinese too"
        assert any("\u4e00" <= character <= "\u9fff" for character in told)
    assert not (tmp_path / "revision").exists()


def test_there_are_thirty_kinds_and_more() -> None:
    assert len(KINDS) > 30
