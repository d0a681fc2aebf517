"""What the ingest takes, the data plane serves: any legal name, the largest legal values, the same values."""

import asyncio
import json
import math
import operator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listings.ingest.errors import FileRefused
from listings.ingest.limits import MAX_CELL_BYTES, MAX_ROW_BYTES, Limits
from listings.ingest.names import column_names
from listings.ingest.result import IngestResult, Kind
from listings.ingest.shown import read_shown
from listings.revisions.domain import RevisionFacts
from market.delivery import domain
from market.delivery.engine import MAX_PAGE_BYTES, Engine
from tests.support.budget import roomy
from tests.support.conversions import convert_here

REVISION = UUID(int=1)
HOSTILE = (
    "file_row_number",
    "FILE_ROW_NUMBER_",
    "filename",
    "file_index",
    "rowid",
    "columns",
    "*",
    "COLUMNS(*)",
    "c0",
    "c1",
    "t",
    "t.c0",
    "select",
    "year=2026",
    'a"b',
    "a'b",
    "a.b",
    "a,b",
    "a:eq:b",
    "generated_subscripts",
    "revision",
    "source",
    "v",
    "falls",
    "$1",
    "?",
    "{x}",
    "\\",
    "名称",
    "😀",
    "e\u0301",
    "null",
    "true",
    "1",
    " padded ",
    "",
    "\u202emirror",
    "tab\there",
    "line\nbreak",
    "unit\x9fcontrol",
)


async def ingested(
    folder: Path, table: pa.Table, name: str = "data.parquet"
) -> tuple[IngestResult, RevisionFacts]:
    """The table as a revision in the folder's store."""
    store = folder / "objects"
    store.mkdir(exist_ok=True)
    pq.write_table(table, folder / name, compression="zstd")
    result = await convert_here(
        folder / name, store / name, filename=name, timeout_s=60, budget=roomy(folder)
    )
    return result, RevisionFacts(
        REVISION, UUID(int=2), 1, "", result.sha256, result.columns, result.rows, result.row_bytes
    )


async def pages(
    folder: Path, revision: RevisionFacts, *fields: tuple[str, str], name: str = "data.parquet"
) -> list[dict[str, Any]]:
    """All rows, page after page, by the engine as it is set up by default."""
    engine = Engine(folder / "objects", threads=2, memory_mb=128, seconds=10)
    columns = {column.name: column for column in revision.columns}
    rows: list[dict[str, Any]] = []
    cursor: list[tuple[str, str]] = []
    try:
        while True:
            query = domain.read_query(urlencode([*fields, *cursor]), columns, REVISION)
            page = await engine.page(folder / "objects" / name, query, revision)
            assert len(page.body) <= MAX_PAGE_BYTES + 1_000
            document = json.loads(page.body, parse_float=Decimal)
            rows += document["items"]
            if document["next_cursor"] is None:
                return rows
            cursor = [("cursor", document["next_cursor"])]
    finally:
        await engine.close()


async def page_body(folder: Path, revision: RevisionFacts) -> bytes:
    """The first page, as it is sent."""
    engine = Engine(folder / "objects", threads=2, memory_mb=128, seconds=10)
    try:
        columns = {column.name: column for column in revision.columns}
        query = domain.read_query("", columns, REVISION)
        return (await engine.page(folder / "objects" / "data.parquet", query, revision)).body
    finally:
        await engine.close()


@pytest.mark.parametrize("known", [True, False], ids=["measured", "from before rows were measured"])
async def test_a_column_may_have_any_name(tmp_path: Path, known: bool) -> None:
    table = pa.table([pa.array([n, None, n + 100]) for n in range(len(HOSTILE))], names=list(HOSTILE))
    folder = tmp_path / "year=2026"  # a folder that would add a column
    folder.mkdir()
    _, revision = await ingested(folder, table)
    if not known:
        revision = RevisionFacts(REVISION, UUID(int=2), 1, "", "", revision.columns, revision.rows)
    names, _ = column_names(HOSTILE, Limits())
    assert len(set(names)) == len(HOSTILE)
    assert not any(ord(character) < 32 or character in "\u202e\x9f" for character in "".join(names))
    expected = [dict(zip(names, row, strict=True)) for row in zip(*table.to_pydict().values(), strict=True)]
    assert await pages(folder, revision) == expected
    for number, name in enumerate(names):
        assert await pages(folder, revision, ("select", name), ("filter", f"{name}:eq:{number + 100}")) == [
            {name: number + 100}
        ]


