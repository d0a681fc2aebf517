"""DuckDB over a real Parquet file."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import duckdb
import pytest

from infra.objects import ObjectMissing
from infra.units import UnitVector
from listings.ingest.result import Column, Kind
from listings.revisions.domain import RevisionFacts
from market.delivery import cursors, domain
from market.delivery.engine import Engine, PageCache, RenderedPage
from market.delivery.errors import QueriesBusy, QueryTooHeavy

REVISION = UUID(int=1)
ODD = """He said: "it's 100%" {x}; -- 空气"""
KINDS = (
    ("id", Kind.INTEGER, "i"),
    ("station", Kind.TEXT, "'s' || i % 3"),
    ("price", Kind.DECIMAL, "(i * 1.10)::DECIMAL(38, 10)"),
    (
        "pm25",
        Kind.NUMBER,
        "CASE i WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN NULL ELSE i / 4 END",
    ),
    ("valid", Kind.BOOLEAN, "i % 2 = 0"),
    ("day", Kind.DATE, "DATE '2026-01-01' + i::INT"),
    ("at", Kind.TIMESTAMP, "TIMESTAMP '2026-01-01 00:00:00' + i * INTERVAL 1500 MILLISECOND"),
    ("local", Kind.TIMESTAMP, "TIMESTAMP '2026-01-01 00:00:00' + i * INTERVAL 1 HOUR"),
    (ODD, Kind.TEXT, "'\"' || chr(10) || '\\\\ 万' || i"),
)
COLUMNS = {
    name: Column(
        name,
        name,
        kind,
        "DECIMAL(38,10)" if kind is Kind.DECIMAL else "",
        nullable=True,
        zone="UTC" if name == "at" else None,
    )
    for name, kind, _ in KINDS
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one revision of 1,000 rows in it."""
    folder = tmp_path_factory.mktemp("objects")
    shown = ", ".join('{} AS "{}"'.format(made, name.replace('"', '""')) for name, _, made in KINDS)
    duckdb.sql(
        f"COPY (SELECT {shown} FROM range(1000) AS r (i)) TO '{folder}/data.parquet' (ROW_GROUP_SIZE 122880)"
    )
    return folder


@pytest.fixture
async def engine(store: Path) -> AsyncIterator[Engine]:
    made = Engine(store, threads=2, memory_mb=128, seconds=5)
    yield made
    await made.close()


def facts(columns: Iterable[Column], rows: int) -> RevisionFacts:
    """A revision with these columns."""
    return RevisionFacts(REVISION, UUID(int=2), 1, "", "", tuple(columns), rows)


async def ask(engine: Engine, store: Path, *fields: tuple[str, str]) -> dict[str, Any]:
    query = domain.read_query(urlencode(fields), COLUMNS, REVISION)
    page = await engine.page(store / "data.parquet", query, facts(COLUMNS.values(), 1000))
    document: dict[str, Any] = json.loads(page.body, parse_constant=pytest.fail, parse_float=str)
    assert page.units["rows"] == len(document["items"])
    return document


async def test_every_kind_is_written_exactly_and_as_json(engine: Engine, store: Path) -> None:
    first, second, third, fourth = (await ask(engine, store, ("limit", "4")))["items"]
    assert list(first) == list(COLUMNS)
    assert first["pm25"] is second["pm25"] is third["pm25"] is None
    assert fourth == {
        "id": 3,
        "station": "s0",
        "price": "3.3000000000",
        "pm25": "0.75",
        "valid": False,
        "day": "2026-01-04",
        "at": "2026-01-01T00:00:04.5Z",
        "local": "2026-01-01T03:00:00",
        ODD: '"\n\\\\ 万3',
    }


async def test_pages_follow_one_another_without_gap_or_overlap(engine: Engine, store: Path) -> None:
    seen: list[int] = []
    fields = [("select", "id"), ("filter", "station:eq:s1"), ("limit", "100")]
    cursor: str | None = None
    while True:
        page = await ask(engine, store, *fields, *([("cursor", cursor)] if cursor else []))
        seen.extend(item["id"] for item in page["items"])
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == list(range(1, 1000, 3))


async def test_the_last_page_says_so_also_when_it_is_full(engine: Engine, store: Path) -> None:
    assert (await ask(engine, store, ("limit", "1000"), ("select", "id")))["next_cursor"] is None


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("id:lt:2", [0, 1]),
        ("id:in:5,3,999", [3, 5, 999]),
        ("id:ge:998", [998, 999]),
        ("price:eq:1.1", [1]),
        ("price:gt:1097.79", [998, 999]),
        ("pm25:gt:249.5", [999]),
        ("pm25:ne:0.75", [*range(4, 54)]),
        ("pm25:in:0.75,1", [3, 4]),
        ("pm25:is_null:false", [*range(3, 53)]),
        ("pm25:is_null:true", [0, 1, 2]),
        ("day:le:2026-01-02", [0, 1]),
        ("at:lt:2026-01-01T08:00:01.5+08:00", [0]),
        ("at:eq:2026-01-01T00:00:01.5Z", [1]),
        ("local:eq:2026-01-01 02:00:00", [2]),
        (f"{ODD}:contains:万99", [99, 990, 991, 992, 993, 994, 995, 996, 997, 998, 999]),
        ("station:eq:' OR 1=1 --", []),
        ('station:eq:"; DROP TABLE x; --', []),
    ],
)
async def test_filters_choose_rows(engine: Engine, store: Path, condition: str, expected: list[int]) -> None:
    page = await ask(engine, store, ("filter", condition), ("select", "id"))
    assert [item["id"] for item in page["items"]] == expected


