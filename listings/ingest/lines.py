"""Verify the columns of a delimited file by one pattern a line: what every value must look like, delimiters included.

One match a line costs a fraction of a test of each value. The pattern is put together from lines all over the file, and
widened by those that do not match it. It takes less than the readings of the columns do (no blanks around a value, at
most 15 digits of an integer): a column that it does not take is left to the tests of
:mod:`listings.ingest.type_inference`, and so is a file whose values have line ends in them.

A pattern knows no calendar: what was verified here must be converted by casts that fail.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import duckdb

from listings.ingest.limits import Limits
from listings.ingest.readings import BOOLEAN, DATED_KINDS, DECIMAL, INTEGER, NUMBER, Reading
from listings.ingest.table import Table
from listings.ingest.writing import literal

MAX_COLUMNS = 300
"""Of a wider table the pattern is larger than RE2 works on fast."""

WIDEST = 16 * 1024
"""Bytes of a line."""

_WINDOWS, _WINDOW_BYTES = 32, 16 * 1024
_FAILING = 1_000
_EVERY = 10
_MOST_TEXT = 0.5
_ROUNDS = 3

_PATTERNS = {
    INTEGER: "-?(?:0|[1-9][0-9]{0,14})",
    NUMBER: r"-?(?:(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?",
    BOOLEAN: "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
}
_YEAR, _YEAR_OF_INSTANT = "(?:0[1-9]|[1-9][0-9])[0-9]{2}", "(?:0[1-9]|[1-8][0-9]|9[0-8])[0-9]{2}"
"""Years that stay within four digits; of an instant, in every zone."""


@dataclass(slots=True)
class LineColumn:
    """What a column's values must look like, as far as is known by now.

    :param ways: readings that may take all values, strictest first; none for a column of texts, which takes any.
    :param complete: no value may be missing.
    :param bounds: digits before and after the point that a decimal may have; None for as many as are found.
    :param whole: digits of the longest whole part that was found; ``fraction`` after the point.
    :param left: whether the column must be verified in another way: some value is of none of the ways.
    """

    ways: tuple[Reading, ...] = ()
    complete: bool = False
    bounds: tuple[int, int] | None = None
    whole: int = 1
    fraction: int = 0
    left: bool = False

    def pattern(self, text: str) -> str:
        """What a value looks like in its line.

        :param text: what any value looks like.
        """
        if self.left or not self.ways:
            return f"(?:{text})"
        value = self._value(self.ways[0])
        return f'(?:{value}|"(?:{value})")' if self.complete else f'(?:{value}|"(?:{value})?")?'

    def _value(self, way: Reading) -> str:
        if way is DECIMAL:
            return f"-?(?:0|[1-9][0-9]{{0,{self.whole - 1}}})(?:\\.[0-9]{{1,{max(self.fraction, 1)}}})?"
        if way.kind in DATED_KINDS:
            return way.pattern.replace("[0-9]{4}", _YEAR_OF_INSTANT if way.zone else _YEAR, 1)
        return _PATTERNS[way]

    def learn(self, value: str) -> None:
        """Take this value too, or leave the column."""
        if self.left or not self.ways or (not value and not self.complete):
            return
        for place, way in enumerate(self.ways):
            if self._takes(way, value):
                self.ways = self.ways[place:]
                return
        self.left = True

    def _takes(self, way: Reading, value: str) -> bool:
        if way is not DECIMAL and re.fullmatch(self._value(way), value, re.ASCII) is None:
            return False
        if way not in (INTEGER, DECIMAL):
            return True
        before, _, after = value.removeprefix("-").partition(".")
        whole, fraction = max(self.whole, len(before)), max(self.fraction, len(after))
        if way is DECIMAL and not (before and way.fits(value)):
            return False
        if self.bounds is not None and (whole > self.bounds[0] or fraction > self.bounds[1]):
            return False
        self.whole, self.fraction = whole, fraction
        return True


def verify_lines(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[LineColumn], limits: Limits
) -> tuple[int, int] | None:
    """Match every line of a file.

    :param columns: of the table, in their order. Those that are not ``left`` afterwards hold in every line.
    :returns: rows, and bytes of the longest; None where the lines are no records, one each, of at most `WIDEST` bytes,
        where most columns are left, or where texts are most of the file, so that testing other values costs less.
    """
    if not 1 < len(columns) <= MAX_COLUMNS:
        return None
    separator = re.escape(table.delimiter)
    text = f'[^{separator}"\\r\\n]*|"(?:[^"]|"")*"'
    some = list(_some_lines(table))
    if not _learn(some, table, columns, text) or _share_of_texts(some, table, columns) > _MOST_TEXT:
        return None
    source = (
        f"read_csv({literal(str(table.path))}, auto_detect=false, header={str(table.header).lower()}, delim='\x01', "
        "quote='', escape='', columns={'line': 'VARCHAR'}, strict_mode=true, null_padding=false, "
        f"ignore_errors=false, max_line_size={limits.record_bytes})"
    )
    for _ in range(_ROUNDS):
        if sum(column.left for column in columns) * 2 > sum(bool(column.ways) for column in columns):
            return None
        pattern = literal(separator.join(column.pattern(text) for column in columns))
        fails = f"(strlen(line) > {WIDEST} OR NOT coalesce(regexp_full_match(line, {pattern}), false))"
        try:
            rows, widest, failing, found = connection.execute(
                f"SELECT count(*), coalesce(max(strlen(line)), 0), count(*) FILTER (WHERE {fails}), "
                f"min(line, {_FAILING}) FILTER (WHERE {fails}) FROM {source}"
            ).fetchone() or (0, 0, 0, [])
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:  # a byte or a line that only the parser of values takes
            return None
        if widest > WIDEST or not _learn(found or [], table, columns, text):
            return None
        if failing == len(found or []):
            return int(rows), int(widest)
    return None


def _share_of_texts(lines: Sequence[str], table: Table, columns: Sequence[LineColumn]) -> float:
    """How much of some lines are texts that may be anything."""
    texts = [index for index, column in enumerate(columns) if column.left or not column.ways]
    rows = list(csv.reader(lines[::_EVERY], delimiter=table.delimiter))
    return sum(len(row[i]) for row in rows for i in texts) / max(sum(map(len, lines[::_EVERY])), 1)


def _learn(lines: Sequence[str], table: Table, columns: Sequence[LineColumn], text: str) -> bool:
    """Widen what is taken by the values of some lines; False where one of them is no record, or too wide."""
    separator = re.escape(table.delimiter)
    anything = re.compile(separator.join([f"(?:{text})"] * len(columns)))
    failing = lines
    while True:
        pattern = re.compile(separator.join(column.pattern(text) for column in columns))
        failing = [line for line in failing if pattern.fullmatch(line) is None]
        if not failing:
            return True
        if any(len(line.encode()) > WIDEST or anything.fullmatch(line) is None for line in failing):
            return False
        before = [replace(column) for column in columns]
        for values in csv.reader(failing, delimiter=table.delimiter):
            for column, value in zip(columns, values, strict=True):
                column.learn(value)
        if before == list(columns):
            return False


def _some_lines(table: Table) -> Iterator[str]:
    """Whole lines from all over the file."""
    size = table.path.stat().st_size
    with table.path.open("rb") as stream:
        for place in range(_WINDOWS):
            stream.seek(place * size // _WINDOWS)
            *lines, _ = stream.read(_WINDOW_BYTES).split(b"\n")
            for line in lines[1:]:
                yield line.removesuffix(b"\r").decode(errors="replace")