def test_names_that_would_be_taken_for_one_another_are_refused() -> None:
    for names in (
        ["a", "A"],
        ["é", "e\u0301"],
        ["pay", "pa\u200by"],
        ["a", "\u202ea"],
        ["straße", "STRASSE"],
    ):
        with pytest.raises(FileRefused):
            column_names(names, Limits())
    with pytest.raises(FileRefused):
        column_names(["\ud800"], Limits())


VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    pa.int8(): st.integers(-128, 127),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float32(): st.floats(width=32),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("us", "Asia/Shanghai"): st.datetimes(
        min_value=datetime.fromisoformat("1970-01-02"), max_value=datetime.fromisoformat("2200-01-01")
    ),
    pa.decimal128(38, 9): st.decimals(-(10**28), 10**28, places=9),
    pa.list_(pa.int64()): st.lists(st.integers(-(2**40), 2**40), max_size=5),
}
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=lambda name: name.strip().casefold()))
    rows = draw(st.integers(1, 6))
    columns = []
    for _ in names:
        kind = draw(st.sampled_from(list(VALUES)))
        values = st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows)
        columns.append(pa.array(draw(values), kind))
    return pa.table(columns, names=names)


def shown(value: Any, kind: pa.DataType) -> Any:
    """A value as the data plane writes it."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_timestamp(kind):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return json.dumps(value)
    return value


def read(value: Any, kind: pa.DataType) -> Any:
    """What was written, to compare with a value."""
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        assert value.endswith("Z") is (kind.tz is not None)
        return pa.scalar(datetime.fromisoformat(value), kind).as_py()
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_floating(kind):
        return float(value)
    return value


async def test_the_sample_shows_the_same_values_as_the_data(tmp_path: Path) -> None:
    moments = [
        datetime.fromisoformat("2026-01-31T08:00:00"),
        datetime.fromisoformat("2026-01-31T08:00:00.120"),
        None,
    ]
    table = pa.table(
        {
            "whole": pa.array([1, -(2**40), None]),
            "measured": pa.array([0.1, 1e300, float("nan")]),
            "exact": pa.array([Decimal("12.50"), Decimal("-0.05"), None], pa.decimal128(6, 2)),
            "long": pa.array([Decimal("0.12345678901234567890"), None, Decimal(1)], pa.decimal128(21, 20)),
            "day": pa.array([date(2026, 1, 31), None, date(9999, 12, 31)]),
            "local": pa.array(moments, pa.timestamp("us")),
            "instant": pa.array(moments, pa.timestamp("us", "UTC")),
            "flag": pa.array([True, False, None]),
            "text": pa.array(["站点", "", None]),
        }
    )
    result, revision = await ingested(tmp_path, table)
    body = await page_body(tmp_path, revision)
    assert list(result.sample) == read_shown(body.decode())["items"]
    first = result.sample[0]
    assert (first["exact"], first["long"]) == (12.5, "0.12345678901234567890")
    assert (first["local"], first["instant"]) == ("2026-01-31T08:00:00", "2026-01-31T08:00:00Z")


@hypothesis.given(tables())
@hypothesis.settings(deadline=None, max_examples=15)
def test_what_the_ingest_takes_is_served_with_the_same_values(
    tmp_path_factory: pytest.TempPathFactory, table: pa.Table
) -> None:
    folder = tmp_path_factory.mktemp("served")

    async def served() -> list[dict[str, Any]] | None:
        try:
            _, revision = await ingested(folder, table)
        except FileRefused:
            return None
        return await pages(folder, revision, ("limit", "3"))

    try:
        names, _ = column_names(table.column_names, Limits())
    except FileRefused:
        assert asyncio.run(served()) is None
        return
    rows = asyncio.run(served())
    assert rows is not None
    assert len(rows) == table.num_rows
    for name, column, kind in zip(names, table.columns, table.schema.types, strict=True):
        written = [read(row[name], kind) for row in rows]
        assert written == [shown(value, kind) for value in column.to_pylist()]


@pytest.mark.long
async def test_the_widest_tables_and_the_longest_values_are_served_whole(tmp_path: Path) -> None:
    count = Limits().columns
    wide = pa.table({f"column {n}": pa.array([f"{row}.{n}" for row in range(1_100)]) for n in range(count)})
    result, revision = await ingested(tmp_path, wide, "wide.parquet")
    assert len(result.columns) == count
    rows = await pages(tmp_path, revision, ("limit", "1000"), name="wide.parquet")
    assert len(rows) == 1_100
    assert rows[1_099]["column 1999"] == "1099.1999"
    assert len(await pages(tmp_path, revision, ("filter", "column 7:eq:5.7"), name="wide.parquet")) == 1

    cell, rest = (
        "\x01" * MAX_CELL_BYTES,
        "\x02" * (MAX_ROW_BYTES - MAX_CELL_BYTES - 200),
    )  # six bytes each in JSON
    numbers = list(range(30))
    long = pa.table({"n": numbers, "a": [cell] * 30, "b": [rest] * 30})
    result, revision = await ingested(tmp_path, long, "long.parquet")
    assert MAX_ROW_BYTES - 200 <= result.row_bytes <= MAX_ROW_BYTES
    rows = await pages(tmp_path, revision, ("limit", "1000"), name="long.parquet")
    assert [row["n"] for row in rows] == numbers
    assert all(row["a"] == cell and row["b"] == rest for row in rows)


async def test_many_at_once_are_served_the_longest_values(tmp_path: Path) -> None:
    texts = [chr(97 + n % 26) * MAX_CELL_BYTES for n in range(40)]
    _, revision = await ingested(tmp_path, pa.table({"n": range(40), "a": texts}))
    engine = Engine(tmp_path / "objects", threads=2, memory_mb=128, seconds=10)
    columns = {column.name: column for column in revision.columns}
    asked = [
        engine.page(
            tmp_path / "objects" / "data.parquet",
            domain.read_query(urlencode([("limit", "1000"), ("filter", f"n:ge:{n}")]), columns, REVISION),
            revision,
        )
        for n in range(12)
    ]
    for n, page in enumerate(await asyncio.gather(*asked)):
        assert json.loads(page.body)["items"][0] == {"n": n, "a": texts[n]}
    await engine.close()
    assert revision.columns[1].kind is Kind.TEXT


COMPARED = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "in": operator.eq,
}


@pytest.mark.parametrize(
    ("precision", "scale"), [(2, 2), (18, 18), (38, 37), (38, 30), (38, 19), (38, 0), (9, 2)]
)
async def test_decimals_are_written_as_json_and_compared_exactly_whatever_their_scale(
    tmp_path: Path, precision: int, scale: int
) -> None:
    units = [10**precision - 1, 1 - 10**precision, 0, 1, -1]
    values = [*(Decimal(f"{unit}E-{scale}") for unit in units), None]
    table = pa.table({"n": range(6), "v": pa.array(values, pa.decimal128(precision, scale))})
    _, revision = await ingested(tmp_path, table)
    assert [row["v"] for row in await pages(tmp_path, revision)] == values
    asked = [format(value, "f") for value in values if value is not None]
    asked += ["9" * 38, "-" + "9" * 38, "0." + "9" * 38, "-0." + "0" * 37 + "1", "123456789012345678.5"]
    engine = Engine(tmp_path / "objects", threads=2, memory_mb=128, seconds=10)
    columns = {column.name: column for column in revision.columns}
    for text in asked:
        for name, holds in COMPARED.items():
            query = domain.read_query(f"select=n&filter=v:{name}:{text}", columns, REVISION)
            page = await engine.page(tmp_path / "objects" / "data.parquet", query, revision)
            expected = [
                n for n, value in enumerate(values) if value is not None and holds(value, Decimal(text))
            ]
            assert [row["n"] for row in json.loads(page.body)["items"]] == expected, (name, text)
    await engine.close()