async def test_all_filters_must_hold(engine: Engine, store: Path) -> None:
    page = await ask(engine, store, ("filter", "id:gt:10"), ("filter", "id:lt:13"), ("select", "id"))
    assert [item["id"] for item in page["items"]] == [11, 12]


async def test_the_engine_reads_nothing_outside_the_store(engine: Engine, tmp_path: Path) -> None:
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{tmp_path}/other.parquet'")
    query = domain.read_query("select=id", COLUMNS, REVISION)
    with pytest.raises(duckdb.PermissionException):
        await engine.page(tmp_path / "other.parquet", query, facts([COLUMNS["id"]], 1))


async def test_a_slow_query_is_interrupted_and_the_next_one_runs(store: Path) -> None:
    duckdb.sql(
        f"COPY (SELECT md5(i::VARCHAR) AS station FROM range(5000000) AS r (i)) TO '{store}/large.parquet'"
    )
    engine = Engine(store, threads=1, memory_mb=256, seconds=0.15)
    large = facts([COLUMNS["station"]], 5_000_000)
    fields = [("filter", f"station:contains:{mark}") for mark in "0123456789abcdefz"]
    slow = domain.read_query(urlencode(fields), {"station": COLUMNS["station"]}, REVISION)
    with pytest.raises(QueryTooHeavy) as refusal:
        await engine.page(store / "large.parquet", slow, large)
    assert refusal.value.status == 503
    quick = domain.read_query("limit=1", {"station": COLUMNS["station"]}, REVISION)
    assert (await engine.page(store / "large.parquet", quick, large)).units["rows"] == 1
    await engine.close()


async def test_wide_rows_end_a_page_early(store: Path) -> None:
    engine = Engine(store, threads=2, memory_mb=512, seconds=5)
    duckdb.sql(f"COPY (SELECT repeat('x', 900000) AS station FROM range(20)) TO '{store}/wide.parquet'")
    columns = {"station": COLUMNS["station"]}
    sizes, after = [], -1
    while True:
        page = await engine.page(
            store / "wide.parquet",
            domain.Query(tuple(columns.values()), (), 15, after),
            facts(columns.values(), 20),
        )
        sizes.append(page.units["rows"])
        cursor = json.loads(page.body)["next_cursor"]
        if cursor is None:
            break
        after = cursors.decode_cursor(cursor, REVISION)
    assert sizes == [9, 9, 2]
    await engine.close()


async def test_past_its_backlog_it_refuses_at_once(store: Path) -> None:
    engine = Engine(store, threads=1, memory_mb=128, seconds=5)
    query = domain.read_query("", COLUMNS, REVISION)
    revision = facts(COLUMNS.values(), 1000)
    asked = [asyncio.create_task(engine.page(store / "data.parquet", query, revision)) for _ in range(40)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers].count(RenderedPage) == 32
    assert [type(answer) for answer in answers].count(QueriesBusy) == 8
    await engine.close()


def test_the_cache_holds_its_bound_and_forgets_the_least_recently_used() -> None:
    cache = PageCache(100)
    for number in range(10):
        cache.put(bytes([number]), RenderedPage(b"x" * 10, UnitVector(rows=1)))
    assert cache.get(bytes([0])) is not None
    cache.put(bytes([10]), RenderedPage(b"x" * 12, UnitVector(rows=1)))
    assert cache.get(bytes([0])) is not None
    assert cache.get(bytes([1])) is cache.get(bytes([2])) is None
    cache.put(b"large", RenderedPage(b"x" * 13, UnitVector(rows=1)))
    assert cache.get(b"large") is None
    assert cache.get(bytes([10])) is not None


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = PageCache(0)
    cache.put(b"k", RenderedPage(b"x", UnitVector(rows=1)))
    assert cache.get(b"k") is None


async def test_pages_are_made_while_data_is_forgotten(engine: Engine, store: Path) -> None:
    """A purge has every process forget its data at any moment; calls for other data go on."""
    asked = [asyncio.create_task(ask(engine, store, ("limit", str(n % 7 + 1)))) for n in range(16)]
    waiting = set(asked)
    while waiting:
        engine.forget()
        _, waiting = await asyncio.wait(waiting, timeout=0)
    assert all(len(task.result()["items"]) for task in asked)


async def test_a_file_that_goes_while_it_is_opened_is_missing(engine: Engine, store: Path) -> None:
    query = domain.read_query("", COLUMNS, REVISION)
    with pytest.raises(ObjectMissing):
        await engine.page(store / "gone.parquet", query, facts(COLUMNS.values(), 1000))
