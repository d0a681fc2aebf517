"""Compressed files are unpacked within bounds, and read as what is in them; broken ones are in test_broken.py."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listings.ingest.errors import FileTooLarge
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import IngestResult
from tests.support.budget import roomy
from tests.support.conversions import convert_here
from tests.support.packing import archive, zstd

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
