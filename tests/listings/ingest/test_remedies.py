"""What a refusal advises can be done, and helps; and its texts can still be translated outside the child process."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.messages import Message
from listings.ingest.errors import (
    BadColumnName,
    DuplicateColumn,
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
    refusal_from_json,
    refusal_to_json,
)
from listings.ingest.limits import Limits
from listings.ingest.result import Delimiter, IngestOptions, IngestResult
from tests.support.budget import roomy
from tests.support.conversions import convert_here

AS_IT_IS = IngestOptions()
GOOD = "a,b\n1,2\n"
DATED = "day\n" + "".join(f"2024-01-{day:02}\n" for day in range(1, 31))
NOTES = "note\none, two\nthree, four, five\n"
LONG = f"{'x' * 300},n\ny,z\n"


def parquet(path: Path, columns: dict[str, Any]) -> bytes:
    pq.write_table(pa.table(columns), path)
    return path.read_bytes()


async def take(folder: Path, content: bytes | str, name: str, options: IngestOptions) -> IngestResult:
    source, target = folder / "source", folder / "revision.parquet"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    target.unlink(missing_ok=True)
    return await convert_here(
        source,
        target,
        filename=name,
        timeout_s=60,
        budget=roomy(folder),
        options=options,
        limits=Limits(columns=10, rows=1_000),
    )


@pytest.mark.parametrize(
    ("content", "why", "advice", "mended", "options"),
    [
        (json.dumps([{"a": 1}]), NotATable, "one object per line", json.dumps({"a": 1}), AS_IT_IS),
        (GOOD.encode("utf-16"), WrongEncoding, "UTF-8", GOOD, AS_IT_IS),
        ("a,a\n1,2\n", DuplicateColumn, "name of its own", GOOD, AS_IT_IS),
        ("a\n", HeaderOnly, "at least one row", GOOD, AS_IT_IS),
        ('a,b\n1,"x"y\n', MalformedRecord, "Double each quote", 'a,b\n1,"x""y"\n', AS_IT_IS),
        ('a,b\n1,"x', TruncatedFile, "Close the quote", 'a,b\n1,"x"\n', AS_IT_IS),
        (",".join("abcdefghijk") + "\n", TooManyColumns, "Split the table", GOOD, AS_IT_IS),
        ("a\n" + "1\n" * 1_001, FileTooLarge, "at most 1,000 rows", "a\n" + "1\n" * 1_000, AS_IT_IS),
        (DATED + "17\n", MixedColumn, "strict=false", DATED + "17\n", IngestOptions(strict=False)),
        (DATED + "17\n", MixedColumn, "Correct or empty", DATED + '""\n', AS_IT_IS),
        (NOTES, RaggedRow, "delimiter=comma, semicolon, tab", NOTES, IngestOptions(delimiter=Delimiter.TAB)),
        (NOTES, RaggedRow, "quote values", 'note\n"one, two"\n"three, four, five"\n', AS_IT_IS),
        (LONG, BadColumnName, "header=false", LONG, IngestOptions(header=False)),
    ],
)
async def test_doing_what_a_refusal_advises_helps(
    tmp_path: Path,
    content: bytes | str,
    why: type[FileRefused | FileTooLarge],
    advice: str,
    mended: str,
    options: IngestOptions,
) -> None:
    name = "data.jsonl" if mended.startswith("{") else "data.csv"
    with pytest.raises(why) as caught:
        await take(tmp_path, content, name, AS_IT_IS)
    assert advice in str(caught.value.remedy)
    assert (await take(tmp_path, mended, name, options)).rows >= 1


async def test_an_unsupported_column_can_be_left_out_or_written_as_text(tmp_path: Path) -> None:
    bad = parquet(tmp_path / "made", {"n": [1], "b": [b"x"]})
    with pytest.raises(UnsupportedColumn, match="'b' is of the type binary") as caught:
        await take(tmp_path, bad, "t.parquet", AS_IT_IS)
    assert caught.value.remedy == "Leave the column out, or write it as text or numbers."
    for columns in ({"n": [1]}, {"n": [1], "b": ["x"]}):
        await take(tmp_path, parquet(tmp_path / "made", columns), "t.parquet", AS_IT_IS)


async def test_the_texts_of_a_refusal_come_out_of_the_child_as_messages(tmp_path: Path) -> None:
    with pytest.raises(MixedColumn) as caught:
        await take(tmp_path, DATED + "17\n", "data.csv", AS_IT_IS)
    detail = caught.value.detail
    assert isinstance(detail, Message)
    assert detail == "Line 32, column 'day': '17' is a number, not a date (30 of 31 values are of that type)."
    assert detail.template.startswith("Line {line}, column {column}")
    why = detail.values["why"]
    assert isinstance(why, Message)
    assert (why.template, why.values["kind"]) == ("is a number, not a {kind}", "date")
    assert isinstance(why.values["kind"], Message)
    assert isinstance(caught.value.remedy, Message)


def test_a_template_that_reaches_into_its_values_is_not_believed() -> None:
    good = refusal_to_json(
        RaggedRow(Message("{count:,} of {name!r}", count=1_000, name="x"), remedy=Message("{}"))
    )
    assert refusal_from_json(json.loads(json.dumps(good))).detail == "1,000 of 'x'"
    for template in ("{name.__class__}", "{name[0]}", "{name:>9999999999}", "{name:{count}}"):
        bad = good | {"detail": {"template": template, "values": {"name": "x", "count": 1}}}
        with pytest.raises(ValueError, match="template"):
            refusal_from_json(bad)
