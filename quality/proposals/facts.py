"""What proposals rest on: the profile of a file, what its columns mean, what else the operator may read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from infra.labels import Label
from quality.checks import Check

NUMERIC = frozenset({"integer", "decimal", "number"})
DATED = frozenset({"date", "timestamp"})


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the profile tells of one column.

    :param kind: ``text``, ``integer``, ``decimal``, ``number``, ``boolean``, ``date`` or ``timestamp``.
    :param nulls: rows without a value; ``distinct`` different values, counted exactly when ``distinct_exact``.
    :param values: every value of a text or boolean column that has few of them.
    :param shape: a regular expression that nearly all values match.
    :param increasing: whether a column of dates or times never falls from row to row.
    :param sampled: of how many rows the following is told, ``sampled_nulls`` of them without a value.
    :param quantiles: the smallest value, those at every twentieth and the largest, as exact text.
    :param top_values: the most frequent values with how often they occur.
    """

    name: str
    kind: str
    nulls: int
    distinct: int
    values: tuple[str, ...] = ()
    shape: str | None = None
    increasing: bool | None = None
    distinct_exact: bool = True
    sampled: int = 0
    sampled_nulls: int = 0
    quantiles: tuple[str, ...] = ()
    top_values: tuple[tuple[str, int], ...] = ()

    @property
    def shares(self) -> dict[str, Fraction]:
        """Share of the rows that have each frequent value, of those that have any."""
        present = self.sampled - self.sampled_nulls
        return {value: Fraction(count, present) for value, count in self.top_values} if present > 0 else {}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """Columns that hardly repeat together: ``distinct`` combinations in ``sampled`` rows."""

    columns: tuple[str, ...]
    sampled: int
    distinct: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the profile tells of one revision."""

    rows: int
    columns: tuple[ColumnFacts, ...]
    keys: tuple[KeyFacts, ...] = ()

    @classmethod
    def of(
        cls,
        rows: int,
        columns: Sequence[Mapping[str, Any]],
        profile: Sequence[Mapping[str, Any]],
        keys: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """From the JSON that is kept of an ingest: its columns, their profiles by position, and its keys.

        :raises KeyError, ValueError: they are of another shape.
        """
        return cls(
            rows,
            tuple(_column(column, measured) for column, measured in zip(columns, profile, strict=True)),
            tuple(KeyFacts(tuple(key["columns"]), key["sampled"], key["distinct"]) for key in keys),
        )


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the data dictionary says of a column.

    :param unit: of measure, as written to people.
    :param personal: holds personal information: no value of it stands in a proposal.
    """

    title_zh: str = ""
    title_en: str = ""
    unit: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of another product that the operator may read.

    :param product_id: opaque here; ``title`` what people call the product.
    """

    product_id: str
    title: Label
    column: str
    kind: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A check that can be taken into a suite as it stands, and what it rests on."""

    check: Check
    basis: Label


def _column(column: Mapping[str, Any], measured: Mapping[str, Any]) -> ColumnFacts:
    return ColumnFacts(
        name=column["name"],
        kind=column["kind"],
        nulls=measured["nulls"],
        distinct=measured["distinct"],
        values=tuple(measured["values"]),
        shape=measured["shape"],
        increasing=measured["increasing"],
        distinct_exact=measured.get("distinct_exact", True),
        sampled=measured.get("sampled", 0),
        sampled_nulls=measured.get("sampled_nulls", 0),
        quantiles=tuple(measured.get("quantiles", ())),
        top_values=tuple((top["value"], top["count"]) for top in measured.get("top_values", ())),
    )
