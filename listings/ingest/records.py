"""The records of a delimited text file, read by Python's csv module: the arbiter of what a line says. Pure Python."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.messages import Message
from listings.ingest.encodings import overlong
from listings.ingest.errors import FileRefused, MalformedRecord, TruncatedFile
from listings.ingest.limits import Limits
from listings.ingest.result import Notice

_NAMED = 20
_LINES_OF_A_VALUE = 1_000


@dataclass(slots=True)
class Dropped:
    """Lines that were left out since they cannot be read.

    :param first: the first of them, counted from 1.
    """

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Leave out one more."""
        self.count += 1
        if len(self.first) < _NAMED:
            self.first.append(line)

    def notices(self, rows: int) -> list[Notice]:
        """What to tell.

        :param rows: that were kept.
        :raises MalformedRecord: they are fewer.
        """
        if not self.count:
            return []
        lines = ", ".join(map(str, self.first)) + (" …" if self.count > len(self.first) else "")
        if self.count > rows:
            raise MalformedRecord(
                Message(
                    "{count:,} lines cannot be read, more than can: {lines}.", count=self.count, lines=lines
                ),
                remedy=Message("State the delimiter and the quote of the file, or correct these lines."),
                line=self.first[0],
            )
        message = Message(
            "{count:,} lines that cannot be read were dropped, as was asked for: {lines}.",
            count=self.count,
            lines=lines,
        )
        return [Notice("lines-dropped", message, line=self.first[0])]


def csv_form(delimiter: str, quote: str) -> dict[str, Any]:
    """How Python's csv module is told of a dialect.

    :param quote: empty for none.
    """
    if not quote:
        return {"delimiter": delimiter, "quoting": csv.QUOTE_NONE, "quotechar": None}
    return {"delimiter": delimiter, "quotechar": quote}


def records(path: Path, delimiter: str, limits: Limits, quote: str = '"') -> Iterator[tuple[int, list[str]]]:
    """Every record of a UTF-8 CSV file with the line it starts on; blank lines are passed over.

    :raises FileRefused: a quoted value never ends, a quote stands where none may, or a record is too long.
    """
    csv.field_size_limit(limits.record_bytes)
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(_bounded(stream, limits), strict=True, **csv_form(delimiter, quote))
        started = 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _broken(str(error), started) from None
            if row:
                yield started, row
            started = reader.line_num + 1


def readable_records(
    path: Path, delimiter: str, limits: Limits, quote: str, width: int, dropped: Dropped
) -> Iterator[tuple[int, list[str]]]:
    """The records that can be read and have as many values as the header; a line that cannot begins none.

    :param dropped: is told of the others.
    """
    csv.field_size_limit(limits.record_bytes)
    form = csv_form(delimiter, quote)
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        waiting: list[str] = []
        started = 1
        lines = _bounded(stream, limits)
        while waiting or (line := next(lines, None)) is not None:
            waiting = waiting or [str(line)]
            row, taken = _first_record(waiting, lines, form)
            if row is None or len(row) < width or any(row[width:]):
                if row != []:
                    dropped.add(started)
                taken = 1
            else:
                yield started, row
            waiting, started = waiting[taken:], started + taken


def _first_record(
    waiting: list[str], lines: Iterator[str], form: dict[str, Any]
) -> tuple[list[str] | None, int]:
    """The record that begins in the first of some lines, and its lines; None where there is none.

    :param waiting: more lines are added, as far as a quoted value goes.
    """
    for count in range(1, _LINES_OF_A_VALUE):
        if len(waiting) < count:
            following = next(lines, None)
            if following is None:
                return None, 1
            waiting.append(following)
        try:
            return next(csv.reader(waiting[:count], strict=True, **form), []), count
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return None, 1
    return None, 1


def _bounded(stream: io.TextIOWrapper, limits: Limits) -> Iterator[str]:
    number = 0
    while line := stream.readline(limits.record_bytes):
        number += 1
        if len(line) >= limits.record_bytes:
            raise overlong(number, limits)
        yield line


def _broken(message: str, line: int) -> FileRefused:
    if "unexpected end" in message or "field larger" in message:
        return TruncatedFile(
            Message(
                "A quoted value that begins in the record on line {line} never ends: the file was "
                "cut off, or a quote is not closed.",
                line=line,
            ),
            remedy=Message("Close the quote, or upload the file again, whole."),
            line=line,
        )
    return MalformedRecord(
        Message("Line {line} has text after a closing quote.", line=line),
        remedy=Message('Double each quote inside a quoted value ("") as RFC 4180 says.'),
        line=line,
    )
