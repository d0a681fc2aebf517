"""Compressed files are unpacked within bounds, and read as what is in them."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listings.ingest.errors import EmptyFile, FileRefused, FileTooLarge, NotATable, TruncatedFile
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import IngestResult
from tests.support.budget import roomy
from tests.support.conversions import convert_here

TEXT = 'code,n,名称\n00701,1,街道\n00702,2,"a,\nb"\n'.encode()
ROWS = [("00701", 1, "街道"), ("00702", 2, "a,\nb")]


async def take(
    folder: Path, content: bytes, name: str, **given: Any
) -> tuple[IngestResult, list[tuple[Any, ...]]]:
    (folder / "source").write_bytes(content)
    target = folder / "out" / "revision.parquet"
    result = await convert_here(
        folder / "source", target, filename=name, timeout_s=60, budget=roomy(folder), **given
    )
    return result, duckdb.execute(f"SELECT * FROM read_parquet('{target}')").fetchall()


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return made.getvalue()


def tar(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as opened:
        info = tarfile.TarInfo("a.csv")
        info.size = len(content)
        opened.addfile(info, io.BytesIO(content))
    return made.getvalue()


def table(kind: str) -> bytes:
    made = io.BytesIO()
    columns = pa.table({"code": ["00701", "00702"], "n": [1, 2], "名称": ["街道", "a,\nb"]})
    if kind == "parquet":
        pq.write_table(columns, made)
    else:
        with pa.ipc.new_stream(made, columns.schema) as writer:
            writer.write_table(columns)
    return made.getvalue()


LINES = '{"code": "00701", "n": 1, "名称": "街道"}\n{"code": "00702", "n": 2, "名称": "a,\\nb"}\n'.encode()


@pytest.mark.parametrize("inner", ["csv", "gb18030", "json-lines", "parquet", "arrow-stream"])
@pytest.mark.parametrize("packing", ["gzip", "two members", "zstd", "zip", "stored zip"])
async def test_what_is_inside_is_read(tmp_path: Path, packing: str, inner: str) -> None:
    content = {
        "csv": TEXT,
        "gb18030": TEXT.decode().encode("gb18030"),
        "json-lines": LINES,
        "parquet": table("parquet"),
        "arrow-stream": table("arrow"),
    }[inner]
    packed = {
        "gzip": lambda: gzip.compress(content),
        "two members": lambda: gzip.compress(content[:20]) + gzip.compress(content[20:]),
        "zstd": lambda: zstd(content),
        "zip": lambda: archive({"数据/文件": content, "__MACOSX/x": b"litter", "数据/.DS_Store": b"litter"}),
        "stored zip": lambda: archive({"data": content}, zipfile.ZIP_STORED),
    }[packing]()
    result, rows = await take(tmp_path, packed, "file.bin")
    assert rows == ROWS
    assert result.source_format == ("csv" if inner == "gb18030" else inner)
    assert result.source_bytes == len(packed)
    assert result.notices[0].code == "unpacked"


WORKBOOK = {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"<x/>"}
ENCRYPTED = bytearray(archive({"a.csv": TEXT}))
ENCRYPTED[6] |= 1
ENCRYPTED[ENCRYPTED.index(b"PK\x01\x02") + 8] |= 1
OPEN_DOCUMENT = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}


@pytest.mark.parametrize(
    ("packed", "why", "words"),
    [
        pytest.param(gzip.compress(TEXT)[:-9], TruncatedFile, "cut off", id="gzip cut off"),
        pytest.param(zstd(TEXT * 9)[:-5], TruncatedFile, "cut off", id="zstd cut off"),
        pytest.param(
            gzip.compress(TEXT)[:-8] + bytes(8), TruncatedFile, "damaged", id="gzip of a wrong checksum"
        ),
        pytest.param(gzip.compress(TEXT) + b"more", TruncatedFile, "damaged", id="more behind the gzip"),
        pytest.param(archive({"a.csv": TEXT})[:-30], TruncatedFile, "damaged", id="zip cut off"),
        pytest.param(b"PK\x03\x04\x14\x00", TruncatedFile, "damaged", id="zip of six bytes"),
        pytest.param(gzip.compress(b""), EmptyFile, "nothing", id="gzip of nothing"),
        pytest.param(archive({}), NotATable, "empty ZIP", id="empty zip"),
        pytest.param(archive({"a/": b""}), NotATable, "no file", id="zip of a folder"),
        pytest.param(
            archive({"a.csv": TEXT, "b.csv": TEXT}), NotATable, "2 files: 'a.csv', 'b.csv'", id="two files"
        ),
        pytest.param(archive(WORKBOOK), NotATable, "Excel workbook", id="xlsx"),
        pytest.param(archive(OPEN_DOCUMENT), NotATable, "OpenDocument", id="ods"),
        pytest.param(bytes(ENCRYPTED), NotATable, "password", id="zip with a password"),
        pytest.param(
            archive({"a": TEXT * 9}, zipfile.ZIP_LZMA), NotATable, "not read here", id="zip of LZMA"
        ),
        pytest.param(
            gzip.compress(gzip.compress(TEXT)), NotATable, "archive itself (gzip)", id="gzip in gzip"
        ),
        pytest.param(zstd(archive({"a.csv": TEXT})), NotATable, "archive itself (ZIP)", id="zip in zstd"),
        pytest.param(gzip.compress(tar(TEXT)), NotATable, "archive itself (tar)", id="tar.gz"),
    ],
)
async def test_what_cannot_be_unpacked(
    tmp_path: Path, packed: bytes, why: type[FileRefused], words: str
) -> None:
    with pytest.raises(why) as refusal:
        await take(tmp_path, packed, "file.csv.gz")
    assert words in refusal.value.detail
    assert refusal.value.remedy
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("packing", ["gzip", "zstd", "zip"])
async def test_a_bomb_is_stopped_before_it_is_unpacked(tmp_path: Path, packing: str) -> None:
    """A hundred megabytes of zeros in a hundred kilobytes."""
    zeros = b"0\n" * (50 * MEBIBYTE)
    packings: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd}
    packed = packings[packing](zeros) if packing in packings else archive({"a.csv": zeros})
    with pytest.raises(FileTooLarge) as refusal:
        await take(tmp_path, packed, "file.csv.gz", limits=Limits(unpacked_ratio=100))
    assert "unpack to more than 67,108,864" in refusal.value.detail
    with pytest.raises(FileTooLarge):
        await take(
            tmp_path, packed, "file.csv.gz", limits=Limits(unpacked_bytes=MEBIBYTE, unpacked_ratio=10_000)
        )
