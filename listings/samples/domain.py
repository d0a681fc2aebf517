"""How a sample is drawn, and while of what it may be shown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.messages import Message
from listings.products.dictionary import DictionaryEntry
from listings.samples.errors import DrawRefused

MAX_FILTERS = 10


class DrawMethod(StrEnum):
    """How rows are chosen."""

    FIRST = "first"
    ROWS = "rows"
    FILTER = "filter"
    STRATIFIED = "stratified"


class FilterTest(StrEnum):
    """What a value is compared by."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    AT_LEAST = "ge"
    AT_MOST = "le"
    MISSING = "missing"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class RowFilter:
    """One condition on a column; ``value`` is text and compared as what the column holds."""

    column: str
    test: FilterTest
    value: str | None = None


@dataclass(frozen=True, slots=True)
class DrawSpec:
    """How a sample is drawn.

    :ivar count: rows at most.
    :ivar rows: numbers of rows, from 1.
    :ivar by: column over whose values, missing ones included, a stratified draw spreads.
    :ivar seed: of a stratified draw: the same seed on the same data draws the same rows.
    """

    method: DrawMethod
    count: int
    rows: tuple[int, ...] = ()
    filters: tuple[RowFilter, ...] = ()
    by: str | None = None
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {
            "method": self.method.value,
            "count": self.count,
            "rows": list(self.rows),
            "filters": [
                {"column": one.column, "test": one.test.value, "value": one.value} for one in self.filters
            ],
            "by": self.by,
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "DrawSpec":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        return cls(
            method=DrawMethod(document["method"]),
            count=document["count"],
            rows=tuple(document["rows"]),
            filters=tuple(
                RowFilter(one["column"], FilterTest(one["test"]), one["value"]) for one in document["filters"]
            ),
            by=document["by"],
            seed=document["seed"],
        )


def require_drawable(spec: DrawSpec, columns: Sequence[str], most: int) -> None:
    """Refuse a draw that does not say what it draws, or draws more than the rules allow.

    :param columns: those of the revision.
    :param most: rows that a sample may have.
    :raises DrawRefused: says what is missing.
    """
    if not 1 <= spec.count <= most:
        raise DrawRefused(
            Message("A sample has 1 to {most} rows.", most=most),
            remedy=Message("State a count within these bounds."),
        )
    if (
        (spec.method is DrawMethod.ROWS and not spec.rows)
        or (spec.method is DrawMethod.FILTER and not spec.filters)
        or (spec.method is DrawMethod.STRATIFIED and spec.by is None)
    ):
        raise DrawRefused(
            Message("A draw by {method} does not say which rows.", method=spec.method),
            remedy=Message("State rows, filters or by, as the method asks for."),
        )
    named = [one.column for one in spec.filters] + ([spec.by] if spec.by is not None else [])
    unknown = sorted(set(named) - set(columns))
    if unknown:
        raise DrawRefused(
            Message("Not in the data: {columns}.", columns=", ".join(unknown[:20])),
            remedy=Message("Use the column names of the revision."),
        )
    for one in spec.filters:
        if (one.value is None) != (one.test in (FilterTest.MISSING, FilterTest.PRESENT)):
            raise DrawRefused(
                Message("The condition on {column} has a value too many or too few.", column=one.column),
                remedy=Message("State a value, except for missing and present."),
            )


def require_no_forbidden(spec: DrawSpec, absent: Iterable[str]) -> None:
    """Refuse to choose rows by a column that no sample shows: which rows come would tell its values.

    :param absent: columns that are core data, or of which nothing is shown.
    :raises DrawRefused: names the column.
    """
    named = {one.column for one in spec.filters} | ({spec.by} if spec.by is not None else set())
    if told := sorted(named & set(absent)):
        raise DrawRefused(
            Message("Rows are not chosen by a column whose values are hidden: {column}.", column=told[0]),
            remedy=Message("Choose rows by a column that is shown as it is."),
        )


def classes_of(entries: Iterable[DictionaryEntry]) -> dict[str, list[Any]]:
    """Class and personal flags of each column, to be compared with later ones."""
    return {
        entry.name: [
            entry.classification.value if entry.classification else None,
            entry.personal,
            entry.sensitive,
        ]
        for entry in entries
    }
