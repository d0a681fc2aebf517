"""How wide a row is, and what is said of one that is too wide. Pure."""

from collections.abc import Sequence

from infra.messages import Message
from listings.ingest.errors import ValueTooLarge, shown
from listings.ingest.limits import Limits


def total_of(terms: Sequence[str]) -> str:
    """SQL of the sum of so many expressions: a tree, since a chain of thousands is deeper than DuckDB goes."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({total_of(terms[:half])} + {total_of(terms[half:])})"


def value_too_large(
    column: str, row: int, size: int, limits: Limits, line: int | None = None
) -> ValueTooLarge:
    """Why a value is refused."""
    return ValueTooLarge(
        Message(
            "Row {row}, column {column}: the value has {size:,} bytes; at most {limit:,} are taken.",
            row=row,
            column=shown(column),
            size=size,
            limit=limits.cell_bytes,
        ),
        remedy=Message("Shorten the value or split it over several rows, or leave the column out."),
        column=column,
        row=row,
        limit=limits.cell_bytes,
        **({} if line is None else {"line": line}),
    )


def row_too_large(row: int, size: int, limits: Limits, line: int | None = None) -> ValueTooLarge:
    """Why a row is refused."""
    return ValueTooLarge(
        Message(
            "Row {row} has {size:,} bytes with the names of its columns; at most {limit:,} are taken.",
            row=row,
            size=size,
            limit=limits.row_bytes,
        ),
        remedy=Message("Split the table into several products with fewer columns, or shorten the values."),
        row=row,
        limit=limits.row_bytes,
        **({} if line is None else {"line": line}),
    )
