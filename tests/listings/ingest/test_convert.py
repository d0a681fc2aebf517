"""Ingest through its one public function; without a process of its own, which is in test_bounds.py."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listings.ingest.errors import (
    DuplicateColumn,
    EmptyFile,
    FileRefused,
    FileTooLarge,
    HeaderOnly,
    MalformedRecord,
    MixedColumn,
    NotATable,
    RaggedRow,
    TooManyColumns,
    TruncatedFile,
    UnsupportedColumn,
    WrongEncoding,
)
from listings.ingest.limits import Limits
from listings.ingest.result import Delimiter, IngestOptions, IngestResult, Kind
from tests.support.budget import roomy
from tests.support.conversions import convert_here

DATED = "day,reading\n" + "".join(f"2024-01-{day:02},{day}.5\n" for day in range(1, 31))


async def take(folder: Path, content: bytes | str, name: str = "file.csv", **given: Any) -> IngestResult:
    folder.mkdir(exist_ok=True)
    source = folder / "source"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    target = folder / "out" / "revision.parquet"
    return await convert_here(source, target, filename=name, timeout_s=60, budget=roomy(folder), **given)


async def refused(
    folder: Path, content: bytes | str, why: type[Exception], name: str = "file.csv", **given: Any
) -> dict[str, Any]:
    with pytest.raises(why) as caught:
        await take(folder, content, name, **given)
    assert list((folder / "out").iterdir()) == [], "a refused file leaves nothing behind"
    error = caught.value
    assert isinstance(error, FileRefused | FileTooLarge)
    assert error.detail
    assert error.remedy
    return error.extensions


def rows_of(folder: Path) -> list[tuple[Any, ...]]:
    return duckdb.execute(f"SELECT * FROM read_parquet('{folder}/out/revision.parquet')").fetchall()


def kinds(result: IngestResult) -> dict[str, Kind]:
    return {column.name: column.kind for column in result.columns}


async def test_every_type_is_found_and_kept(tmp_path: Path) -> None:
    text = (
        "code,count,price,ratio,open,day,at,zoned,note, Cost Total $ \n"
        "00701,1,12.30,1e3,true,2024-02-29,2024-02-29 08:00,2024-02-29T08:00:00+08:00,a,5\n"
        '10701,-2,0.05,2.5,FALSE,2024-03-01,2024-03-01 09:30:15.25,2024-03-01T00:00:00Z,"b, c",6\n'
    )
    result = await take(tmp_path, text)
    assert list(kinds(result).values()) == [
        Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER, Kind.BOOLEAN,
        Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP, Kind.TEXT, Kind.INTEGER,
    ]  # fmt: skip
    assert result.columns[2].physical == "DECIMAL(4,2)"
    assert [column.zone for column in result.columns[6:8]] == [None, "UTC"]
    assert (result.columns[9].name, result.columns[9].original_name) == ("Cost Total $", " Cost Total $ ")
    first, second = rows_of(tmp_path)
    assert first[0] == "00701"
    assert first[2] == Decimal("12.30")
    assert second[8] == "b, c"
    assert str(first[7]) == "2024-02-29 00:00:00"
    assert result.rows == 2
    assert result.size_bytes == (tmp_path / "out/revision.parquet").stat().st_size


async def test_types_hold_to_the_last_row(tmp_path: Path) -> None:
    """The first 30,000 values are whole numbers; the last is not, and the column follows it."""
    lines = "".join(f"{n},{n},{n}\n" for n in range(1, 30_001))
    result = await take(tmp_path, f"a,b,c\n{lines}1,12.34,00701\n")
    assert kinds(result) == {"a": Kind.INTEGER, "b": Kind.DECIMAL, "c": Kind.TEXT}
    (notice,) = result.notices
    assert (notice.code, notice.column, notice.line) == ("kept-as-text", "c", 30_002)
    assert rows_of(tmp_path)[-1] == (1, Decimal("12.34"), "00701")


async def test_identifiers_and_thousands_stay_text(tmp_path: Path) -> None:
    result = await take(tmp_path, 'id;cost\n110101199003070013;"1,200"\n110101199003070021;900\n3;7\n')
    assert kinds(result) == {"id": Kind.TEXT, "cost": Kind.TEXT}
    assert result.delimiter == ";"
    assert {notice.column: notice.line for notice in result.notices} == {"id": 2, "cost": 2}
    assert "thousands" in result.notices[1].message


async def test_markers_for_missing_do_not_make_numbers_text(tmp_path: Path) -> None:
    result = await take(tmp_path, "a,b\n1,None\n2,x\nNA,y\n-,z\n5,None\n")
    assert kinds(result) == {"a": Kind.INTEGER, "b": Kind.TEXT}
    assert [row[0] for row in rows_of(tmp_path)] == [1, 2, None, None, 5]
    assert result.notices[0].code == "markers-read-as-missing"
    assert rows_of(tmp_path)[0][1] == "None"


async def test_a_number_where_a_date_was(tmp_path: Path) -> None:
    text = DATED + "45322,31.5\n"
    where = await refused(tmp_path, text, MixedColumn)
    assert (where["line"], where["column"], where["value"]) == (32, "day", "45322")
    result = await take(tmp_path, text, options=IngestOptions(strict=False))
    assert kinds(result)["day"] is Kind.TEXT
    assert (result.notices[0].line, result.notices[0].column) == (32, "day")


@pytest.mark.parametrize("value", ["2024-01-31 10:00:00", "2024-02-30", "31/01/2024", "soon"])
async def test_a_date_column_takes_dates_only(tmp_path: Path, value: str) -> None:
    where = await refused(tmp_path, f"{DATED}{value},1.5\n", MixedColumn)
    assert (where["line"], where["column"]) == (32, "day")


async def test_chinese_in_gb18030_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    text = "站点,日期,浓度\n" + "".join(f"东湖站,2024年1月{day}日,{day}\n" for day in range(1, 20))
    for encoded, name in ((text.encode("gb18030"), "gb18030"), (text.encode("utf-8-sig"), "utf-8-bom")):
        result = await take(tmp_path, encoded)
        assert (result.encoding, list(kinds(result).values())) == (name, [Kind.TEXT, Kind.DATE, Kind.INTEGER])
        assert result.columns[0].name == "站点"
        assert rows_of(tmp_path)[0][0] == "东湖站"


async def test_headers_and_delimiters_are_found_or_given(tmp_path: Path) -> None:
    result = await take(tmp_path, "1\t2.5\tx\n2\t3.5\ty\n", "data.tsv")
    assert [column.name for column in result.columns] == ["column_1", "column_2", "column_3"]
    assert (result.delimiter, result.rows, result.notices[0].code) == ("\t", 2, "no-header")
    assert (await take(tmp_path, "region,2023,2024\nEast,1,2\n")).rows == 1
    assert (
        await take(tmp_path, "a|b\n1|2\n", options=IngestOptions(delimiter=Delimiter.PIPE, header=False))
    ).rows == 2


async def test_untidy_but_whole_files_are_taken(tmp_path: Path) -> None:
    mixed_line_ends = 'a,b\r\n1,"x\ny"\n2,z\r\n\r\n'
    assert (await take(tmp_path, mixed_line_ends)).rows == 2
    assert rows_of(tmp_path) == [(1, "x\ny"), (2, "z")]
    spreadsheet_padding = "a,b,\n1,2,\n3,4,\n"
    assert list(kinds(await take(tmp_path, spreadsheet_padding))) == ["a", "b"]
    assert list(kinds(await take(tmp_path, "only\n1\n2\n"))) == ["only"]


@pytest.mark.parametrize("start", ["", "\n", "\n\n\n", "\r\n", "\ufeff\n"])
@pytest.mark.parametrize("header", ["a", "a,b"])
async def test_blank_lines_are_neither_header_nor_row(tmp_path: Path, start: str, header: str) -> None:
    row = "1,2" if header == "a,b" else "1"
    result = await take(tmp_path, f"{start}{header}\n{row}\n\n{row}\n\n")
    assert result.rows == 2
    assert set(kinds(result).values()) == {Kind.INTEGER}
    line = 4 + start.count("\n")
    at = await refused(
        tmp_path / "other", f"{start}d\n2024-01-01\n\nxx\n2024-01-02\n2024-01-03\n", MixedColumn
    )
    assert at["line"] == line


async def test_a_quoted_empty_value_is_a_row_of_a_single_column(tmp_path: Path) -> None:
    result = await take(tmp_path, 'a\n1\n""\n\n2\n')
    assert result.rows == 3
    assert rows_of(tmp_path) == [(1,), (None,), (2,)]


async def test_what_a_number_or_an_offset_may_look_like(tmp_path: Path) -> None:
    text = (
        "rounded,fraction,at\n-0,.25,2024-01-01T00:00:00+99:00\n"
        "-5,-.5,2024-01-01T00:00:00Z\n7,.0,2024-01-01T00:00:00Z\n"
    )
    result = await take(tmp_path, text, options=IngestOptions(strict=False))
    assert kinds(result) == {"rounded": Kind.INTEGER, "fraction": Kind.DECIMAL, "at": Kind.TEXT}
    assert [column.physical for column in result.columns[:2]] == ["BIGINT", "DECIMAL(3,2)"]
    assert rows_of(tmp_path)[0] == (0, Decimal("0.25"), "2024-01-01T00:00:00+99:00")


async def test_three_hundred_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(300))
    line = ",".join(str(n) for n in range(300))
    result = await take(tmp_path, f"{header}\n" + f"{line}\n" * 50)
    assert len(result.columns) == 300
    assert set(kinds(result).values()) == {Kind.INTEGER}
    (tmp_path / "out/revision.parquet").unlink()
    where = await refused(tmp_path, f"{header}\n{line}\n", TooManyColumns, limits=Limits(columns=299))
    assert (where["columns"], where["limit"]) == (300, 299)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"%PDF-1.7\n%\xe2\xe3",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b"PK\x05\x06" + bytes(18),
        b"7z\xbc\xaf\x27\x1c\x00\x04",
        b"a,b\n1,\x00\x01\x02\n",
        b'[{"a": 1}]\n',
        (
            b"To whom it may concern.\nThis, as it were, is a letter.\nIt has, now, and, then, a comma.\nOr, two.\n\n"
            b"Yours, truly, and, ever, so, sincerely,\nA, B, and C\n"
        ),
    ],
)
async def test_not_a_table(tmp_path: Path, content: bytes) -> None:
    await refused(tmp_path, content, NotATable, "data.json" if content[:1] == b"[" else "data.csv")


async def test_nothing_to_take(tmp_path: Path) -> None:
    await refused(tmp_path, b"", EmptyFile)
    await refused(tmp_path, b"\xef\xbb\xbf \n\n", EmptyFile)
    await refused(tmp_path, "a,b\n", HeaderOnly)


async def test_defects_are_named_by_line(tmp_path: Path) -> None:
    good = "a,b\n" + "1,2\n" * 7
    assert (await refused(tmp_path, good + "3\n4,5\n", RaggedRow)) == {"line": 9, "expected": 2, "found": 1}
    assert (await refused(tmp_path, good + "3,4,5\n", RaggedRow))["line"] == 9
    assert (await refused(tmp_path, good + '3,"four', TruncatedFile))["line"] == 9
    assert (await refused(tmp_path, good + "3", TruncatedFile))["line"] == 9
    assert (await refused(tmp_path, good + '3,"x"y\n', MalformedRecord))["line"] == 9
    where = await refused(tmp_path, "Name,x,name \n1,2,3\n", DuplicateColumn)
    assert (where["line"], where["column"], where["positions"]) == (1, "name", [1, 3])


async def test_wrong_encodings(tmp_path: Path) -> None:
    where = await refused(tmp_path, "name,n\nPlain,1\nPérigueux,2\n".encode("latin-1"), WrongEncoding)
    assert (where["line"], where["byte"]) == (3, 16)
    await refused(tmp_path, "a,b\n1,2\n".encode("utf-16"), WrongEncoding)
    assert (await refused(tmp_path, "站点,b\n1,站".encode()[:-1], TruncatedFile))["line"] == 2


async def test_json_lines(tmp_path: Path) -> None:
    records = [
        {"id": "007", "n": 1, "price": 1.50, "on": True, "day": "2024-01-01", "place": {"x": [1, 2.5]}},
        {"id": "008", "n": 2, "price": 2, "on": None, "day": "2024-01-02", "late": "x"},
    ]
    text = "\n".join(json.dumps(record) for record in records)
    result = await take(tmp_path, text, "data.jsonl")
    assert kinds(result) == {
        "id": Kind.TEXT, "n": Kind.INTEGER, "price": Kind.DECIMAL, "on": Kind.BOOLEAN,
        "day": Kind.DATE, "place": Kind.TEXT, "late": Kind.TEXT,
    }  # fmt: skip
    assert rows_of(tmp_path)[0][5:] == ('{"x": [1, 2.5]}', None)
    assert [notice.code for notice in result.notices] == ["nested-kept-as-text"]


@pytest.mark.parametrize("value", ["[" + "9" * 5_000 + "]", "[1e99999999999999999999]", "[1e999, 1.50]"])
async def test_nested_numbers_that_nothing_holds_keep_their_digits(tmp_path: Path, value: str) -> None:
    await take(tmp_path, f'{{"a": {value}}}\n', "f.jsonl")
    assert rows_of(tmp_path) == [(value,)]


async def test_deep_nesting_is_refused_by_line(tmp_path: Path) -> None:
    for depth in (900, 100_000):
        text = '{"a": 1}\n{"a": ' + "[" * depth + "]" * depth + "}\n"
        at = await refused(tmp_path, text, MalformedRecord, "f.jsonl")
        assert at["line"] == 2


async def test_json_lines_defects_are_named_by_line(tmp_path: Path) -> None:
    good = '{"a": 1, "day": "2024-01-01"}\n\n' + '{"a": 2, "day": "2024-01-02"}\n' * 2
    assert (await refused(tmp_path, good + '{"a": 3, "da', TruncatedFile, "x.jsonl"))["line"] == 5
    assert (await refused(tmp_path, good + "{a: 3}\n", MalformedRecord, "x.jsonl"))["line"] == 5
    assert (await refused(tmp_path, good + '{"a": NaN}\n', MalformedRecord, "x.jsonl"))["line"] == 5
    assert (await refused(tmp_path, good + "[1]\n", MalformedRecord, "x.jsonl"))["line"] == 5
    assert (await refused(tmp_path, good + '{"a": 1, "a": 2}\n', DuplicateColumn, "x.jsonl"))["line"] == 5
    assert (await refused(tmp_path, good + '{"day": 17}\n', MixedColumn, "x.jsonl"))["line"] == 5


async def test_parquet_and_arrow(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": pa.array([1, None], pa.int16()),
            "x": pa.array([float("nan"), 2.5]),
            "when": pa.array([0, 1_000], pa.timestamp("ms", "Asia/Shanghai")),
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "nested": pa.array([{"k": 1}, None]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    for method, name in ((pa.ipc.new_file, "t.arrow"), (pa.ipc.new_stream, "t.arrows")):
        with method(tmp_path / name, table.schema) as writer:
            writer.write_table(table)
    for name in ("t.parquet", "t.arrow", "t.arrows"):
        content = (tmp_path / name).read_bytes()
        result = await take(tmp_path, content, name)
        assert list(kinds(result).values()) == [
            Kind.INTEGER, Kind.NUMBER, Kind.TIMESTAMP, Kind.TEXT, Kind.TEXT
        ]  # fmt: skip
        assert rows_of(tmp_path)[0][:2] == (1, None)
        assert rows_of(tmp_path)[0][4] == '{"k": 1}'
        assert result.columns[2].zone == "UTC"
        (tmp_path / "out/revision.parquet").unlink()
        await refused(tmp_path, content[: len(content) * 2 // 3], TruncatedFile, name)


def far(value: int, kind: pa.DataType) -> pa.Array:
    return pa.ListArray.from_arrays([0, 1], pa.array([value], pa.int64()).cast(kind))


@pytest.mark.parametrize(
    "column",
    [
        pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]),
        far(2_932_897 * 86_400, pa.timestamp("s")),
        far(2**62, pa.timestamp("us")),
        far(1, pa.timestamp("us", "Nowhere/Nope")),
        far(2**62, pa.duration("s")),
        pa.array([[b"\xff"]]),
        pa.array([{"a": b"\xff"}]),
        pa.array([[b"0123456789abcdef"]], pa.list_(pa.binary(16))),
    ],
    ids=[
        "one name twice",
        "year 10000",
        "far away",
        "no such zone",
        "duration",
        "bytes",
        "in a struct",
        "fixed",
    ],
)
async def test_nested_values_that_json_cannot_say_are_refused_by_column(
    tmp_path: Path, column: pa.Array
) -> None:
    table = pa.table({"n": [1], "odd": column})
    with pa.OSFile(str(tmp_path / "made"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    found = await refused(tmp_path, (tmp_path / "made").read_bytes(), UnsupportedColumn, "f.arrow")
    assert found["column"] == "odd"


async def test_nested_values_are_json_and_decimals_of_any_scale_are_kept(tmp_path: Path) -> None:
    table = pa.table(
        {
            "nested": [[1.5, float("nan"), float("-inf")]],
            "hundreds": pa.array([Decimal("9999900")], pa.decimal128(5, -2)),
            "fractions": pa.array([Decimal("0.123456789012345678")], pa.decimal128(18, 18)),
        }
    )
    with pa.OSFile(str(tmp_path / "made"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    await take(tmp_path, (tmp_path / "made").read_bytes(), "f.arrow")
    assert rows_of(tmp_path) == [("[1.5, null, null]", Decimal(9_999_900), Decimal("0.123456789012345678"))]
    # With a digit before the point it is more than a decimal has.
    parts = pa.table({"a": pa.array([Decimal("0." + "1" * 38)], pa.decimal128(38, 38))})
    pq.write_table(parts, tmp_path / "parts")
    result = await take(tmp_path / "other", (tmp_path / "parts").read_bytes(), "f.parquet")
    assert (result.columns[0].kind, rows_of(tmp_path / "other")) == (Kind.TEXT, [("0." + "1" * 38,)])


async def test_binary_columns_and_bombs_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"b": pa.array([b"x"])}), tmp_path / "b.parquet")
    where = await refused(tmp_path, (tmp_path / "b.parquet").read_bytes(), UnsupportedColumn, "b.parquet")
    assert where["column"] == "b"
    pq.write_table(pa.table({"n": pa.nulls(3_000_000)}), tmp_path / "n.parquet")
    bomb = (tmp_path / "n.parquet").read_bytes()
    assert len(bomb) < 100_000
    assert (await refused(tmp_path, bomb, FileTooLarge, "n.parquet", limits=Limits(rows=1_000_000)))[
        "rows"
    ] == 3_000_000


async def test_too_large(tmp_path: Path) -> None:
    await refused(tmp_path, DATED, FileTooLarge, limits=Limits(source_bytes=100))


async def test_a_refusal_leaves_an_earlier_revision_alone(tmp_path: Path) -> None:
    await take(tmp_path, DATED)
    with pytest.raises(HeaderOnly):
        await take(tmp_path, "a,b\n")
    assert [item.name for item in (tmp_path / "out").iterdir()] == ["revision.parquet"]


async def test_the_profile_describes_and_reveals_no_text(tmp_path: Path) -> None:
    lines = "".join(
        f"{n},P-{n:04},{'north' if n % 2 else 'south'},2024-01-{n % 28 + 1:02}\n" for n in range(200)
    )
    result = await take(tmp_path, f"n,code,side,day\n{lines},,,\n")
    n, code, side, day = result.profile
    assert (n.minimum, n.maximum, n.nulls, n.distinct) == ("0", "199", 1, 200)
    assert (code.shape, code.minimum, code.values) == ("^[A-Z]-[0-9]{4}$", None, ())
    assert side.values == ("north", "south")
    assert day.increasing is False
    assert IngestResult.from_json(json.loads(json.dumps(result.to_json()))) == result
