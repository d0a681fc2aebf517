"""Values that do not fit what is expected of their column: found, counted and named."""

# ruff: noqa: S608 -- the SQL is put together from quoted names and patterns of our own, in a sandbox

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from infra.messages import Message, joined
from listings.ingest.errors import TypeMismatch, shown
from listings.ingest.expected import KIND_LABELS, ExpectedColumn, declarable_formats, why_unfit
from listings.ingest.result import Kind
from listings.ingest.table import trimmed

EXAMPLES = 5
"""Values that are named of each column."""

COLUMNS = 20
"""Columns of which values are named; of the first few also in the sentence."""

_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Misfits:
    """A column with values that do not fit.

    :param index: of the column in the view ``source``.
    :param value: SQL of the typed value over ``v{index}``, NULL where one does not fit.
    :param count: values that had to fit.
    """

    index: int
    expected: ExpectedColumn
    value: str
    count: int


def refuse_misfits(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    misfits: Sequence[Misfits],
    line_of: Callable[[int], int | None],
) -> None:
    """Refuse the file when values do not fit.

    :param line_of: the source line of a data row counted from 0; None for a format without lines.
    :raises TypeMismatch: with columns, counts, and examples with their rows.
    """
    if not misfits:
        return
    found = [_described(connection, names[one.index], one) for one in misfits[:COLUMNS]]
    for column in found[:_SENTENCES]:
        if (line := line_of(column["examples"][0]["row"] - 1)) is not None:
            column["examples"][0]["line"] = line
    more = len(misfits) - _SENTENCES
    sentences = [_sentence(column) for column in found[:_SENTENCES]]
    if more > 0:
        sentences.append(Message("{count} more columns do not fit either.", count=more))
    first = found[0]["examples"][0]
    raise TypeMismatch(
        joined(sentences, " "),
        remedy=_remedy(
            any(one.expected.published for one in misfits),
            any(
                declarable_formats(example["value"] or "", one.expected)
                for one, column in zip(misfits, found, strict=False)
                for example in column["examples"]
            ),
        ),
        misfits=found,
        column=found[0]["column"],
        row=first["row"],
        **({"line": first["line"]} if "line" in first else {}),
    )


def _described(connection: duckdb.DuckDBPyConnection, name: str, one: Misfits) -> dict[str, Any]:
    v = f"v{one.index}"
    unfit = "t IS NULL" if not one.expected.nullable else "t IS NULL AND v IS NOT NULL"
    written = f"CASE WHEN {v} IS NOT NULL THEN {trimmed(one.index)} END"
    rows = f"SELECT row_number() OVER () AS row, {v} AS v, {written} AS c, {one.value} AS t FROM source"
    found = connection.execute(f"SELECT row, c FROM ({rows}) WHERE {unfit} LIMIT {EXAMPLES}").fetchall()
    (count,) = connection.execute(f"SELECT count(*) FROM ({rows}) WHERE {unfit}").fetchone() or (0,)
    return {
        "column": name,
        "expected": one.expected.kind.value,
        "published": one.expected.published,
        "misfits": int(count),
        "values": one.count,
        "examples": [
            {"row": int(row), "value": value and value[:200], "why": why_unfit(value, one.expected)}
            for row, value in found
        ],
    }


def _sentence(column: dict[str, Any]) -> Message:
    first = column["examples"][0]
    values = {
        "column": shown(column["column"]),
        "kind": KIND_LABELS[Kind(column["expected"])],
        "misfits": column["misfits"],
        "values": column["values"],
        "row": first["row"],
        "value": "–" if first["value"] is None else shown(first["value"]),
        "why": first["why"],
    }
    if column["published"]:
        return Message(
            "Column {column} is published as {kind}, and {misfits:,} of its {values:,} values do not fit, first in"
            " row {row}: {value} {why}.",
            **values,
        )
    return Message(
        "Column {column} is declared as {kind}, and {misfits:,} of its {values:,} values do not fit, first in"
        " row {row}: {value} {why}.",
        **values,
    )


def _remedy(published: bool, formatted: bool) -> Message:
    """What to do.

    :param formatted: whether a format could be declared in which named values are read.
    """
    if published and formatted:
        return Message(
            "Where the whole column is written so, declare the format that is named with"
            " PUT /v1/products/{product_id}/columns and upload the file again; otherwise correct or empty these values."
        )
    if published:
        return Message(
            "Correct or empty these values, take out lines that are no data (totals, notes, a second header), and"
            " upload the file again. Where the type itself is another, declare it with"
            " PUT /v1/products/{product_id}/columns: such a file waits until the change is announced to its readers."
        )
    return Message(
        "Correct or empty these values, or declare another type or format with"
        " PUT /v1/products/{product_id}/columns and upload the file again."
    )
