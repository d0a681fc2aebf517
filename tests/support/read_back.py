"""What a file holds, by readers that share nothing with the service, and how its values stand in the data API's JSON.

A value of a text file (CSV, JSON Lines) is a text, and the service says of which kind a column is. It stands in the
JSON

========= ==================================================================================================
text      as the same text; where the field is empty, as null
integer   as the same digits, so that a code with a leading zero could not have become one
decimal   as a number with the same value, to the last digit (blanks at its end may be added or left out)
number    as a number that is the same binary floating point value
boolean   as true or false, for what the field says in words
date      as the same day in ISO 8601
timestamp as the same moment in ISO 8601: in UTC with Z where the field has an offset, else without either
========= ==================================================================================================

A value of a binary file (Parquet, Arrow) has a type of its own and stands in the JSON by that: texts as texts, integers
as their digits, decimals and floats as above, infinite and undefined ones as null, days and moments in ISO 8601.
"""

import csv
import gzip
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

MOST_TOLD = 20
_TRUE, _FALSE = {"true", "1", "是"}, {"false", "0", "否"}


class Number(str):
    """The characters of a number in JSON, as they came."""

    __slots__ = ()


class FileText(str):
    """A value of a text file, which has no type of its own."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FileRows:
    """What a file holds.

    :ivar types: of a binary file's columns; None of a text file.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    types: Sequence[pa.DataType] | None = None


@dataclass(slots=True)
class Comparison:
    """How many values were compared, and which differ.

    :ivar verbatim: values that are the same character by character, missing ones among them.
    :ivar differing: how many differ.
    :ivar differences: row, column, in the file, in the answer; of the first few.
    """

    cells: int = 0
    verbatim: int = 0
    differing: int = 0
    differences: list[tuple[int, str, str, str]] = field(default_factory=list)


def page(body: str) -> Any:
    """A page of the data API, its numbers as they are written."""
    return json.loads(body, parse_float=Number, parse_int=Number, parse_constant=_refuse)


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def read(file: Path) -> FileRows:
    """What a file holds, by its name and the plainest reader there is."""
    content = file.read_bytes()
    names = file.suffixes
    if names[-1] == ".gz":
        content = gzip.decompress(content)
    if names[-1] == ".zst":
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as opened:
            content = opened.read()
    form = next(name for name in reversed(names) if name not in (".gz", ".zst"))
    if form in (".csv", ".tsv"):
        return _delimited(content, ".gb18030" in names)
    if form == ".jsonl":
        return _json_lines(content)
    buffer = pa.BufferReader(content)
    if form == ".parquet":
        table = pq.read_table(buffer)
    elif form == ".arrows":
        table = pa.ipc.open_stream(buffer).read_all()
    else:
        table = pa.feather.read_table(buffer)
    return FileRows(
        table.column_names,
        list(zip(*(column.to_pylist() for column in table.columns), strict=True)),
        table.schema.types,
    )


def _delimited(content: bytes, chinese: bool) -> FileRows:
    lines = content.decode("gb18030" if chinese else "utf-8-sig")
    first = lines.partition("\n")[0]
    mark = max(",;\t|", key=first.count)
    names, *rows = csv.reader(lines.splitlines(keepends=True), delimiter=mark, strict=True)
    return FileRows(names, [[FileText(value) for value in row] for row in rows if row])


def _json_lines(content: bytes) -> FileRows:
    records = [
        json.loads(line, parse_float=FileText, parse_int=FileText)
        for line in content.decode().split("\n")
        if line
    ]
    names = list(dict.fromkeys(name for record in records for name in record))
    return FileRows(names, [[_text(record.get(name)) for name in names] for record in records])


def _text(value: Any) -> Any:
    return FileText(value) if isinstance(value, str) else value


def compare(file: FileRows, shown: Sequence[dict[str, Any]], columns: Iterable[dict[str, Any]]) -> Comparison:
    """Hold each value of the answers against the file's, in the file's order.

    :param columns: of the revision, as the service tells of them.
    """
    found = Comparison()
    kinds = {column["original_name"]: column for column in columns}
    assert sorted(kinds) == sorted(file.names)
    assert len(shown) == len(file.rows)
    asked = [kinds[name] for name in file.names]
    types = file.types or [None] * len(file.names)
    for number, (row, answer) in enumerate(zip(file.rows, shown, strict=True), 1):
        assert len(answer) == len(row)
        for value, column, kind in zip(row, asked, types, strict=True):
            there = answer[column["name"]]
            found.cells += 1
            if value == there and isinstance(there, Number) == (
                column["kind"] in ("integer", "decimal", "number")
            ):
                found.verbatim += 1
            elif not _same(value, there, column, kind):
                found.differing += 1
                if found.differing <= MOST_TOLD:
                    found.differences.append((number, column["name"], repr(value), repr(there)))
    return found


def _same(value: Any, there: Any, column: dict[str, Any], kind: pa.DataType | None) -> bool:
    if isinstance(value, FileText):
        return _same_text(value, there, column)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return there is None
    if isinstance(value, bool):
        return there is value
    if isinstance(value, int):
        return isinstance(there, Number) and there == str(value)
    if isinstance(value, float):
        return isinstance(there, Number) and pa.scalar(float(there), kind).as_py() == value
    if isinstance(value, Decimal):
        return isinstance(there, Number) and Decimal(there) == value
    if isinstance(value, datetime):
        return there.endswith("Z") == (value.tzinfo is not None) and datetime.fromisoformat(there) == value
    if isinstance(value, date):
        return bool(there == value.isoformat())
    return type(there) is str and there == value


def _same_text(value: str, there: Any, column: dict[str, Any]) -> bool:
    kind = column["kind"]
    if value == "":
        return there is None
    if there is None:
        return False
    if kind == "boolean":
        return there is True if value.lower() in _TRUE else there is False and value.lower() in _FALSE
    if kind in ("integer", "decimal", "number") and not isinstance(there, Number):
        return False
    if kind == "decimal":
        return Decimal(there) == Decimal(value)
    if kind == "number":
        return float(there) == float(value)
    if kind == "timestamp":
        moment = datetime.fromisoformat(value)
        return there.endswith("Z") == (moment.tzinfo is not None) and datetime.fromisoformat(there) == moment
    # A text, an integer and a day stand there as they are written.
    return False
