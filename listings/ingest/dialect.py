"""How a delimited text file is written: delimiter, quote and header, by counting. Pure Python."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.messages import Message
from listings.ingest.errors import EmptyFile, HeaderBelow, NotATable, StatedOtherwise, shown
from listings.ingest.limits import Limits
from listings.ingest.readings import BLANKS
from listings.ingest.records import csv_form, records
from listings.ingest.result import DecimalMark, Delimiter, IngestOptions, Quote
from listings.ingest.sniff import ACCEPTED, HEAD_BYTES

DELIMITERS = (",", "\t", ";", "|")
"""Looked for in this order."""

_STATEMENT = re.compile('"?sep=(.)"?', re.IGNORECASE)
_STATEMENT_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text file is written.

    :param quote: empty for none.
    """

    delimiter: str
    quote: str
    header: bool
    names: tuple[str, ...]


def dialect_of(
    path: Path, filename: str, options: IngestOptions, limits: Limits, expected: Sequence[str] = ()
) -> Dialect:
    """Find delimiter, header and column names of a UTF-8 CSV file from its first 256 KiB.

    The delimiter is the one under which most records have as many values as the first. Without a header the
    columns are called ``column_1`` and so on.

    :param options: delimiter and header as the owner states them; detected where not stated.
    :param expected: names of columns: a first line with one of them is a header.
    :raises FileRefused: the first record cannot be read, or the lines have no constant shape.
    """
    delimiter = options.delimiter.mark if options.delimiter else None
    head = _head(path)
    quote = options.quote.mark if options.quote else _quote_of(head, delimiter)
    rows_by = {mark: _rows(head, mark, quote) for mark in DELIMITERS}
    best = delimiter or max(
        DELIMITERS,
        key=lambda mark: (_steadiness(rows_by[mark]), filename.lower().endswith(".tsv") and mark == "\t"),
    )
    rows = rows_by[best]
    _require_stated(head, rows_by, options)
    if not delimiter and _steadiness(rows) == 0:
        # One column, or a title above a table, which is told as a line that differs from the rest.
        titled = [
            mark for mark in DELIMITERS if len(rows_by[mark]) > 2 and _steadiness(rows_by[mark][1:]) == 1
        ]
        best = titled[0] if titled else ","
        rows = rows_by[best]
    _, first = next(records(path, best, limits, quote), (1, []))
    if not first:
        raise EmptyFile(
            Message("The file has no records."),
            remedy=Message("Upload a file with a header and rows."),
        )
    if options.header is None:
        _refuse_lines_above(first, rows_by.values(), expected)
    widths = Counter(len(row) for row in rows)
    if len(rows) >= 5 and len(widths) >= 4 and widths[len(first)] < len(rows) / 3:
        raise NotATable(
            Message(
                "The lines of the file have {widths} to {widths_2} values: it reads as text, not as a table.",
                widths=min(widths),
                widths_2=max(widths),
            ),
            remedy=ACCEPTED,
            line=2,
        )
    named = _names_in(first, expected)
    has_header = options.header if options.header is not None else bool(named) or _has_header(first, rows[1:])
    names = tuple(first) if has_header else tuple(f"column_{i + 1}" for i in range(len(first)))
    return Dialect(best, quote, has_header, names)


def stated_in(path: Path) -> Delimiter | None:
    """The delimiter that a UTF-8 file states in its first line, for Excel (``sep=;``); None where it states none."""
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        found = _STATEMENT.fullmatch(stream.readline(_STATEMENT_LENGTH).rstrip("\r\n"))
    return next((one for one in Delimiter if found and one.mark == found[1]), None)


def _names_in(row: Sequence[str], expected: Sequence[str]) -> set[str]:
    return {name.casefold() for name in expected} & {cell.strip(BLANKS).casefold() for cell in row}


def _refuse_lines_above(
    first: Sequence[str], readings: Iterable[list[list[str]]], expected: Sequence[str]
) -> None:
    """Refuse a file whose expected column names stand in a further line, below a title or another header.

    :param readings: the first records, by each delimiter that is tried.
    :raises HeaderBelow: names the line, counting those that are not blank.
    """
    if not expected or _names_in(first, expected):
        return
    for rows in readings:
        for place, row in enumerate(rows[1:_LINES_ABOVE], start=2):
            if len(_names_in(row, expected)) * 2 > len(expected):
                raise HeaderBelow(
                    Message("The names of the columns are in line {line}, and not in the first.", line=place),
                    remedy=Message(
                        "Take out the lines above it (a title, a second header) and upload the file again."
                    ),
                    line=place,
                )


