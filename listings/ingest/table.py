"""A table of texts that is to be typed, and the types its columns get: SQL over the view ``source``. Pure."""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.messages import Message
from listings.ingest.errors import shown
from listings.ingest.expected import ExpectedColumn
from listings.ingest.readings import BLANKS, DECIMAL, DIRECT, MAX_DIGITS, Reading
from listings.ingest.result import Kind, Notice
from listings.ingest.typed_sql import parsed, present

COLUMNS_AT_ONCE = 200
"""Of a wide table in one query: planning grows faster than its columns."""

_PHYSICAL = {
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A UTF-8 CSV file with a header, ready to be typed.

    :param allowed: per column, which kinds its values may take; None for any.
    :param line_of: the source line of a data row counted from 0.
    :param expected: per column, what it is read as; None to infer it.
    :param quote: empty for none.
    :param decimal_comma: numbers have a comma before their fraction, unless their column is declared with a format.
    :param null_words: what stands for a missing value.
    :param spooled: texts are in quotes, and what is missing is not: a text without characters is one.
    :param empty: by column, how many texts there are without characters, which are missing in a column of another type.
    """

    path: Path
    delimiter: str
    header: bool
    given: tuple[str, ...]
    names: tuple[str, ...]
    allowed: tuple[frozenset[Kind] | None, ...]
    line_of: Callable[[int], int | None]
    expected: tuple[ExpectedColumn | None, ...]
    quote: str = '"'
    decimal_comma: bool = False
    null_words: tuple[str, ...] = ()
    spooled: bool = False
    empty: Mapping[str, int] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether values are what stands between the delimiters, or in double quotes."""
        return self.quote == '"' and not self.decimal_comma and not self.null_words


@dataclass(frozen=True, slots=True)
class InferredType:
    """The type of one column, and the SQL that yields its values.

    :param direct: whether DuckDB's reader may read the values as the physical type at once, which costs less.
    """

    kind: Kind
    expression: str
    physical: str
    zone: str | None = None
    direct: bool = False


def as_text(table: Table, index: int) -> InferredType:
    """A column kept as it is written."""
    return InferredType(Kind.TEXT, f"r{index}" if _is_rewritten(table, index) else f"c{index}", "VARCHAR")


def _is_rewritten(table: Table, index: int) -> bool:
    """Whether the view has numbers of a column with a decimal point in place of its comma, besides what is written."""
    expected = table.expected[index]
    return table.decimal_comma and (expected is None or expected.format is None)


_COMMA_NUMBER = (
    r"-?(0|[1-9][0-9]{0,2}([. \x{00A0}\x{202F}''][0-9]{3})+|[1-9][0-9]*)(,[0-9]+)?([eE][+-]?[0-9]{1,3})?"
)
_POINT_NUMBER = r"-?[0-9]*\.[0-9]+([eE][+-]?[0-9]{1,3})?"


def _with_point(index: int) -> str:
    """SQL of a value with its decimal comma as a point; what has a point already is no number then."""
    v = trimmed(index)
    return (
        f"CASE WHEN regexp_full_match({v}, '{_COMMA_NUMBER}')"
        rf" THEN replace(regexp_replace({v}, '[. \x{{00A0}}\x{{202F}}'']', '', 'g'), ',', '.')"
        f" WHEN regexp_full_match({v}, '{_POINT_NUMBER}') THEN replace(c{index}, '.', '·') ELSE c{index} END"
    )


def trimmed(index: int) -> str:
    """SQL of a value without surrounding blanks; NULL when nothing is left."""
    return f"nullif(trim(c{index}, '{BLANKS}'), '')"


def source_view(relation: str, table: Table, typed: Collection[int] = ()) -> str:
    """SQL that makes the view ``source`` of a relation of texts ``c0`` and so on.

    Of expected columns there is besides what :mod:`listings.ingest.typed_sql` makes of them.

    :param typed: columns that the relation has the values of, in place of their texts.
    """
    known = [(i, column) for i, column in enumerate(table.expected) if column is not None and i not in typed]
    texts = [f"{present(trimmed(index), column.kind)} AS v{index}" for index, column in known]
    said = [term for index, column in known for term in parsed(index, column)]
    if table.decimal_comma:
        some = [index for index in range(len(table.names)) if _is_rewritten(table, index)]
        written = ", ".join(f"c{index} AS r{index}" for index in some)
        relation = (
            f"(SELECT * REPLACE ({', '.join(f'{_with_point(index)} AS c{index}' for index in some)}), {written}"
            f" FROM {relation})"
            if some
            else relation
        )
    layer = f"SELECT {', '.join(['*', *texts])} FROM {relation}"
    return f"CREATE OR REPLACE TEMP VIEW source AS SELECT {', '.join(['*', *said])} FROM ({layer})"


def digit_counts(v: str, only: str = "") -> list[str]:
    """SQL for the longest whole part and the longest fraction, in digits, where the values are decimals."""
    point, negative = f"instr({v}, '.')", f"CAST(starts_with({v}, '-') AS INTEGER)"
    return [
        f"max(CASE WHEN {point} > 0 THEN {point} - 1 ELSE strlen({v}) END - {negative}){only}",
        f"max(CASE WHEN {point} > 0 THEN strlen({v}) - {point} ELSE 0 END){only}",
    ]


def type_of(reading: Reading, v: str, whole: int | None, fraction: int | None) -> InferredType | None:
    """How to convert to a reading that fits; None where numbers are too long for it, or to be quantities."""
    whole = max(whole or 0, 1)  # .5 is 0.5 where it is written out
    if reading is DECIMAL:
        if not fraction or whole + fraction > MAX_DIGITS:
            return None
        physical = f"DECIMAL({whole + fraction},{fraction})"
        return InferredType(Kind.DECIMAL, f"CAST({v} AS {physical})", physical, direct=is_direct(reading, v))
    physical = _PHYSICAL[reading.kind]
    return InferredType(reading.kind, reading.reading(v), physical, reading.zone, is_direct(reading, v))


def is_direct(reading: Reading, v: str) -> bool:
    """Whether DuckDB's reader may read values of a reading at once: they are ``v`` as they stand in the file."""
    return reading in DIRECT and v.removeprefix("c").isdigit()


def markers_notice(name: str, count: int) -> Notice:
    """What to tell of markers such as NA that were read as missing values."""
    return Notice(
        "markers-read-as-missing",
        Message(
            "{count:,} values of {name} such as NA, NULL or - were read as missing.",
            count=count,
            name=shown(name),
        ),
        name,
    )
