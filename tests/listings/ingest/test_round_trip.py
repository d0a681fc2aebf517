"""Whatever a table is written as, its rows come back value by value: every format, packing, dialect and encoding."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import DecimalMark, Delimiter, IngestOptions, Kind, Quote, TextEncoding
from tests.support.ingested import take

NAMES = ("code", "note", "n", "price", "day", "open")
EXPECTED = (
    ExpectedColumn("code", Kind.TEXT),
    ExpectedColumn("note", Kind.TEXT),
    ExpectedColumn("n", Kind.INTEGER),
    ExpectedColumn("price", Kind.DECIMAL),
    ExpectedColumn("day", Kind.DATE),
    ExpectedColumn("open", Kind.BOOLEAN),
)
Row = tuple[Any, ...]

# Letters that every encoding below has; an empty text is a missing one in a text file.
texts = st.text("ab 街道“”，,;|\"'\n.-0189", min_size=1, max_size=12).filter(
    lambda text: text.strip(" \n") != ""
)
rows_of_tables = st.lists(
    st.tuples(
        st.from_regex(r"[0-9]{3,20}", fullmatch=True),
        texts,
        st.integers(-(2**53) + 1, 2**53 - 1) | st.none(),
        st.decimals(-(10**12), 10**12, places=3) | st.none(),
        st.dates(date(1000, 1, 1), date(9999, 12, 31)) | st.none(),
        st.booleans() | st.none(),
    ),
    min_size=1,
    max_size=30,
)


def delimited(
    rows: list[Row], *, mark: str = ",", quote: str = '"', comma: bool = False, end: str = "\n"
) -> str:
    made = io.StringIO()
    writer = csv.writer(made, delimiter=mark, quotechar=quote, lineterminator=end)
    writer.writerow(NAMES)
    for code, note, n, price, day, opened in rows:
        number = "" if price is None else f"{price:f}".replace(".", "," if comma else ".")
        writer.writerow([code, note, n, number, day, {True: "true", False: "FALSE", None: ""}[opened]])
    return made.getvalue()


def json_lines(rows: list[Row]) -> bytes:
    lines = []
    for code, note, n, price, day, opened in rows:
        record = {"code": code, "note": note, "n": n, "day": str(day) if day else None, "open": opened}
        text = json.dumps(record, ensure_ascii=False)
        lines.append(f'{text[:-1]}, "price": {"null" if price is None else f"{price:f}"}}}\n')
    return "".join(lines).encode()


def columns(rows: list[Row]) -> pa.Table:
    kinds = (pa.string(), pa.string(), pa.int64(), pa.decimal128(16, 3), pa.date32(), pa.bool_())
    arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return pa.table(arrays, names=NAMES)


def parquet(rows: list[Row]) -> bytes:
    made = io.BytesIO()
    pq.write_table(columns(rows), made, compression="zstd")
    return made.getvalue()


def arrow(rows: list[Row], *, stream: bool) -> bytes:
    made, table = io.BytesIO(), columns(rows)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    opened = pa.ipc.new_stream if stream else pa.ipc.new_file
    with opened(made, table.schema, options=options) as writer:
        writer.write_table(table)
    return made.getvalue()


def zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table", content)
    return made.getvalue()


FORMATS: dict[str, tuple[Callable[[list[Row]], bytes], IngestOptions]] = {
    "csv": (lambda rows: delimited(rows).encode(), IngestOptions()),
    "csv with a byte order mark": (lambda rows: delimited(rows).encode("utf-8-sig"), IngestOptions()),
    "csv of Windows": (lambda rows: delimited(rows, end="\r\n").encode(), IngestOptions()),
    "tab": (lambda rows: delimited(rows, mark="\t").encode(), IngestOptions(delimiter=Delimiter.TAB)),
    "decimal comma": (
        lambda rows: delimited(rows, mark=";", comma=True).encode(),
        IngestOptions(delimiter=Delimiter.SEMICOLON, decimal_mark=DecimalMark.COMMA),
    ),
    "single quotes": (
        lambda rows: delimited(rows, mark="|", quote="'").encode(),
        IngestOptions(delimiter=Delimiter.PIPE, quote=Quote.SINGLE),
    ),
    "gb18030": (
        lambda rows: delimited(rows).encode("gb18030"), IngestOptions(encoding=TextEncoding.GB18030),
    ),
    "utf-16": (lambda rows: delimited(rows).encode("utf-16"), IngestOptions(encoding=TextEncoding.UTF_16)),
    "lenient": (lambda rows: delimited(rows).encode(), IngestOptions(lenient=True)),
    "JSON Lines": (json_lines, IngestOptions()),
    "Parquet": (parquet, IngestOptions()),
    "Arrow file": (lambda rows: arrow(rows, stream=False), IngestOptions()),
    "Arrow stream": (lambda rows: arrow(rows, stream=True), IngestOptions()),
}  # fmt: skip
PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: content,
    gzip.compress,
    lambda content: bytes(pa.compress(content, codec="zstd", asbytes=True)),
    zipped,
)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=4, deadline=None)
@given(rows=rows_of_tables, packing=st.sampled_from(PACKINGS))
def test_every_row_comes_back(form: str, rows: list[Row], packing: Callable[[bytes], bytes]) -> None:
    written, options = FORMATS[form]
    with TemporaryDirectory() as folder:
        name = "f.jsonl" if form == "JSON Lines" else "f"
        result, read = take(Path(folder), packing(written(rows)), EXPECTED, name, options)
        order = [column.name for column in result.columns]
    by_name = [dict(zip(order, row, strict=True)) for row in read]
    found = [tuple(row[name] for name in NAMES) for row in by_name]
    assert found == rows
