"""What offices leave in their files from month to month: read, or named with what to do; in this process."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from listings.ingest.errors import HeaderBelow, RaggedRow, TypeMismatch, WrongEncoding
from listings.ingest.result import Delimiter, IngestOptions, Kind, TextEncoding
from tests.support.ingested import published, take

EXPECTED = (
    published("day", Kind.DATE, "DATE"),
    published("celsius", Kind.DECIMAL, "DECIMAL(4,1)"),
    published("readings", Kind.INTEGER, "BIGINT"),
    published("at", Kind.TIMESTAMP, "TIMESTAMP"),
    published("sky", Kind.TEXT, "VARCHAR"),
)
HEADER = "day,celsius,readings,at,sky"
ROW = ["2026-03-01", "12.5", "24", "2026-03-01 08:05:00", "雨"]
PLACES = {column.name: place for place, column in enumerate(EXPECTED)}
MARCH, MORNING = dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 8, 5)  # noqa: DTZ001 -- local to the file


def lines(*rows: list[str]) -> str:
    return "".join(f"{line}\n" for line in [HEADER, *(",".join(row) for row in rows)])


def with_value(column: str, value: str) -> list[str]:
    return [value if place == PLACES[column] else kept for place, kept in enumerate(ROW)]


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ("celsius", "１２．５", Decimal("12.5")),
        ("celsius", "－5.0", Decimal("-5.0")),
        ("celsius", "−5.0", Decimal("-5.0")),
        ("celsius", "+12.5", Decimal("12.5")),
        ("celsius", "+1.25E+1", Decimal("12.5")),
        ("celsius", "12.5\u00a0", Decimal("12.5")),
        ("celsius", "缺测", None),
        ("celsius", "——", None),
        ("celsius", "#N/A", None),
        ("celsius", "/", None),
        ("readings", "２４", 24),
        ("day", "2026.3.1", MARCH),
        ("day", "2026-3-1", MARCH),
        ("day", "２０２６年３月１日", MARCH),
        ("day", "2026年 3月 1日", MARCH),
        ("day", "2026.3.1 0:00", MARCH),
        ("at", "2026-3-1 8:05", MORNING),
        ("at", "2026年3月1日 8时5分", MORNING),
        ("at", "2026年3月1日8:05:00", MORNING),
    ],
)
def test_a_value_written_in_another_way_is_read(tmp_path: Path, column: str, value: str, read: Any) -> None:
    result, rows = take(tmp_path, lines(ROW, with_value(column, value)), EXPECTED)
    assert rows[1][PLACES[column]] == read
    assert [found.kind for found in result.columns] == [known.kind for known in EXPECTED]
    assert [notice.code for notice in result.notices] == (["markers-read-as-missing"] if read is None else [])


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("celsius", "12.5 ℃", "is more than a number: units and signs belong into the column's declaration"),
        ("celsius", "¥12", "is more than a number: units and signs belong into the column's declaration"),
        ("celsius", "合计", "is not a number"),
        ("day", "46082", "is a number, as spreadsheets count days: save the column's cells as dates"),
        ("day", "2026年3月", "is a month without a day"),
        ("day", "1-Mar-2026", "is not a date written as 2024-01-31, 2024/1/31, 2024.1.31, 2024年1月31日"),
        ("day", "2026.2.30", "is not on the calendar"),
    ],
)
def test_what_no_format_reads_is_told_without_one(tmp_path: Path, column: str, value: str, why: str) -> None:
    with pytest.raises(TypeMismatch) as caught:
        take(tmp_path, lines(ROW, with_value(column, value)), EXPECTED)
    (misfit,) = caught.value.extensions["misfits"]
    assert misfit["examples"] == [{"row": 2, "value": value, "why": why, "line": 3}]
    assert "declare the format" not in str(caught.value.remedy), "none would help"
    assert "totals, notes, a second header" in str(caught.value.remedy)


def test_dates_that_read_in_two_ways_name_both_formats(tmp_path: Path) -> None:
    with pytest.raises(TypeMismatch) as caught:
        take(tmp_path, lines(ROW, with_value("day", "1/3/2026")), EXPECTED)
    assert "another format (day_first, month_first)" in str(caught.value.detail)
    assert "PUT /v1/products/{product_id}/columns" in str(caught.value.remedy)


@pytest.mark.parametrize("above", ["三月份气象月报", "三月份气象月报,,,,", "日期,气温,次数,时间,天气"])
def test_lines_above_the_header_are_named(tmp_path: Path, above: str) -> None:
    with pytest.raises(HeaderBelow) as caught:
        take(tmp_path, f"{above}\n{lines(ROW)}", EXPECTED)
    assert caught.value.extensions["line"] == 2
    semicolons = lines(ROW).replace(",", ";")
    with pytest.raises(HeaderBelow):
        take(tmp_path, f"{above.partition(',')[0]}\n{semicolons}", EXPECTED)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_title_above_a_first_file_is_told_and_a_list_of_texts_is_none(tmp_path: Path, mark: str) -> None:
    with pytest.raises(RaggedRow) as caught:
        take(tmp_path, "三月份气象月报\n" + "a,b,c\n1,2,3\n4,5,6\n".replace(",", mark))
    assert "leave out lines above the header" in str(caught.value.remedy)
    assert (caught.value.extensions["line"], caught.value.extensions["found"]) == (2, 3)
    texts = "note\nrain; fog\nsun\nfog; rain; sun\n"
    assert len(take(tmp_path, texts)[0].columns) == 1


def test_empty_columns_at_the_end_are_none_and_are_not_told(tmp_path: Path) -> None:
    text = "\n".join(f"{line},,," for line in lines(ROW).splitlines()) + "\n"
    result, _ = take(tmp_path, text, EXPECTED)
    assert [column.name for column in result.columns] == list(PLACES)
    assert result.notices == ()
    first, _ = take(tmp_path, "a,,b,,\n1,,2,,\n", ())
    assert [column.name for column in first.columns] == ["a", "column_2", "b"]
    assert [notice.column for notice in first.notices] == ["column_2"]


def test_totals_and_rows_without_values_are_told(tmp_path: Path) -> None:
    result, rows = take(tmp_path, lines(ROW, [""] * 5, ["", "300", "720", "", "合计："]), EXPECTED)
    assert len(rows) == 3
    assert [(notice.code, notice.column) for notice in result.notices] == [
        ("rows-without-values", None),
        ("total-row", "sky"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_utf_16_is_named_and_taken_when_it_is_stated(tmp_path: Path, encoding: str) -> None:
    content = lines(ROW).encode(encoding)
    with pytest.raises(WrongEncoding) as caught:
        take(tmp_path, content, EXPECTED)
    assert "encoding=utf-16" in str(caught.value.remedy)
    options = IngestOptions(encoding=TextEncoding.UTF_16)
    _, rows = take(tmp_path, content, EXPECTED, options=options)
    assert rows[0][-1] == "雨"


def test_full_width_and_dotted_values_of_a_first_file_are_told(tmp_path: Path) -> None:
    result, _ = take(tmp_path, "a,b\n１２,2026.3.1\n１３,2026.3.12\n", ())
    assert [(notice.code, notice.column) for notice in result.notices] == [
        ("kept-as-text", "a"),
        ("kept-as-text", "b"),
    ]


@pytest.mark.parametrize(
    ("first", "mark", "stated"),
    [
        ("sep=;", ";", "semicolon"),
        ("SEP=,", ",", "comma"),
        ('"sep=\t"', "\t", "tab"),
        ("\ufeffsep=|", "|", "pipe"),
    ],
)
def test_a_first_line_for_excel_states_the_delimiter(
    tmp_path: Path, first: str, mark: str, stated: str
) -> None:
    """Read as a header, it would make two columns of texts of any table."""
    rows = f"站{mark}n{mark}t\r\n甲{mark}1{mark}x;y,z|w\r\n乙{mark}2{mark}\r\n".replace(
        "x;y,z|w", '"x;y,z|w"'
    )
    result, read = take(tmp_path, f"{first}\r\n{rows}")
    assert [column.name for column in result.columns] == ["站", "n", "t"]
    assert read == [("甲", 1, "x;y,z|w"), ("乙", 2, None)]
    (notice,) = [notice for notice in result.notices if notice.code == "delimiter-stated"]
    assert (stated in notice.message, notice.line) == (True, 1)
    with pytest.raises(RaggedRow) as caught:
        take(tmp_path, f"{first}\r\n{rows}丙{mark}3\r\n")
    assert caught.value.extensions["line"] == 5


def test_of_one_column_a_first_line_for_excel_is_no_missing_value(tmp_path: Path) -> None:
    result, read = take(tmp_path, "sep=;\nname\nv0\nv1\n")
    assert (read, [notice.code for notice in result.notices]) == ([("v0",), ("v1",)], ["delimiter-stated"])


def test_what_is_stated_for_the_upload_outranks_what_the_first_line_states(tmp_path: Path) -> None:
    options = IngestOptions(delimiter=Delimiter.SEMICOLON)
    result, read = take(tmp_path, "sep=,\na;b\n1;2\n3;4\n", options=options)
    assert (result.delimiter, read) == (";", [(1, 2), (3, 4)])


def test_a_line_that_only_looks_like_a_statement_is_a_line(tmp_path: Path) -> None:
    result, _ = take(tmp_path, "sep=;x\n1;2\n")
    assert [column.name for column in result.columns] == ["sep=", "x"]
