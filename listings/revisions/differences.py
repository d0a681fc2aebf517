"""What differs between two revisions of a product: columns, rows, missing values, distributions. Pure.

A change of a column is judged by what a client that was written for the former revision can still read:

- *widened*: a JSON number remains one, and no digit is lost: an integer that becomes a decimal, a decimal with more
  digits. Compatible.
- *narrowed*: digits after the point are lost: a decimal with fewer of them, or that becomes an integer. Breaking.
- *retyped*: anything else: a number as text, a date as a date and time (another format), times that get or lose
  offset, exact numbers as binary floating point. Breaking.

How far values have shifted is told as a distance from 0 (as before) to 1 (nothing in common): of numbers and dates the
Kolmogorov-Smirnov distance of the two distributions, read from their stored percentiles and so to a step of 0.05; of
text and truth values the total variation distance over the most frequent values.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from listings.ingest.result import Column, Kind

_DECIMAL = re.compile(r"DECIMAL(?:128)?\((\d+), ?(\d+)\)", re.IGNORECASE)
_PLACES = Decimal("0.0001")


class ColumnChange(StrEnum):
    """What became of a column."""

    ADDED = "added"
    NARROWED = "narrowed"
    REMOVED = "removed"
    RETYPED = "retyped"
    WIDENED = "widened"


BREAKING = frozenset({ColumnChange.NARROWED, ColumnChange.REMOVED, ColumnChange.RETYPED})
"""Changes that a client written for the former revision may not survive."""


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """One column that is not what it was; ``before`` and ``now`` are types, None where there is no such column."""

    name: str
    change: ColumnChange
    before: str | None
    now: str | None

    @property
    def breaking(self) -> bool:
        """Whether a client may not survive it."""
        return self.change in BREAKING

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {"name": self.name, "change": self.change.value, "before": self.before, "now": self.now}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ColumnDifference":
        """Read what ``to_json`` wrote."""
        return cls(document["name"], ColumnChange(document["change"]), document["before"], document["now"])


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """How the values of a column that both revisions have differ.

    :ivar null_share_before: share of missing values, 0 to 1; None where there were no rows.
    :ivar distance: 0 to 1, by ``measure``; None where the one or the other has no distribution on record.
    """

    name: str
    null_share_before: Decimal | None
    null_share: Decimal | None
    measure: str | None
    distance: Decimal | None


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs; ``values`` has one entry for each column of both."""

    columns: tuple[ColumnDifference, ...]
    rows_before: int
    rows: int
    values: tuple[ValueDifference, ...]

    @property
    def breaking(self) -> bool:
        """Whether any column's change is."""
        return any(column.breaking for column in self.columns)


def column_differences(before: Sequence[Column], now: Sequence[Column]) -> tuple[ColumnDifference, ...]:
    """The columns that are not what they were: first those of the former revision, then new ones."""
    found = []
    present = {column.name: column for column in now}
    known = {column.name for column in before}
    for column in before:
        new = present.get(column.name)
        if new is None:
            found.append(ColumnDifference(column.name, ColumnChange.REMOVED, told_type(column), None))
        elif (change := _change(column, new)) is not None:
            found.append(ColumnDifference(column.name, change, told_type(column), told_type(new)))
    found += [
        ColumnDifference(column.name, ColumnChange.ADDED, None, told_type(column))
        for column in now
        if column.name not in known
    ]
    return tuple(found)


def breaking_differences(before: Sequence[Column], now: Sequence[Column]) -> tuple[ColumnDifference, ...]:
    """Those of them that a client may not survive."""
    return tuple(column for column in column_differences(before, now) if column.breaking)


def differences(
    before: Sequence[Column],
    now: Sequence[Column],
    *,
    rows_before: int,
    rows: int,
    profile_before: Sequence[Mapping[str, Any]],
    profile: Sequence[Mapping[str, Any]],
) -> Differences:
    """Compare two revisions.

    :param profile: JSON of ``ColumnProfile``, one a column; revisions of earlier releases say less, which is left out.
    """
    measured_before = {measured["name"]: measured for measured in profile_before}
    measured = {column["name"]: column for column in profile}
    kinds = {column.name: column.kind for column in now}
    values = []
    for column in before:
        if column.name not in kinds:
            continue
        former, latter = measured_before.get(column.name, {}), measured.get(column.name, {})
        measure, distance = (
            _distance(column.kind, former, latter) if kinds[column.name] is column.kind else (None, None)
        )
        values.append(
            ValueDifference(
                column.name,
                _share(former.get("nulls"), rows_before),
                _share(latter.get("nulls"), rows),
                measure,
                distance,
            )
        )
    return Differences(column_differences(before, now), rows_before, rows, tuple(values))