def _head(path: Path) -> str:
    """Whole lines from the beginning of a file."""
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        text = stream.read(HEAD_BYTES)
    if len(text) == HEAD_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    return text


def _rows(head: str, delimiter: str, quote: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(head, newline=""), **csv_form(delimiter, quote))
        rows.extend(row for row in reader if row)
    return rows


def _quote_of(head: str, delimiter: str | None) -> str:
    """Single quotes, where lines have as many values only with them; double ones otherwise."""
    if "'" not in head or Quote.DOUBLE.mark in head:
        return Quote.DOUBLE.mark
    marks = [delimiter] if delimiter else DELIMITERS
    double, single = (
        max(_steadiness(_rows(head, mark, quote)) for mark in marks)
        for quote in (Quote.DOUBLE.mark, Quote.SINGLE.mark)
    )
    return Quote.SINGLE.mark if single == 1 > double else Quote.DOUBLE.mark


_FRACTION = re.compile(r"-?[0-9]+\.([0-9]{1,2}|[0-9]{4,})")
_TELLING = 3
"""So many numbers with the other decimal mark; fewer may be texts that look like it."""

_COMMA_FRACTION = re.compile(r"-?[0-9]+(\.[0-9]{3})*,([0-9]{1,2}|[0-9]{4,})")


def _require_stated(head: str, rows_by: dict[str, list[list[str]]], options: IngestOptions) -> None:
    """Refuse a file that is plainly written in another way than was stated.

    :param rows_by: the first records, by each delimiter.
    :raises StatedOtherwise: says what was seen.
    """
    rows = rows_by[options.delimiter.mark] if options.delimiter else []
    if options.delimiter and len(rows) > 1 and max(map(len, rows)) == 1:
        for other in Delimiter:
            if len(seen := rows_by[other.mark]) > 1 and _steadiness(seen) == 1:
                raise StatedOtherwise(
                    Message(
                        "The delimiter {stated} was stated, and no line has one; with {seen} every line has"
                        " {width} values.",
                        stated=options.delimiter.value,
                        seen=other.value,
                        width=len(seen[0]),
                    ),
                    remedy=Message(
                        "State delimiter={seen} or none; if the lines are single values, put them in quotes.",
                        seen=other.value,
                    ),
                    line=1,
                )
    if options.quote is not None and options.quote is not Quote.DOUBLE and Quote.DOUBLE.mark in head:
        marks = [options.delimiter.mark] if options.delimiter else DELIMITERS
        stated = max(_steadiness(rows_by[mark]) for mark in marks)
        if stated < 1 and any(_steadiness(_rows(head, mark, Quote.DOUBLE.mark)) == 1 for mark in marks):
            raise StatedOtherwise(
                Message(
                    "The quote {stated} was stated, and the lines differ in length with it; with double quotes they do"
                    " not.",
                    stated=options.quote.value,
                ),
                remedy=Message("State quote=double or none."),
                line=1,
            )
    if options.decimal_mark is not None:
        cells = [cell.strip(BLANKS) for row in max(rows_by.values(), key=_steadiness)[:1_000] for cell in row]
        points = [cell for cell in cells if _FRACTION.fullmatch(cell)]
        commas = [cell for cell in cells if _COMMA_FRACTION.fullmatch(cell)]
        others, as_stated = (
            (points, commas) if options.decimal_mark is DecimalMark.COMMA else (commas, points)
        )
        if len(others) >= _TELLING and not as_stated:
            raise StatedOtherwise(
                Message(
                    "The decimal mark {stated} was stated, and the file has numbers such as {value}.",
                    stated=options.decimal_mark.value,
                    value=shown(others[0]),
                ),
                remedy=Message("State the decimal mark that the file has, or none."),
            )


def _steadiness(rows: list[list[str]]) -> float:
    if not rows or len(rows[0]) < 2:
        return 0.0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows)


_TYPED = re.compile(
    r"-?\d+([.,]\d+)?([eE][+-]?\d+)?|\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T].*)?|true|false", re.IGNORECASE
)
_LINES_ABOVE = 20
_YEAR = re.compile(r"(19|20)\d\d")


def _has_header(first: list[str], rest: list[list[str]]) -> bool:
    """A first record is data when some of its values are of their column's type and none names one.

    A plain year over a column of numbers counts for neither: tables by year have such headers.
    """
    typed = named = 0
    for index, cell in enumerate(first):
        below = [row[index].strip() for row in rest[:200] if index < len(row) and row[index].strip()]
        if not below or not all(_TYPED.fullmatch(value) for value in below) or _YEAR.fullmatch(cell.strip()):
            continue
        if _TYPED.fullmatch(cell.strip()):
            typed += 1
        else:
            named += 1
    return not typed or bool(named)
