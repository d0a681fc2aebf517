"""No value is altered on its way into a revision: what a type does not hold exactly is kept as text, and told."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listings.ingest.errors import FileRefused
from listings.ingest.expected import ExpectedColumn
from listings.ingest.readings import MISSING_MARKERS
from listings.ingest.result import Column, IngestOptions, IngestResult, Kind, Notice
from listings.ingest.shown import shown
from tests.support.ingested import published, take

LONG = "12345678901234567890123456789012345678.5"


def served(folder: Path, content: bytes | str, name: str, **given: Any) -> tuple[IngestResult, list[Any]]:
    """What a file becomes, and the values of its column ``v`` as the data plane answers them, numbers to the digit."""
    result, _ = take(folder, content, name=name, **given)
    column = column_v(result)
    found = duckdb.execute(
        f"SELECT CAST(to_json({{'v': {shown(column, 'v')}}}) AS VARCHAR) "
        f"FROM read_parquet('{folder / 'revision.parquet'}')"
    ).fetchall()
    rows = [json.loads(text, parse_float=Decimal, parse_int=Decimal) for (text,) in found]
    return result, [row["v"] for row in rows]


def column_v(result: IngestResult) -> Column:
    return next(column for column in result.columns if column.name == "v")


def told_of(result: IngestResult, code: str) -> list[Notice]:
    return [notice for notice in result.notices if (notice.code, notice.column) == (code, "v")]


def delimited(values: list[str], filler: int = 0) -> str:
    rows = [*(f"{values[0]},{n}" for n in range(filler)), *(f"{value},1" for value in values)]
    return "v,n\n" + "\n".join(rows) + "\n"


# Numbers that one type must hold together, and the type that holds them all exactly.
NUMBERS: dict[str, tuple[list[str], Kind]] = {
    "as many digits as a decimal has": (["0.1", "1234567890123456789012345678901234567.5"], Kind.DECIMAL),
    "more digits than a decimal has": (["0.1", LONG, "2.5"], Kind.TEXT),
    "most have more digits": ([LONG, LONG, "2.5"], Kind.TEXT),
    "digits far apart": (["1e-30", "12345678901.5"], Kind.NUMBER),
    "what Python writes of floats": (["0.30000000000000004", "1e-05", "1e+22", "-0.0", "5e-324"], Kind.NUMBER),
    "what C writes of floats": (["0.10000000000000001", "1.0000000000000001e-05"], Kind.TEXT),
    "more digits beside an exponent": (["1e5", "0.1234567890123456789"], Kind.TEXT),
    "a long whole number beside an exponent": (["1e5", "9007199254740993"], Kind.TEXT),
    "smaller than any but nought": (["1e-400", "1e5", "2.5"], Kind.TEXT),
    "larger than any": (["1e400", "1e5", "2.5"], Kind.TEXT),
    "between two of the smallest": (["4e-324", "1e5", "2.5"], Kind.TEXT),
    "beyond 53 bit": (["9007199254740993", "1"], Kind.TEXT),
    "beyond 64 bit": (["18446744073709551616", "-5"], Kind.TEXT),
}  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "csv by lines", "jsonl"])
@pytest.mark.parametrize("numbers", NUMBERS)
def test_numbers_keep_their_values(tmp_path: Path, numbers: str, form: str) -> None:
    values, kind = NUMBERS[numbers]
    if form == "jsonl":
        content = "".join(f'{{"v": {value}, "n": 1}}\n' for value in values)
    else:
        content = delimited(values, 6_000 if form == "csv by lines" else 0)
    result, found = served(tmp_path, content, "f.jsonl" if form == "jsonl" else "f.csv")
    found = found[-len(values) :]
    assert [Decimal(value) for value in found] == [Decimal(value) for value in values]
    if form != "csv by lines" or kind is not Kind.NUMBER:  # the first of them alone may suggest a decimal
        assert column_v(result).kind is kind
    if kind is Kind.TEXT:
        assert found == values
        assert told_of(result, "kept-as-text"), "told which value it is, and what to do"


def test_a_number_that_is_rounded_where_the_column_is_declared_so_is_told(tmp_path: Path) -> None:
    content = delimited(["0.1234567890123456789", "2.5", "0.12345678901234567891"])
    result, found = served(tmp_path, content, "f.csv", expected=[ExpectedColumn("v", Kind.NUMBER)])
    assert found == [Decimal("0.12345678901234568"), Decimal("2.5"), Decimal("0.12345678901234568")]
    (notice,) = told_of(result, "read-as-floating-point")
    assert notice.message.startswith("2 values of 'v'")


TIMES: dict[str, tuple[list[str], Kind, list[str]]] = {
    "microseconds": (["2024-01-01 00:00:00.123456"] * 2, Kind.TIMESTAMP, ["2024-01-01T00:00:00.123456"] * 2),
    "nanoseconds": (["2024-01-01T00:00:00.123456789"] * 2, Kind.TEXT, ["2024-01-01T00:00:00.123456789"] * 2),
    "a leap second": (["2016-12-31T23:59:60", "x"], Kind.TEXT, ["2016-12-31T23:59:60", "x"]),
    "the end of a day": (["2024-01-01T24:00:00"], Kind.TIMESTAMP, ["2024-01-02T00:00:00"]),  # ISO 8601-1:2019/Amd 1
    "zones": (["2024-01-01T08:00:00+08:00", "2024-01-01T00:00:00Z"], Kind.TIMESTAMP, ["2024-01-01T00:00:00Z"] * 2),
    "times of day": (["08:00:00", "24:00"], Kind.TEXT, ["08:00:00", "24:00"]),
}  # fmt: skip


@pytest.mark.parametrize("times", TIMES)
def test_times_keep_their_values(tmp_path: Path, times: str) -> None:
    values, kind, expected = TIMES[times]
    result, found = served(tmp_path, delimited(values), "f.csv", options=IngestOptions(strict=False))
    assert (column_v(result).kind, found) == (kind, expected)


# Texts of a JSON Lines file, in which a text without characters is not a missing value.
TEXTS: list[str | None] = ["", None, "a\n\nb", "c\r\nd", " e\t", "N", 'q"', "nul\0", "\ufeffx", "😀", ""]


@pytest.mark.parametrize("alone", [False, True])
def test_texts_of_json_keep_their_values(tmp_path: Path, alone: bool) -> None:
    more = {} if alone else {"n": 1}
    content = "".join(json.dumps({"v": text, **more}) + "\n" for text in TEXTS)
    _, found = served(tmp_path, content, "f.jsonl")
    assert found == TEXTS


def test_a_text_without_characters_among_numbers_of_json_is_missing_and_told(tmp_path: Path) -> None:
    content = '{"v": 1}\n{"v": ""}\n{"v": null}\n{"v": 2}\n'
    result, found = served(tmp_path, content, "f.jsonl")
    assert found == [1, None, None, 2]
    (notice,) = told_of(result, "markers-read-as-missing")
    assert notice.message.startswith("1 ")


@pytest.mark.parametrize("alone", [False, True])
def test_words_for_what_is_missing_in_json(tmp_path: Path, alone: bool) -> None:
    more = {} if alone else {"n": "-999"}
    content = "".join(json.dumps({"v": v, **more}) + "\n" for v in ("无", 5, "-999", "", -999))
    options = IngestOptions(null_words=("无", "-999"))
    _, found = served(tmp_path, content, "f.jsonl", options=options)
    assert found == [None, "5", None, "", None]


def test_nested_numbers_of_json_are_kept_as_they_are_written(tmp_path: Path) -> None:
    nested = '{"a": 12345678901234567890.5, "b": -0, "c": [1.10, 1e400, "x"], "d": {"é": null, "f": true}}'
    _, found = served(tmp_path, f'{{"v": {nested}}}\n', "f.jsonl")
    assert found == [nested]


def test_blank_lines_of_one_column_are_told(tmp_path: Path) -> None:
    result, found = served(tmp_path, "v\nx\n\ny\n", "f.csv")
    assert found == ["x", "y"]
    assert told_of(result, "blank-lines")
    result, found = served(tmp_path, 'v\nx\n""\ny\n', "f.csv")
    assert found == ["x", None, "y"]
    assert not told_of(result, "blank-lines")


def typed(values: list[Any], kind: pa.DataType, form: str) -> bytes:
    made, table = io.BytesIO(), pa.table({"v": pa.array(values, kind), "n": range(len(values))})
    if form == "int96":
        pq.write_table(table, made, use_deprecated_int96_timestamps=True)
    elif form == "parquet":
        pq.write_table(table, made)
    else:
        with pa.ipc.new_file(made, table.schema) as writer:
            writer.write_table(table)
    return made.getvalue()


DAYS = [
    dt.datetime.fromisoformat(t) for t in ("9999-12-31T23:00", "1000-01-01", "2024-01-01T00:00:00.000001")
]
ENTRY = pa.struct([("t", pa.time64("ns")), ("f", pa.float64())])
# Values of Parquet and Arrow, and what the data plane answers.
COLUMNS: dict[str, tuple[list[Any], pa.DataType, list[Any]]] = {
    "unsigned 64 bit": ([2**64 - 1, 0], pa.uint64(), [2**64 - 1, 0]),
    "more digits than a decimal has": ([Decimal(LONG)], pa.decimal256(60, 2), [LONG + "0"]),
    "few digits in a wide decimal": ([Decimal("0.12")], pa.decimal256(40, 2), ["0.12"]),
    "decimals without their noughts": ([Decimal("1.10")], pa.decimal128(5, 2), [Decimal("1.1")]),
    "nanoseconds": (
        [1, 1_704_067_200_123_456_789, None], pa.timestamp("ns"),
        ["1970-01-01T00:00:00.000000001", "2024-01-01T00:00:00.123456789", None],
    ),
    "nanoseconds of a zone": (
        [1, 1_000], pa.timestamp("ns", "Asia/Shanghai"),
        ["1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000001000Z"],
    ),
    "whole microseconds": ([1_000], pa.timestamp("ns"), ["1970-01-01T00:00:00.000001"]),
    "times of day": ([1, None], pa.time64("ns"), ["00:00:00.000000001", None]),
    "texts": (["", None, " a ", "NULL", "x\0y"], pa.string(), ["", None, " a ", "NULL", "x\0y"]),
    "half floats": ([0.5, 65504.0], pa.float16(), [Decimal("0.5"), 65504]),
    "floats": ([0.1, 5e-324, -0.0], pa.float64(), [Decimal("0.1"), Decimal("5e-324"), Decimal("-0.0")]),
    "times of day within": (
        [{"t": 1, "f": 0.5}, None], ENTRY, ['{"t": "00:00:00.000000001", "f": 0.5}', None],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("values", COLUMNS)
def test_typed_values_keep_their_values(tmp_path: Path, values: str, form: str) -> None:
    given, kind, expected = COLUMNS[values]
    result, found = served(tmp_path, typed(given, kind, form), f"f.{form}")
    assert found == expected
    if column_v(result).kind is Kind.TEXT and kind not in (pa.string(), pa.time64("ns")):
        assert told_of(result, "kept-as-text")


def test_instants_of_96_bit_keep_their_years(tmp_path: Path) -> None:
    """In nanoseconds, as they are read by default, the year 9999 is 1816."""
    _, found = served(tmp_path, typed(DAYS, pa.timestamp("us"), "int96"), "f.parquet")
    assert found == [day.isoformat() for day in DAYS]


def test_instants_of_96_bit_with_nanoseconds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="nanoseconds") as caught:
        take(tmp_path, typed([1_001, 1_000], pa.timestamp("ns"), "int96"), name="f.parquet")
    assert caught.value.extensions["column"] == "v"


def test_numbers_within_that_json_cannot_say_are_told(tmp_path: Path) -> None:
    content = typed([{"t": 1, "f": float("nan")}], ENTRY, "parquet")
    result, found = served(tmp_path, content, "f.parquet")
    assert found == ['{"t": "00:00:00.000000001", "f": null}']
    (notice,) = told_of(result, "kept-as-text")
    assert notice.message.endswith("NaN and infinities in it become null.")


def test_finer_times_do_not_pass_for_a_published_column(tmp_path: Path) -> None:
    expected = [published("v", Kind.TIMESTAMP, "TIMESTAMP")]
    take(tmp_path, typed([1_000], pa.timestamp("ns"), "parquet"), expected, "f.parquet")
    with pytest.raises(FileRefused) as caught:
        take(tmp_path, typed([1], pa.timestamp("ns"), "parquet"), expected, "f.parquet")
    assert caught.value.slug == "type-mismatch"


def _numbers(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


MAKES: tuple[st.SearchStrategy[str], ...] = (
    _numbers(r"-?(0|[1-9][0-9]{0,20})"),
    _numbers(r"-?(0|[1-9][0-9]{0,20})\.[0-9]{1,25}"),
    _numbers(r"-?[1-9](\.[0-9]{1,20})?[eE][+-]?[0-9]{1,3}"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    _numbers(r"[0-9]{1,6}"),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes(min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 29)).map(  # noqa: DTZ001
        lambda moment: f"{moment.isoformat()}+08:00"
    ),
    st.sampled_from(
        ["true", "FALSE", "是", "否", "NA", "-", "NULL", "", "1,234", "+5", " 7", "24:00", "1e400", "inf"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)


@st.composite
def values_of_a_column(draw: st.DrawFn) -> list[str]:
    """Mostly of one make, so that a type is found, or of all."""
    usual, odd = draw(st.sampled_from(MAKES)), st.one_of(*MAKES)
    many = draw(st.lists(usual, min_size=1, max_size=30))
    return draw(st.permutations(many + draw(st.lists(odd, max_size=3))))


def same(written: str, there: Any, kind: Kind) -> bool:
    """Whether an answer says what is written in a cell of a text file."""
    text = written.strip(" \t\r\n\u3000\u00a0")
    if there is None:  # empty, or told to be a marker for what is missing
        return text.upper() in {"", *MISSING_MARKERS}
    if kind is Kind.TEXT:
        return bool(there == written)
    if kind is Kind.BOOLEAN:
        return bool(there == {"true": True, "false": False}[text.lower()])
    if kind is Kind.DATE:
        return bool(there == text)
    if kind is Kind.TIMESTAMP:
        return dt.datetime.fromisoformat(there) == dt.datetime.fromisoformat(text)
    return bool(there == Decimal(text))


@pytest.mark.parametrize("form", ["csv", "quoted csv", "csv by lines", "jsonl"])
@settings(max_examples=10, deadline=None)
@given(values=values_of_a_column())
def test_whatever_a_column_holds_is_answered_as_it_is_written(form: str, values: list[str]) -> None:
    made = io.StringIO()
    if form == "jsonl":
        made.writelines(f"{json.dumps({'v': value, 'n': 1})}\n" for value in values)
    else:
        # Lines end with \r\n, and what holds either is in quotes.
        writer = csv.writer(made, quoting=csv.QUOTE_ALL if form == "quoted csv" else csv.QUOTE_MINIMAL)
        again = 40 if form == "csv by lines" else 1
        writer.writerows([["v", "n"], *([value, "1"] for _ in range(again) for value in values)])
    with TemporaryDirectory() as folder:
        result, found = served(
            Path(folder),
            made.getvalue().encode(),
            "f.jsonl" if form == "jsonl" else "f.csv",
            options=IngestOptions(strict=False, header=None if form == "jsonl" else True),
        )
    kind = column_v(result).kind
    for value, there in zip(values, found[-len(values) :], strict=True):
        if form == "jsonl" and kind is Kind.TEXT:
            assert there == value
        assert same(value, there, kind), (value, there, kind)
