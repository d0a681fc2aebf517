"""Columns verified by their lines: as those whose values are tested one by one, and told of a date that is none."""

import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from listings.ingest import lines, type_inference
from listings.ingest.errors import MixedColumn
from listings.ingest.result import IngestOptions, IngestResult, Kind
from tests.support.budget import roomy
from tests.support.conversions import convert_here


async def take(folder: Path, text: str, **given: Any) -> tuple[IngestResult, list[tuple[Any, ...]]]:
    (folder / "source").write_bytes(text.encode())
    target = folder / "out" / "revision.parquet"
    result = await convert_here(
        folder / "source", target, filename="f.csv", timeout_s=60, budget=roomy(folder), **given
    )
    return result, duckdb.execute(f"SELECT * FROM read_parquet('{target}')").fetchall()


@pytest.fixture
def by_lines(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether lines were verified, by the conversions of the test."""
    seen: list[bool] = []
    verify = lines.verify_lines

    def noted(*asked: Any) -> Any:
        found = verify(*asked)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(type_inference, "verify_lines", noted)
    return seen


async def test_every_type_to_the_last_digit(tmp_path: Path, by_lines: list[bool]) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            n,
            Decimal(n).scaleb(-2),
            date(1990, 1, 1).replace(day=n % 28 + 1),
            n % 3 == 0,
            n / 8,
            f"{n:06}",
            None,
        )
        for n in range(-20_000, 20_000)
    ]
    rows[30_000] = (9, Decimal("1234567.125"), date(9999, 12, 31), True, 1e-9, '街道 "1", 东', 7)
    text = "".join(
        f'{a},{b},{c},{str(d).upper()},{e!r},"{f.replace(chr(34), chr(34) * 2)}",{"" if g is None else g}\n'
        for a, b, c, d, e, f, g in rows
    )
    result, read = await take(tmp_path, "a,b,c,d,e,f,g\n" + text)
    assert by_lines == [True]
    assert [column.kind for column in result.columns] == [
        Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.BOOLEAN, Kind.NUMBER, Kind.TEXT, Kind.INTEGER,
    ]  # fmt: skip
    assert result.columns[1].physical == "DECIMAL(10,3)"
    assert read == rows


@pytest.mark.parametrize("spoiler", ["007", "1.5e3x", " 12", "12 ", "+5", "1_000", "0x1F", "inf", "1e5"])
async def test_a_value_far_down_that_a_cast_would_take(tmp_path: Path, spoiler: str) -> None:
    """A bare cast reads each of these as a number."""
    lines = [f"{n},{n}\n" for n in range(60_000)]
    lines[50_000] = f"{spoiler},5\n"
    result, read = await take(tmp_path, "a,b\n" + "".join(lines))
    assert result.columns[1].kind is Kind.INTEGER
    value = read[50_000][0]
    if spoiler.strip() == "12":
        assert value == 12
    elif spoiler == "1e5":
        assert (value, result.columns[0].kind) == (100_000.0, Kind.NUMBER)
    else:
        assert value == spoiler


async def test_a_date_that_is_not_on_the_calendar(tmp_path: Path, by_lines: list[bool]) -> None:
    lines = [f"2024-01-{n % 28 + 1:02},{n}\n" for n in range(5_000)]
    lines[4_000] = "2024-02-30,1\n"
    with pytest.raises(MixedColumn) as refusal:
        await take(tmp_path, "day,n\n" + "".join(lines))
    assert by_lines == [True]
    assert refusal.value.extensions["line"] == 4_002
    result, read = await take(tmp_path, "day,n\n" + "".join(lines), options=IngestOptions(strict=False))
    assert result.columns[0].kind is Kind.TEXT
    assert read[4_000] == ("2024-02-30", 1)


@pytest.mark.parametrize("odd", ['"a\nb"', '5" pipe', "plain", '""'])
async def test_lines_that_are_no_records_are_read_all_the_same(tmp_path: Path, odd: str) -> None:
    head = '"n","t"\n' if odd == '""' else "n,t\n"
    rows = [(n, "x") for n in range(3_000)]
    text = head + "".join(f"{n},{odd if n == 2_900 else t}\n" for n, t in rows)
    result, read = await take(tmp_path, text)
    assert result.rows == 3_000
    assert result.columns[0].kind is Kind.INTEGER
    expected = {'"a\nb"': "a\nb", '""': None}.get(odd, odd)
    assert read[2_900] == (2_900, expected)


async def test_both_ways_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(8)
    values = [
        "",
        "1",
        "-5",
        "2.5",
        "1e3",
        "x",
        "true",
        "2024-01-05",
        "2024-01-05 10:00",
        "0",
        "-0",
        "NA",
        "12345678901234567890",
    ]
    for number in range(25):
        some = draw.sample(values, 3)
        text = "a,b,c,d\n" + "".join(
            f"{draw.choice(some[:1] + values[1:3])},{draw.choice(some)},{n},{n}.50\n" for n in range(60)
        )
        loose = IngestOptions(strict=False)
        first, read = await take(tmp_path, text, options=loose)
        with monkeypatch.context() as patch:
            patch.setattr(type_inference, "verify_lines", lambda *_: None)
            second, again = await take(tmp_path, text, options=loose)
        assert (first.columns, first.profile, first.notices) == (
            second.columns,
            second.profile,
            second.notices,
        ), number
        assert read == again or str(read) == str(again)


async def test_times_are_read(tmp_path: Path, by_lines: list[bool]) -> None:
    text = "at,zoned,n\n" + "2024-02-29 08:00:01,2024-02-29T08:00:00+08:00,1\n" * 100
    result, read = await take(tmp_path, text)
    assert by_lines == [True]
    assert [column.zone for column in result.columns] == [None, "UTC", None]
    assert tuple(map(str, read[99])) == ("2024-02-29 08:00:01", "2024-02-29 00:00:00", "1")
