"""What is told of odd files: true, with the way on, and the way leads on; in this process."""

import re
from pathlib import Path
from typing import Any

import pytest

from infra.messages import Message, translate
from listings.ingest.errors import (
    FileRefused,
    FileTooLarge,
    MalformedRecord,
    MixedColumn,
    NotATable,
    WrongEncoding,
)
from listings.ingest.expected import ExpectedColumn
from listings.ingest.formats import ColumnFormat
from listings.ingest.limits import Limits
from listings.ingest.pipeline import ingest
from listings.ingest.result import IngestOptions, IngestResult, Kind, TextEncoding

CITIES = "지역,기온\n" + "".join(
    f"{name},1\n" for name in ["서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종"]
)
PREFECTURES = "地域,気温\n" + "".join(
    f"{name},1\n" for name in ["あおもりし", "いわて", "せんだい", "とうきょう"]
)
STATIONS = "站点,区\n" + "".join(
    f"{name},江岸\n" for name in ["东湖", "汉口", "武昌", "青山", "洪山", "黄陂", "江夏", "蔡甸"]
)


def take(folder: Path, content: bytes | str, name: str = "f.csv", **given: Any) -> IngestResult:
    source, work = folder / "source", folder / "work"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    work.mkdir(exist_ok=True)
    options, limits = given.get("options", IngestOptions()), given.get("limits", Limits())
    return ingest(source, folder / "revision.parquet", work, name, options, limits, given.get("expected", ()))


def refused(
    folder: Path, content: bytes | str, why: type[Exception], name: str = "f.csv", **given: Any
) -> Any:
    with pytest.raises(why) as caught:
        take(folder, content, name, **given)
    assert isinstance(caught.value, FileRefused | FileTooLarge)
    return caught.value


@pytest.mark.parametrize("name", ["data.json", "data"])
def test_a_json_document_is_called_one(tmp_path: Path, name: str) -> None:
    text = '{\n  "data": [\n    {"a": 1},\n    {"a": 2}\n  ]\n}\n'
    error = refused(tmp_path, text, NotATable, name)
    assert error.detail == "The file is one JSON document over several lines, not one object per line."
    assert "jq -c '.name_of_the_list[]'" in error.remedy
    assert take(tmp_path, '{"a": 1}\n{"a": 2}\n', name).rows == 2


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '[\n{"a": 1},\n{"a": 2}]\n', "[]", "[\n"])
def test_a_json_array_is_called_one_also_without_a_name(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text, NotATable, "data").detail == "The file is one JSON array, not JSON Lines."


def test_a_header_in_brackets_is_no_array(tmp_path: Path) -> None:
    assert take(tmp_path, "[a],b\n1,2\n").rows == 1


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CITIES, TextEncoding.EUC_KR),
        (PREFECTURES, TextEncoding.EUC_JP),
        (PREFECTURES, TextEncoding.SHIFT_JIS),
    ],
)
def test_what_may_be_another_language_is_not_taken_for_chinese(
    tmp_path: Path, text: str, encoding: TextEncoding
) -> None:
    error = refused(tmp_path, text.encode(encoding), WrongEncoding)
    assert f"encoding={encoding}" in error.remedy or encoding.value in error.remedy
    result = take(tmp_path, text.encode(encoding), options=IngestOptions(encoding=encoding))
    assert (result.columns[0].name, result.encoding) == (text[:2], encoding.value)
    assert result.source_bytes == len(text.encode(encoding))


def test_chinese_is_read_with_a_notice_that_shows_it(tmp_path: Path) -> None:
    result = take(tmp_path, STATIONS.encode("gb18030"))
    (notice,) = [notice for notice in result.notices if notice.code == "encoding-detected"]
    assert "'站点区东湖江岸汉口江岸…'" in notice.message
    stated = IngestOptions(encoding=TextEncoding.GB18030)
    assert "encoding-detected" not in [
        n.code for n in take(tmp_path, STATIONS.encode("gbk"), options=stated).notices
    ]


@pytest.mark.parametrize("encoding", [TextEncoding.UTF_16, TextEncoding.WINDOWS_1252, TextEncoding.BIG5])
def test_a_stated_encoding_is_taken_at_its_word(tmp_path: Path, encoding: TextEncoding) -> None:
    text = {"utf-16": STATIONS, "windows-1252": "città,n\nForlì,1\n", "big5": "測站,值\n東湖,1\n"}[
        encoding.value
    ]
    result = take(tmp_path, text.encode(encoding.value), options=IngestOptions(encoding=encoding))
    assert result.columns[0].name == text.partition(",")[0]


def test_a_stated_encoding_that_is_wrong_is_refused(tmp_path: Path) -> None:
    utf_8, big5 = IngestOptions(encoding=TextEncoding.UTF_8), IngestOptions(encoding=TextEncoding.BIG5)
    refused(tmp_path, STATIONS.encode("gb18030"), WrongEncoding, options=utf_8)
    refused(tmp_path, STATIONS.encode(), WrongEncoding, options=big5)


