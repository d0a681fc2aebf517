"""Files of others, listed as products by their operator and read back by a buyer: every value is the file's.

Each file is uploaded, published, ordered and read page by page through a service that really runs, and each value of
each page is held against what a reader that shares no code with the service finds in the file.
"""

import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from market.demo.desk import Desk, expect
from market.demo.state import Trade
from tests.support import read_back, traded, written_files
from tests.support.running_market import RunningMarket

pytestmark = pytest.mark.long

SHARED = Path(__file__).parents[3] / "shared" / "data"
USABLE = {".csv", ".tsv", ".jsonl", ".parquet", ".arrow", ".arrows", ".feather", ".gz", ".zst"}
PUBLIC = sorted(path.name for path in SHARED.glob("*") if path.suffix in USABLE)
PAGE = 1000
HEAD = ("file", "bytes", "rows", "columns", "format", "cells", "as written", "differences", "seconds")
LINE = "{:<26} {:>10} {:>8} {:>7} {:<14} {:>9} {:>10} {:>11} {:>8}"


@pytest.fixture(scope="module")
async def people(plain_market: RunningMarket) -> AsyncIterator[dict[str, Desk]]:
    """Those of the trade that the service has played."""
    async with traded.desks(plain_market) as opened:
        yield opened


@pytest.fixture(scope="module")
def told() -> set[str]:
    """Names of the files that were read back so far."""
    return set()


@pytest.mark.skipif(not PUBLIC, reason="needs the public example files in ../shared/data")
@pytest.mark.parametrize("name", PUBLIC or [None])
async def test_a_public_file_comes_back_value_by_value(
    plain_market: RunningMarket,
    people: dict[str, Desk],
    told: set[str],
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    with capsys.disabled():
        await read_back_whole(plain_market, people, SHARED / name, told)


@pytest.mark.parametrize("name", written_files.FILES)
async def test_a_file_of_another_tool_comes_back_value_by_value(
    plain_market: RunningMarket,
    people: dict[str, Desk],
    told: set[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
) -> None:
    written_files.FILES[name](tmp_path / name)
    with capsys.disabled():
        await read_back_whole(plain_market, people, tmp_path / name, told)


async def read_back_whole(market: RunningMarket, people: dict[str, Desk], file: Path, told: set[str]) -> None:
    """List, order, read and compare one file, and print its line of the table."""
    started = time.monotonic()
    trade = await traded.listed(market, people, file)
    revision = await people["operator"].get(f"/v1/revisions/{trade.made['revision_id']}")
    shown = await all_rows(trade)
    expected = read_back.read(file)
    found = read_back.compare(expected, shown, revision["columns"])
    line = LINE.format(
        file.name,
        f"{file.stat().st_size:,}",
        f"{len(shown):,}",
        len(revision["columns"]),
        revision["source_format"],
        f"{found.cells:,}",
        f"{found.verbatim:,}",
        found.differing,
        f"{time.monotonic() - started:.1f}",
    )
    sys.stdout.write(line + "\n" if told else f"\n{LINE.format(*HEAD)}\n{line}\n")
    told.add(file.name)
    assert not found.differing, found.differences
    assert found.cells == len(expected.rows) * len(expected.names) > 0


async def all_rows(trade: Trade) -> list[dict[str, Any]]:
    """Every row of a product, as a buyer's program reads it who ordered all columns."""
    bought = await traded.buy(trade)
    rows: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"limit": PAGE}
    async with trade.connect() as http:
        http.headers["Authorization"] = f"Bearer {bought.token}"
        while True:
            answer = await http.get(f"/data/{trade.made['product_id']}/records", params=query)
            expect(answer)
            page = read_back.page(answer.text)
            rows += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
    used = (await trade.desks["buyer"].get(f"/v1/licences/{bought.licence_id}"))["used"]
    assert used["rows"] == len(rows), "answered = metered"
    return rows


def test_a_value_that_is_not_the_files_is_told() -> None:
    """The comparison itself: each way to lose or alter a value counts as one difference."""
    column = {"name": "v", "original_name": "v", "kind": "text"}
    number, text = read_back.Number, read_back.FileText
    for kind, value, there in (
        ("integer", text("007"), number("7")),
        ("text", text("7"), number("7")),
        ("text", text(" a"), "a"),
        ("text", text("NA"), None),
        ("integer", text("7"), "7"),
        ("decimal", text("0.10"), number("0.1000000000000000055")),
        ("number", text("0.1"), number("0.10000001")),
        ("date", text("2026-01-02"), "2026-02-01"),
        ("timestamp", text("2026-01-02T08:00:00+08:00"), "2026-01-02T08:00:00Z"),
        ("timestamp", text("2026-01-02T08:00:00"), "2026-01-02T08:00:00Z"),
        ("boolean", text("false"), True),
        ("integer", 2**63 + 1, number(str(2**63))),
        ("text", "", None),
        ("number", 0.1, None),
    ):
        file = read_back.FileRows(["v"], [[value]], None if isinstance(value, text) else [None])
        found = read_back.compare(file, [{"v": there}], [column | {"kind": kind}])
        assert (found.cells, found.differing) == (1, 1), (kind, value, there)
