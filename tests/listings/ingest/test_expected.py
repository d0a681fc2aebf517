"""A file is read with the types that are published or declared, however its values are written; in this process."""

# ruff: noqa: DTZ001 -- times of a file without offsets are local to what it is about

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listings.ingest.errors import FileRefused, TypeMismatch, refusal_from_json, refusal_to_json
from listings.ingest.expected import ExpectedColumn
from listings.ingest.formats import ColumnFormat
from listings.ingest.result import Kind
from tests.support.ingested import published, take

WEATHER = (
    published("station", Kind.TEXT, "VARCHAR"),
    published("day", Kind.DATE, "DATE"),
    published("celsius", Kind.DECIMAL, "DECIMAL(4,1)"),
    published("readings", Kind.INTEGER, "BIGINT"),
    published("at", Kind.TIMESTAMP, "TIMESTAMP"),
)
MONTHS = {
    "as published": ("00701,2024-01-31,12.5,24,2024-01-31 08:00:00", Decimal("12.5"), 24),
    "whole degrees": ("00701,2024-01-31,12,24,2024-01-31 08:00", Decimal("12.0"), 24),
    "no leading zero": ("10701,2024-01-31,12.5,24,2024-01-31 08:00", Decimal("12.5"), 24),
    "no value": ("00701,2024-01-31,,24,2024-01-31 08:00", None, 24),
    "exponent": ("00701,2024-01-31,1.25e1,2.4E+1,2024-01-31 08:00", Decimal("12.5"), 24),
    "counts with a point": ("00701,2024-01-31,12.50,24.0,2024-01-31 08:00", Decimal("12.5"), 24),
    "marker": ("00701,2024-01-31,NA,24,2024-01-31 08:00", None, 24),
    "slashes": ("00701,2024/1/31,12.5,24,2024/1/31 8:00", Decimal("12.5"), 24),
    "Chinese dates": ("00701,2024年1月31日,12.5,24,2024-01-31T08:00", Decimal("12.5"), 24),
    "more digits": ("00701,2024-01-31,-112.125,24,2024-01-31 08:00", Decimal("-112.125"), 24),
    "days with midnight": ("00701,2024-01-31 00:00:00,12.5,24,2024-01-31 08:00", Decimal("12.5"), 24),
    "text of digits only": ("1,2024-01-31,12.5,24,2024-01-31 08:00", Decimal("12.5"), 24),
}


@pytest.mark.parametrize("month", MONTHS)
def test_twelve_months_of_wobbling_types_are_read_as_published(tmp_path: Path, month: str) -> None:
    line, celsius, readings = MONTHS[month]
    result, rows = take(tmp_path, f"station,day,celsius,readings,at\n{line}\n", WEATHER)
    assert [column.kind for column in result.columns] == [column.kind for column in WEATHER]
    station = line.partition(",")[0]
    assert rows == [(station, dt.date(2024, 1, 31), celsius, readings, dt.datetime(2024, 1, 31, 8))]
    digits = result.columns[2].physical
    assert digits == ("DECIMAL(6,3)" if month == "more digits" else "DECIMAL(4,1)")


def parquet(**columns: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made)
    return made.getvalue()


def arrow(**columns: Any) -> bytes:
    made, table = io.BytesIO(), pa.table(columns)
    with pa.ipc.new_file(made, table.schema) as writer:
        writer.write_table(table)
    return made.getvalue()


@pytest.mark.parametrize("form", [parquet, arrow])
def test_typed_formats_follow_the_same_rule(tmp_path: Path, form: Any) -> None:
    content = form(
        station=pa.array([701, None]),
        day=pa.array([dt.datetime(2024, 1, 31), None], pa.timestamp("ns")),
        celsius=pa.array([12, None], pa.int16()),
        readings=pa.array([24.0, None]),
        at=pa.array([dt.date(2024, 1, 31), None]),
    )
    result, rows = take(tmp_path, content, WEATHER, "f.parquet")
    assert [column.kind for column in result.columns] == [column.kind for column in WEATHER]
    assert rows[0] == ("701", dt.date(2024, 1, 31), Decimal("12.0"), 24, dt.datetime(2024, 1, 31))
    assert rows[1] == (None,) * 5


def test_a_typed_file_that_fits_is_left_as_it_is(tmp_path: Path) -> None:
    expected = (published("n", Kind.INTEGER, "BIGINT"), published("x", Kind.DECIMAL, "DECIMAL(6,2)"))
    content = parquet(n=pa.array([1], pa.int8()), x=pa.array([Decimal("1.23456")]))
    result, rows = take(tmp_path, content, expected, "f.parquet")
    assert [column.physical for column in result.columns] == ["TINYINT", "DECIMAL(6,5)"]
    assert rows == [(1, Decimal("1.23456"))]


