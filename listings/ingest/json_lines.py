"""JSON Lines to a table of texts: one object per line, checked line by line, then typed like a CSV file.

Objects and arrays inside a value are kept as their JSON text, with a notice. JSON's own types bound what a
column may become: a string of digits stays text, a number never becomes a date.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.json_complaints import complaint
from infra.messages import Message
from listings.ingest.errors import (
    BadColumnName,
    DuplicateColumn,
    EmptyFile,
    FileRefused,
    MalformedRecord,
    TooManyColumns,
    TruncatedFile,
    shown,
)
from listings.ingest.limits import Limits
from listings.ingest.records import Dropped
from listings.ingest.result import Kind, Notice

_KINDS_OF = {
    "string": frozenset({Kind.TEXT, Kind.DATE, Kind.TIMESTAMP}),
    "number": frozenset({Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER}),
    "boolean": frozenset({Kind.TEXT, Kind.BOOLEAN}),
    "nested": frozenset({Kind.TEXT}),
}
_MIXED = frozenset({Kind.TEXT, Kind.DATE, Kind.TIMESTAMP})
QUOTE = '"'
MISSING = "-"
"""What is missing, in a file of one column; the same text is in quotes."""


class _Digits(str):
    """The text of a JSON number, kept exactly as written."""


@dataclass(slots=True)
class Keys:
    """The columns of a JSON Lines file: each key with the JSON types it held, in order of appearance.

    :param empty: how many texts without characters a key held.
    """

    types: dict[str, dict[str, int]] = field(default_factory=dict)
    empty: Counter[str] = field(default_factory=Counter)
    lines: int = 0

    def allowed(self) -> tuple[frozenset[Kind], ...]:
        """Per column, which kinds its values may take."""
        return tuple(
            _KINDS_OF[next(iter(seen))] if len(seen) == 1 else (_MIXED if seen else _KINDS_OF["nested"])
            for seen in self.types.values()
        )

    def notices(self) -> list[Notice]:
        """What the owner should know: nested values, and columns of more than one JSON type."""
        found = []
        for name, seen in self.types.items():
            if "nested" in seen:
                message = Message(
                    "Column {name} holds objects or arrays; they are kept as JSON text.", name=shown(name)
                )
                found.append(Notice("nested-kept-as-text", message, name, seen["nested"]))
            if len(seen) > 1:
                line = max(seen.values())
                message = Message(
                    "Column {name} holds values of several JSON types ({types}), a second one on line {line}; it is"
                    " kept as text.",
                    name=shown(name),
                    types=", ".join(sorted(seen)),
                    line=line,
                )
                found.append(Notice("kept-as-text", message, name, line))
        return found


def survey(path: Path, limits: Limits, dropped: Dropped | None = None) -> Keys:
    """Read every line once and learn the columns.

    :param dropped: is told of lines that cannot be read, which are passed over; None to refuse them.
    :raises FileRefused: a line is not one JSON object, names a key more than once, or there are too many keys.
    """
    keys = Keys()
    for line, record in objects(path, limits, dropped):
        keys.lines += 1
        for name, value in record.items():
            seen = keys.types.setdefault(name, {})
            if value == "":
                keys.empty[name] += 1
            elif (kind := _type_of(value)) is not None:
                seen.setdefault(kind, line)
        if len(keys.types) > limits.columns:
            raise TooManyColumns(
                Message(
                    "By line {line} the objects have {count:,} different keys; at most {columns:,} are taken.",
                    line=line,
                    count=len(keys.types),
                    columns=limits.columns,
                ),
                remedy=Message("Split the table, or turn keys into rows."),
                line=line,
                limit=limits.columns,
            )
        if sum(map(len, keys.types)) > limits.names_bytes:
            raise BadColumnName(
                Message(
                    "By line {line} the keys have {size:,} characters together; at most {limit:,} are taken.",
                    line=line,
                    size=sum(map(len, keys.types)),
                    limit=limits.names_bytes,
                ),
                remedy=Message("Shorten the keys: every row of an answer repeats them."),
                line=line,
                limit=limits.names_bytes,
            )
    if not keys.lines or not keys.types:
        raise EmptyFile(
            Message("The file has no records."),
            remedy=Message("Upload one JSON object per line."),
        )
    return keys


def spool(
    path: Path,
    target: Path,
    keys: Keys,
    limits: Limits,
    *,
    null_words: Sequence[str] = (),
    lenient: bool = False,
) -> None:
    """Write the records as a CSV file of texts, one column per key, without a header.

    Every text is in quotes, and what is missing is not: `MISSING`, where a line of it alone would be blank.

    :param null_words: what stands for a missing value.
    """
    nothing = "" if len(keys.types) > 1 else MISSING
    with target.open("w", encoding="utf-8", newline="") as stream:
        for line, record in objects(path, limits, Dropped() if lenient else None):
            try:
                texts = [_text(record.get(name)) for name in keys.types]
                cells = [
                    nothing if text is None or text in null_words else f'"{text.replace(QUOTE, QUOTE * 2)}"'
                    for text in texts
                ]
                stream.write(",".join(cells) + "\n")
            except UnicodeEncodeError:
                raise MalformedRecord(
                    Message("Line {line} escapes half of a surrogate pair.", line=line),
                    remedy=Message("Write whole characters."),
                    line=line,
                ) from None
            except RecursionError:
                raise MalformedRecord(
                    Message("Line {line} is nested too deep.", line=line),
                    remedy=Message("Write plain JSON: no NaN or Infinity, no deep nesting."),
                    line=line,
                ) from None


def line_of(path: Path, limits: Limits, lenient: bool, row: int) -> int:
    """The line of a record counted from 0."""
    for number, (line, _) in enumerate(objects(path, limits, Dropped() if lenient else None)):
        if number == row:
            return line
    raise AssertionError("a row beyond the file's end")


def objects(
    path: Path, limits: Limits, dropped: Dropped | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every object with its line; blank lines are passed over.

    :param dropped: is told of lines that cannot be read, which are passed over; None to refuse them.
    :raises FileRefused: see ``survey``.
    """
    with path.open("r", encoding="utf-8-sig", newline="\n") as stream:
        line = 0
        while text := stream.readline(limits.record_bytes):
            line += 1
            if len(text) >= limits.record_bytes:
                raise MalformedRecord(
                    Message(
                        "Line {line} is longer than {record_bytes:,} characters.",
                        line=line,
                        record_bytes=limits.record_bytes,
                    ),
                    remedy=Message("Write one object per line."),
                    line=line,
                )
            if not text.strip():
                continue
            try:
                record = _parse(text, line)
            except FileRefused:
                if dropped is None:
                    raise
                dropped.add(line)
            else:
                yield line, record


