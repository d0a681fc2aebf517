"""Columns of a typed file (Parquet, Arrow) brought to the types that are expected of them.

A column that is of its type already is left as it is. Any other is read from the texts of its values by the same rules
as a column of a text file, so that a value fits in one format when it fits in all.
"""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from infra.messages import Message
from listings.ingest.errors import TypeMismatch, shown
from listings.ingest.expected import BINARY_MARK, KIND_LABELS, ExpectedColumn
from listings.ingest.limits import Limits
from listings.ingest.matching import match_names
from listings.ingest.result import Column, Kind, Notice
from listings.ingest.table import Table, source_view
from listings.ingest.type_inference import infer_types
from listings.ingest.writing import literal, quoted, widest_stored, write_rows

_FLOAT_DIGITS = 15
"""Significant decimal digits that every binary floating-point number keeps."""


def conform(
    connection: duckdb.DuckDBPyConnection,
    made: Path,
    columns: Sequence[Column],
    expected: Sequence[ExpectedColumn],
    limits: Limits,
) -> tuple[list[Column], list[Notice]]:
    """Rewrite a Parquet file so that its columns are what is expected of them; nothing is done where they are.

    :raises TypeMismatch: values do not fit, or all of a column's are of another nature.
    """
    matched = match_names([column.name for column in columns], expected)
    wanted = [
        column if column is not None and _differs(found, column) else None
        for found, column in zip(columns, matched.expected, strict=True)
    ]
    named = [replace(column, name=name) for column, name in zip(columns, matched.names, strict=True)]
    if not any(wanted) and named == list(columns):
        return named, matched.notices
    for found, column in zip(columns, wanted, strict=True):
        if column is not None:
            _require_readable(found, column)
    as_text = ", ".join(
        f"{_text(found, column)} AS c{i}" if column else f"NULL::VARCHAR AS c{i}"
        for i, (found, column) in enumerate(zip(columns, wanted, strict=True))
    )
    originals = ", ".join(f"{quoted(column.name)} AS o{i}" for i, column in enumerate(columns))
    relation = (
        f"(SELECT {as_text}, {originals} FROM read_parquet({literal(str(made))}, hive_partitioning = false))"
    )
    names = matched.names
    table = Table(made, ",", False, names, names, (None,) * len(names), lambda _: None, tuple(wanted))
    connection.execute(source_view(relation, table))
    inferred = infer_types(connection, table, None, strict=False)
    values, brought = [], []
    for i, (kept, typed) in enumerate(zip(named, inferred.types, strict=True)):
        values.append(f"{typed.expression if wanted[i] else f'o{i}'} AS {quoted(kept.name)}")
        brought.append(
            replace(kept, kind=typed.kind, physical=typed.physical, zone=typed.zone) if wanted[i] else kept
        )
    written = made.with_name("conformed.parquet")
    texts = [
        f"o{i}" if not wanted[i] else f"c{i}" for i, column in enumerate(brought) if column.kind is Kind.TEXT
    ]
    widest = widest_stored(_longest(connection, texts), len(names))
    write_rows(connection, f"SELECT {', '.join(values)} FROM source", names, widest, written, limits)
    written.replace(made)
    return brought, matched.notices + inferred.notices


def _longest(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[int]:
    """Bytes of the longest value of each of these columns of the view ``source``."""
    if not texts:
        return []
    measures = ", ".join(f"coalesce(max(strlen({name})), 0)" for name in texts)
    return [int(n) for n in connection.execute(f"SELECT {measures} FROM source").fetchone() or ()]


def _differs(found: Column, expected: ExpectedColumn) -> bool:
    """Whether a column must be read anew: another type, fewer digits than published, or values that may be missing."""
    if found.kind is not expected.kind or found.zone != expected.zone or not expected.nullable:
        return True
    if found.kind is not Kind.DECIMAL:
        return False
    published = expected.digits
    return replace(expected, physical=found.physical).digits[1] < published[1]


def _require_readable(found: Column, expected: ExpectedColumn) -> None:
    """Refuse a column none of whose values can be taken for what is expected.

    :raises TypeMismatch: instants and local times are not the same, and nobody wrote the text of a binary number.
    """
    instants = found.kind is Kind.TIMESTAMP and expected.kind in {Kind.TIMESTAMP, Kind.DATE}
    if instants and found.zone != expected.zone:
        why = (
            Message("its times have a zone, and the expected ones have none")
            if found.zone
            else Message("its times have no zone, and the expected ones have one")
        )
    elif found.kind is Kind.NUMBER and expected.kind is Kind.TEXT:
        why = Message("it holds binary floating-point numbers, and codes may have lost their form")
    else:
        return
    raise TypeMismatch(
        Message(
            "Column {column} cannot be read as {kind}: {why}.",
            column=shown(expected.name),
            kind=KIND_LABELS[expected.kind],
            why=why,
        ),
        remedy=Message(
            "Write the column with the expected type; GET /v1/products/{product_id}/revisions lists them."
        ),
        column=expected.name,
    )


def _text(column: Column, expected: ExpectedColumn) -> str:
    """SQL of the text of a column's values; of a binary number the shortest, marked where that is a guess."""
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    if column.kind is not Kind.NUMBER:
        return text
    if expected.kind is Kind.NUMBER:  # the digits of a double, of which a float is one
        return f"CAST(CAST({quoted(column.name)} AS DOUBLE) AS VARCHAR)"
    plain = f"regexp_replace({text}, '\\.0$', '')"
    digits = f"strlen(ltrim(regexp_replace(split_part({plain}, 'e', 1), '[-.]', '', 'g'), '0'))"
    return f"CASE WHEN {digits} <= {_FLOAT_DIGITS} THEN {plain} ELSE {plain} || '{BINARY_MARK}' END"