def test_json_follows_the_same_rule(tmp_path: Path) -> None:
    records = [
        {"station": 701, "day": "2024/1/31", "celsius": "12", "readings": 24.0, "at": "2024-01-31"},
        {"station": "00702", "day": "", "celsius": None, "readings": None, "at": None},
    ]
    _, rows = take(tmp_path, "\n".join(map(json.dumps, records)), WEATHER, "f.jsonl")
    assert rows[0] == ("701", dt.date(2024, 1, 31), Decimal("12.0"), 24, dt.datetime(2024, 1, 31))
    assert rows[1] == ("00702", None, None, None, None)


def misfits(
    folder: Path, content: bytes | str, expected: Sequence[ExpectedColumn], name: str = "f.csv"
) -> Any:
    with pytest.raises(TypeMismatch) as caught:
        take(folder, content, expected, name)
    carried = refusal_from_json(json.loads(json.dumps(refusal_to_json(caught.value))))
    assert carried.extensions == caught.value.extensions, "the process that reads the file tells all of it"
    assert isinstance(carried, FileRefused)
    return carried


def test_only_what_does_not_fit_is_named_with_its_place(tmp_path: Path) -> None:
    lines = "".join(f"S{n},2024-01-31,{n}.5,24,\n" for n in range(100))
    text = f'station,day,celsius,readings,at\n{lines}S,2024-01-31,"12,5",007,\nS,2024-02-30,x,1,\n'
    refused = misfits(tmp_path, text, WEATHER)
    assert (refused.extensions["column"], refused.extensions["row"], refused.extensions["line"]) == (
        "day",
        102,
        103,
    )
    found = {one["column"]: one for one in refused.extensions["misfits"]}
    assert {name: (one["misfits"], one["values"], one["expected"]) for name, one in found.items()} == {
        "day": (1, 102, "date"),
        "celsius": (2, 102, "decimal"),
        "readings": (1, 102, "integer"),
    }
    assert [(one["row"], one["value"], str(one["why"])) for one in found["celsius"]["examples"]] == [
        (101, "12,5", "is written in another format (decimal_comma)"),
        (102, "x", "is not a number"),
    ]
    assert str(found["readings"]["examples"][0]["why"]) == "has a leading zero, so it may be a code"
    assert str(found["day"]["examples"][0]["why"]) == "is not on the calendar"
    assert "PUT /v1/products/{product_id}/columns" in str(refused.remedy)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (Kind.INTEGER, {}, "12.5"),
        (Kind.INTEGER, {}, "9223372036854775808"),
        (Kind.DECIMAL, {"physical": "DECIMAL(4,1)"}, "9" * 38),
        (Kind.NUMBER, {}, "1e999"),
        (Kind.BOOLEAN, {}, "yes"),
        (Kind.DATE, {}, "2024-01-31 10:00:00"),
        (Kind.DATE, {}, "31/01/2024"),
        (Kind.TIMESTAMP, {}, "2024-01-31T10:00:00Z"),
        (Kind.TIMESTAMP, {"zone": "UTC"}, "2024-01-31 10:00:00"),
        (Kind.TIMESTAMP, {"zone": "UTC"}, "2024-01-31"),
        (Kind.TEXT, {"nullable": False}, ""),
        (Kind.DECIMAL, {"nullable": False}, "NA"),
    ],
)
def test_what_a_type_does_not_hold_is_refused(tmp_path: Path, kind: Kind, given: Any, value: str) -> None:
    refused = misfits(tmp_path, f"a,b\n{value},x\n", [published("a", kind, **given)])
    assert refused.extensions["misfits"][0]["misfits"] == 1


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a": pa.array([0.1 + 0.2])}, published("a", Kind.DECIMAL, "DECIMAL(4,1)")),
        ({"a": pa.array([1.0])}, published("a", Kind.TEXT, "VARCHAR")),
        ({"a": pa.array([0], pa.timestamp("us", "UTC"))}, published("a", Kind.TIMESTAMP, "TIMESTAMP")),
        ({"a": pa.array([0], pa.timestamp("us"))}, published("a", Kind.TIMESTAMP, "TIMESTAMP", zone="UTC")),
        ({"a": pa.array([1], pa.timestamp("us"))}, published("a", Kind.DATE, "DATE")),
        ({"a": pa.array([1.5])}, published("a", Kind.INTEGER, "BIGINT")),
        ({"a": pa.array([True])}, published("a", Kind.DECIMAL, "DECIMAL(4,1)")),
    ],
    ids=["binary digits", "lost form", "zone added", "zone lost", "time of day", "fraction", "boolean"],
)
def test_what_a_typed_file_cannot_give_is_refused(
    tmp_path: Path, columns: Any, expected: ExpectedColumn
) -> None:
    assert misfits(tmp_path, parquet(**columns), [expected], "f.parquet").extensions["column"] == "a"