def _parse(text: str, line: int) -> dict[str, Any]:
    try:
        record = json.loads(
            text, object_pairs_hook=_unique, parse_int=_Digits, parse_float=_Digits, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        if not text.endswith("\n") and not text.rstrip().endswith("}"):
            raise TruncatedFile(
                Message("The last line ({line}) is half an object: the file was cut off.", line=line),
                remedy=Message("Upload it again, whole."),
                line=line,
            ) from None
        raise MalformedRecord(
            Message(
                "Line {line} is not JSON: at character {column}: {complaint}.",
                line=line,
                column=error.colno,
                complaint=complaint(error),
            ),
            remedy=Message("Write one JSON object per line."),
            line=line,
        ) from None
    except _DuplicateKey as duplicate:
        raise DuplicateColumn(
            Message("Line {line} names {key} more than once.", line=line, key=shown(duplicate.name)),
            remedy=Message("Give each value a key of its own."),
            line=line,
            column=duplicate.name,
        ) from None
    except (RecursionError, ValueError) as error:
        raise MalformedRecord(
            Message("Line {line} cannot be read: {complaint}.", line=line, complaint=_beyond(error)),
            remedy=Message("Write plain JSON: no NaN or Infinity, no deep nesting."),
            line=line,
        ) from None
    if not isinstance(record, dict):
        raise MalformedRecord(
            Message("Line {line} is not a JSON object.", line=line),
            remedy=Message('Write each record as an object: {"column": value, …}.'),
            line=line,
        )
    return record


class _DuplicateKey(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateKey(name)
            seen.add(name)
    return record


def _constant(name: str) -> None:
    raise ValueError(name)


def _beyond(error: RecursionError | ValueError) -> Message:
    """What is said of values that Python reads, or tries to, and that are no JSON of ours."""
    if isinstance(error, RecursionError):
        return Message("it is nested too deeply")
    return Message("{name} is not JSON", name=error)


def _type_of(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, _Digits):
        return "number"
    return "string" if isinstance(value, str) else "nested"


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    """JSON text, in which numbers have the digits that they are written with."""
    if isinstance(value, _Digits):
        return value
    if isinstance(value, dict):
        members = (
            f"{json.dumps(name, ensure_ascii=False)}: {_written(item)}" for name, item in value.items()
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False)
