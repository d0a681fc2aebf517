"""What the uploader states about a text file: it is read so, or told what was seen instead."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from listings.ingest.errors import MalformedRecord, RaggedRow, StatedOtherwise
from listings.ingest.expected import ExpectedColumn
from listings.ingest.formats import ColumnFormat
from listings.ingest.result import DecimalMark, Delimiter, IngestOptions, IngestResult, Kind, Quote
from tests.support.budget import roomy
from tests.support.conversions import convert_here


async def take(
    folder: Path, text: str, name: str = "f.csv", expected: tuple[ExpectedColumn, ...] = (), **stated: Any
) -> tuple[IngestResult, list[tuple[Any, ...]]]:
    (folder / "source").write_bytes(text.encode())
    target = folder / "out" / "revision.parquet"
    result = await convert_here(
        folder / "source", target, filename=name, timeout_s=60, budget=roomy(folder),
        options=IngestOptions(**stated), expected=expected,
    )  # fmt: skip
    return result, duckdb.execute(f"SELECT * FROM read_parquet('{target}')").fetchall()


def test_options_are_recorded_and_read_back() -> None:
    stated = IngestOptions(
        strict=False, delimiter=Delimiter.PIPE, header=False, quote=Quote.NONE,
        decimal_mark=DecimalMark.COMMA, null_words=("-999", "无"), lenient=True,
    )  # fmt: skip
    assert IngestOptions.from_json(stated.to_json()) == stated
    before = {"strict": True, "delimiter": None, "header": None}
    assert IngestOptions.from_json(before) == IngestOptions(), (
        "as they were written before there was a choice"
    )


async def test_a_decimal_comma(tmp_path: Path) -> None:
    text = "n;price;code;day;sum;big\n" + "".join(
        f"{n};{n},5;{n:03},5;2024-01-0{n};1.234.567,{n}0;1 234\n" for n in range(1, 10)
    )
    result, rows = await take(tmp_path, text, decimal_mark=DecimalMark.COMMA)
    assert [column.kind for column in result.columns] == [
        Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.DECIMAL, Kind.INTEGER,
    ]  # fmt: skip
    assert rows[0][1:3] == (Decimal("1.5"), "001,5")
    assert rows[8][4:] == (Decimal("1234567.90"), 1234)
    plain, rows = await take(tmp_path, text)
    assert rows[0][1] == "1,5", "not stated, it is as written"
    assert plain.columns[1].kind is Kind.TEXT


async def test_a_decimal_comma_keeps_what_is_no_number_as_it_is_written(tmp_path: Path) -> None:
    text = "a;b\n1.5;1,5\n2.25;x,y 1,5\n3,5;v1.5\n"
    result, rows = await take(tmp_path, text, decimal_mark=DecimalMark.COMMA)
    assert [column.kind for column in result.columns] == [Kind.TEXT, Kind.TEXT]
    assert rows == [("1.5", "1,5"), ("2.25", "x,y 1,5"), ("3,5", "v1.5")]


async def test_a_decimal_comma_and_published_columns(tmp_path: Path) -> None:
    expected = (
        ExpectedColumn("a", Kind.DECIMAL, physical="DECIMAL(4,1)", published=True),
        ExpectedColumn("b", Kind.DECIMAL, format=ColumnFormat.DECIMAL_COMMA),
        ExpectedColumn("c", Kind.TEXT, published=True),
    )
    _, rows = await take(
        tmp_path, "a;b;c\n1,5;2.000,25;3,5\n", expected=expected, decimal_mark=DecimalMark.COMMA
    )
    assert rows == [(Decimal("1.5"), Decimal("2000.25"), "3,5")]


@pytest.mark.parametrize("name", ["f.csv", "f.jsonl"])
async def test_words_for_a_missing_value(tmp_path: Path, name: str) -> None:
    text = 'n,t\n1,-999\n-999,"无"\n3,无 无\n'
    if name == "f.jsonl":
        text = '{"n": 1, "t": "-999"}\n{"n": -999, "t": "无"}\n{"n": 3, "t": "无 无"}\n'
    result, rows = await take(tmp_path, text, name, null_words=("-999", "无"))
    assert result.columns[0].kind is Kind.INTEGER
    assert rows == [(1, None), (None, None), (3, "无 无")]


async def test_quotes(tmp_path: Path) -> None:
    single = "n,t\n1,'a, b'\n2,'it''s'\n"
    for stated in (None, Quote.SINGLE):
        _, rows = await take(tmp_path, single, quote=stated)
        assert rows == [(1, "a, b"), (2, "it's")]
    _, rows = await take(tmp_path, 'n\tt\n1\t5" pipe\n2\t"x\n', quote=Quote.NONE)
    assert rows == [(1, '5" pipe'), (2, '"x')]


async def test_malformed_lines_are_dropped_when_that_is_asked_for(tmp_path: Path) -> None:
    lines = [f"{n},x{n}\n" for n in range(1, 101)]
    lines[10] = "1,2,3\n"
    lines[20] = "4\n"
    lines[30] = '5,"x"y\n'
    lines[40] = '6,"never closed\n'
    lines[50] = '7,"two\nlines"\n'
    text = "n,t\n" + "".join(lines)
    with pytest.raises(RaggedRow):
        await take(tmp_path, text)
    result, rows = await take(tmp_path, text, lenient=True)
    assert result.rows == 96
    assert (7, "two\nlines") in rows
    (notice,) = [notice for notice in result.notices if notice.code == "lines-dropped"]
    assert notice.line == 12
    assert "4 lines" in notice.message
    assert "12, 22, 32, 42" in notice.message


async def test_the_line_of_a_value_counts_dropped_lines(tmp_path: Path) -> None:
    text = "n,t\n1,2,3\n" + "".join(f"{n},x\n" for n in range(10)) + "0x7,y\n"
    result, _ = await take(tmp_path, text, lenient=True)
    (notice,) = [notice for notice in result.notices if notice.code == "kept-as-text"]
    assert notice.line == 13


async def test_malformed_json_lines_are_dropped_when_that_is_asked_for(tmp_path: Path) -> None:
    text = '{"n": 1}\n{"n": 2,}\n[3]\n{"n": 4}\n{"n": 5}\n'
    result, rows = await take(tmp_path, text, "f.jsonl", lenient=True)
    assert rows == [(1,), (4,), (5,)]
    assert "2 lines" in result.notices[-1].message
    assert result.notices[-1].line == 2


async def test_a_file_that_is_mostly_malformed_is_refused_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(MalformedRecord, match="more than can"):
        await take(tmp_path, "a,b\n1,2\n" + "3\n" * 5, lenient=True)


@pytest.mark.parametrize(
    ("text", "stated", "words"),
    [
        ("a,b\n1,2\n", {"delimiter": Delimiter.SEMICOLON}, "with comma every line has 2 values"),
        ('a,b\n1,"x, y"\n', {"quote": Quote.SINGLE}, "with double quotes they do"),
        ("a;b\n1.5;2.25\n3.5;4\n", {"decimal_mark": DecimalMark.COMMA}, "numbers such as '1.5'"),
        ("a;b\n1,5;2,25\n3,5;4\n", {"decimal_mark": DecimalMark.POINT}, "numbers such as '1,5'"),
    ],
)
async def test_what_is_stated_wrongly(tmp_path: Path, text: str, stated: dict[str, Any], words: str) -> None:
    with pytest.raises(StatedOtherwise) as refusal:
        await take(tmp_path, text, **stated)
    assert words in refusal.value.detail
    assert refusal.value.remedy