def told_type(column: Column) -> str:
    """The type of a column as it is told: its kind, and for decimals the digits."""
    if column.kind is Kind.DECIMAL and (found := _DECIMAL.fullmatch(column.physical)):
        return f"decimal({found[1]},{found[2]})"
    if column.kind is Kind.TIMESTAMP and column.zone:
        return "timestamp with offset"
    return column.kind.value


def _change(before: Column, now: Column) -> ColumnChange | None:
    if before.zone != now.zone:
        return ColumnChange.RETYPED
    if before.kind is Kind.INTEGER and now.kind is Kind.DECIMAL:
        return ColumnChange.WIDENED
    if before.kind is Kind.DECIMAL and now.kind is Kind.INTEGER:
        return ColumnChange.NARROWED
    if before.kind is not now.kind:
        return ColumnChange.RETYPED
    if before.kind is not Kind.DECIMAL:
        return None
    whole_before, fraction_before = _digits(before)
    whole, fraction = _digits(now)
    if fraction < fraction_before:
        return ColumnChange.NARROWED
    # Fewer digits before the point lose nothing: the values are what they are.
    return ColumnChange.WIDENED if (fraction, whole) > (fraction_before, whole_before) else None


def _digits(column: Column) -> tuple[int, int]:
    """Digits before and after the point that a decimal column has."""
    found = _DECIMAL.fullmatch(column.physical)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else (38, 0)


def _share(nulls: int | None, rows: int) -> Decimal | None:
    return None if nulls is None or rows <= 0 else (Decimal(nulls) / Decimal(rows)).quantize(_PLACES)


def _distance(
    kind: Kind, before: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[str | None, Decimal | None]:
    if before.get("quantiles") and now.get("quantiles"):
        try:
            points = [[_number(kind, value) for value in one["quantiles"]] for one in (before, now)]
        except (ValueError, InvalidOperation):
            return None, None
        return "kolmogorov-smirnov", _kolmogorov_smirnov(*points)
    if before.get("top_values") and now.get("top_values"):
        shares = [
            {
                str(top["value"]): Decimal(top["count"]) / max(one["sampled"] - one["sampled_nulls"], 1)
                for top in one["top_values"]
            }
            for one in (before, now)
        ]
        return "total-variation", _total_variation(*shares)
    return None, None


def _number(kind: Kind, text: str) -> Decimal:
    if kind is Kind.DATE:
        return Decimal(date.fromisoformat(text).toordinal())
    if kind is Kind.TIMESTAMP:
        moment = datetime.fromisoformat(text)
        return (
            Decimal(moment.toordinal())
            + Decimal(moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400
        )
    return Decimal(text)


def _kolmogorov_smirnov(one: Sequence[Decimal], other: Sequence[Decimal]) -> Decimal:
    """The largest difference between the shares of values up to the same place."""
    return max(
        (abs(_share_up_to(one, place) - _share_up_to(other, place)) for place in {*one, *other}),
        default=Decimal(0),
    ).quantize(_PLACES)


def _share_up_to(points: Sequence[Decimal], place: Decimal) -> Decimal:
    """Between two percentiles in proportion; the points are those of 0, 5, … 100 %."""
    steps = len(points) - 1
    if steps < 1 or place >= points[-1]:
        return Decimal(1)
    if place < points[0]:
        return Decimal(0)
    last = max(step for step, point in enumerate(points) if point <= place)
    width = points[last + 1] - points[last]
    within = (place - points[last]) / width if width else Decimal(0)
    return (Decimal(last) + within) / steps


def _total_variation(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> Decimal:
    """Half the sum of the differences of the shares; what is not among the most frequent counts as one value."""
    known = {*one, *other}
    apart = sum(
        (abs(one.get(value, Decimal(0)) - other.get(value, Decimal(0))) for value in known), Decimal(0)
    )
    rest = abs(sum(other.values(), Decimal(0)) - sum(one.values(), Decimal(0)))
    return min(((apart + rest) / 2), Decimal(1)).quantize(_PLACES)