@pytest.mark.parametrize(
    ("values", "kind", "form", "example"),
    [
        (["1,5", "2,25"], Kind.DECIMAL, ColumnFormat.DECIMAL_COMMA, "'1,5'"),
        (["1.234,50", "7"], Kind.DECIMAL, ColumnFormat.DECIMAL_COMMA, "'1.234,50'"),
        (["1,200", "2,300.50"], Kind.DECIMAL, ColumnFormat.THOUSANDS_COMMA, "'1,200'"),
        (["12.5%", "3%"], Kind.DECIMAL, ColumnFormat.PERCENT, "'12.5%'"),
        (["31/01/2024", "01/02/2024"], Kind.DATE, ColumnFormat.DAY_FIRST, "'31/01/2024'"),
        (["01/31/2024", "02/01/2024"], Kind.DATE, ColumnFormat.MONTH_FIRST, "'01/31/2024'"),
        (["2024-01-31", "31/01/2024"], Kind.DATE, ColumnFormat.DAY_FIRST, "'2024-01-31', '31/01/2024'"),
        (["31.1.2024 14:30", "1.2.2024 8:00"], Kind.TIMESTAMP, ColumnFormat.DAY_FIRST, "'31.1.2024 14:30'"),
        (["2024-01-31", "2024/1/31"], Kind.DATE, None, "'2024-01-31', '2024/1/31'"),
    ],
)
def test_what_is_kept_as_text_names_the_declaration_that_reads_it(
    tmp_path: Path, values: list[str], kind: Kind, form: ColumnFormat | None, example: str
) -> None:
    text = "a;b\n" + "".join(f"{value};x\n" for value in values)
    result = take(tmp_path, text)
    (notice,) = result.notices
    assert (notice.code, notice.column, result.columns[0].kind) == ("kept-as-text", "a", Kind.TEXT)
    assert isinstance(notice.message, Message)
    assert example in notice.message
    assert f"declare the column as {kind}" in notice.message
    assert form is None or f"format {form}" in notice.message
    declared = take(tmp_path, text, expected=[ExpectedColumn("a", kind, format=form)])
    assert (declared.columns[0].kind, declared.profile[0].nulls) == (kind, 0)


def test_plain_words_are_kept_as_text_without_a_word(tmp_path: Path) -> None:
    assert take(tmp_path, "a,b\nred,12A\nblue,7\ngreen,9B\n").notices == ()
    (notice,) = take(tmp_path, "a,b\n¥12,x\n¥3,y\n").notices
    assert "sign of currency" in notice.message


def test_identifiers_are_not_said_to_be_of_a_type_that_they_are_not(tmp_path: Path) -> None:
    (notice,) = take(tmp_path, "id,b\n110101199003070013,x\n110101199003070021,y\n").notices
    assert "values are of that type" not in notice.message
    assert notice.message.startswith("Line 2, column 'id': '110101199003070013' is longer than a number")


def test_long_decimals_are_kept_as_text_with_a_notice_of_what_to_do(tmp_path: Path) -> None:
    mixed = take(tmp_path, f"a,b\n1.5,x\n{'1' * 38},y\n2.5,z\n")
    assert (mixed.columns[0].kind, mixed.notices[0].code) == (Kind.TEXT, "kept-as-text")
    text = f"a,b\n1.5,x\n0.{'1' * 30},y\n123456789012.5,z\n"
    wide = take(tmp_path, text)
    (notice,) = wide.notices
    assert (wide.columns[0].kind, notice.code, notice.line) == (Kind.TEXT, "kept-as-text", 3)
    assert "declare the column as number with PUT /v1/products/{product_id}/columns" in notice.message
    rounded = take(tmp_path, text, expected=[ExpectedColumn("a", Kind.NUMBER)])
    assert (rounded.columns[0].kind, rounded.notices[0].code) == (Kind.NUMBER, "read-as-floating-point")
    kept = take(tmp_path, text, expected=[ExpectedColumn("a", Kind.TEXT)])
    assert (kept.columns[0].kind, kept.notices) == (Kind.TEXT, ())


def test_a_table_that_cannot_be_checked_is_refused_at_once(tmp_path: Path) -> None:
    limits = Limits(cells=100, counted_columns=4)
    assert take(tmp_path, "a,b,c,d,e,f\n" + "1,2,3,4,5,6\n" * 25, limits=limits).rows == 25
    error = refused(tmp_path, "a,b,c,d,e,f\n" + "1,2,3,4,5,6\n" * 26, FileTooLarge, limits=limits)
    assert "100 values" in error.remedy


def test_the_remedy_of_a_mixed_column_names_where_strict_is_said(tmp_path: Path) -> None:
    text = "day\n" + "".join(f"2024-01-{day:02}\n" for day in range(1, 31)) + "31/01/2024\n"
    error = refused(tmp_path, text, MixedColumn)
    assert "add strict=false to the address of the upload" in error.remedy
    assert "PUT /v1/products/{product_id}/columns" in error.remedy
    declared = [ExpectedColumn("day", Kind.DATE, format=ColumnFormat.DAY_FIRST)]
    assert take(tmp_path, text, expected=declared).columns[0].kind is Kind.DATE


@pytest.mark.parametrize(
    ("line", "chinese"),
    [
        ("hello", "第2行不是JSON：第1个字符处：此处应为一个值"),
        ('{"a": 1,}', "第2行不是JSON：第9个字符处：此处应为双引号括起的名称"),
        ('{"a"：1}', "第2行不是JSON：第5个字符处：请将：改为:"),
        ('{"a": NaN}', "第2行无法读取：NaN不是JSON"),
        ('{"a": ' + "[" * 100_000, "第2行无法读取：嵌套层数过多"),
    ],
)
def test_a_line_that_is_no_json_is_told_in_the_readers_language(
    tmp_path: Path, line: str, chinese: str
) -> None:
    error = refused(tmp_path, f'{{"a": 1}}\n{line}\n{{"a": 2}}\n', MalformedRecord, "f.jsonl")
    told = translate(error.detail, "zh")
    assert told.startswith(chinese)
    assert not re.search("[A-Za-z]{4,} [A-Za-z]+", told)