@pytest.mark.parametrize(
    ("form", "kind", "written", "value"),
    [
        (ColumnFormat.THOUSANDS_COMMA, Kind.DECIMAL, '"1,234,567.80"', Decimal("1234567.8")),
        (ColumnFormat.THOUSANDS_COMMA, Kind.INTEGER, "1234", 1234),
        (ColumnFormat.DECIMAL_COMMA, Kind.DECIMAL, '"1.234,50"', Decimal("1234.5")),
        (ColumnFormat.DECIMAL_COMMA, Kind.DECIMAL, '"-1 234,5"', Decimal("-1234.5")),
        (ColumnFormat.DECIMAL_COMMA, Kind.DECIMAL, '"0,1"', Decimal("0.1")),
        (ColumnFormat.PERCENT, Kind.DECIMAL, "12.5%", Decimal("12.5")),
        (ColumnFormat.PERCENT_DECIMAL_COMMA, Kind.DECIMAL, '"12,5 %"', Decimal("12.5")),
        (ColumnFormat.DAY_FIRST, Kind.DATE, "31/1/2024", dt.date(2024, 1, 31)),
        (ColumnFormat.DAY_FIRST, Kind.DATE, "2024-01-31", dt.date(2024, 1, 31)),
        (ColumnFormat.DAY_FIRST, Kind.TIMESTAMP, "31.01.2024 14:30", dt.datetime(2024, 1, 31, 14, 30)),
        (ColumnFormat.MONTH_FIRST, Kind.DATE, "1-31-2024", dt.date(2024, 1, 31)),
        (ColumnFormat.COMPACT, Kind.DATE, "20240131", dt.date(2024, 1, 31)),
        (ColumnFormat.COMPACT, Kind.TIMESTAMP, "20240131143005", dt.datetime(2024, 1, 31, 14, 30, 5)),
    ],
)
def test_declared_formats_are_read_exactly(
    tmp_path: Path, form: ColumnFormat, kind: Kind, written: str, value: Any
) -> None:
    expected = [ExpectedColumn("a", kind, format=form)]
    _, rows = take(tmp_path, f"a,b\n{written},x\n,y\n", expected)
    assert rows == [(value, "x"), (None, "y")]


def test_names_are_matched_without_case_and_new_columns_are_told(tmp_path: Path) -> None:
    result, _ = take(tmp_path, "Station,extra\n1,2\n", WEATHER[:1])
    assert [(column.name, column.original_name) for column in result.columns] == [
        ("station", "Station"),
        ("extra", "extra"),
    ]
    assert [(notice.code, notice.column) for notice in result.notices] == [
        ("column-matched", "station"),
        ("new-column", "extra"),
    ]


def test_a_known_name_makes_a_header_of_numbers(tmp_path: Path) -> None:
    expected = [published("2023", Kind.DECIMAL, "DECIMAL(3,1)"), published("17", Kind.INTEGER)]
    result, rows = take(tmp_path, "2023,17\n1.5,1\n", expected)
    assert ([column.name for column in result.columns], rows) == (["2023", "17"], [(Decimal("1.5"), 1)])


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)


def spellings(number: Decimal) -> list[str]:
    """Ways to write a number, all of one value."""
    digits = format(number, "f")
    plain = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return [digits, plain, f"{number:e}", f"{number.scaleb(3):f}e-3", f"{number.scaleb(-9):f}E+9"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(numbers, st.integers(0, 4)), min_size=1, max_size=40))
def test_every_spelling_of_a_number_is_read_as_that_number(
    tmp_path: Path, values: list[tuple[Decimal, int]]
) -> None:
    whole = [number.to_integral_value() for number, _ in values]
    lines = "".join(
        f"{spellings(number)[way]},{spellings(n)[way]}\n"
        for (number, way), n in zip(values, whole, strict=True)
    )
    expected = [published("a", Kind.DECIMAL, "DECIMAL(5,2)"), published("b", Kind.INTEGER, "BIGINT")]
    _, rows = take(tmp_path, f"a,b\n{lines}", expected)
    assert rows == [(number, int(n)) for (number, _), n in zip(values, whole, strict=True)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20), min_size=1, max_size=20
    )
)
def test_text_stays_what_is_written_whatever_it_looks_like(tmp_path: Path, values: list[str]) -> None:
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [["a", "b"], *([v, "x"] for v in values)]
    )
    _, rows = take(
        tmp_path, made.getvalue(), [published("a", Kind.TEXT, "VARCHAR"), published("b", Kind.TEXT)]
    )
    assert [row[0] or "" for row in rows] == values
