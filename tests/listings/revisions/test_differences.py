"""What differs between two revisions: what breaks a reader and what does not, and how far values have shifted."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from listings.ingest.result import Column, ColumnProfile, Kind
from listings.revisions.differences import (
    ColumnChange,
    breaking_differences,
    column_differences,
    differences,
)


def column(kind: Kind, physical: str = "VARCHAR", zone: str | None = None) -> Column:
    return Column("a", "a", kind, physical, nullable=False, zone=zone)


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (column(Kind.INTEGER, "BIGINT"), column(Kind.DECIMAL, "DECIMAL(3,1)"), ColumnChange.WIDENED),
        (column(Kind.DECIMAL, "DECIMAL(4,1)"), column(Kind.DECIMAL, "DECIMAL(5,1)"), ColumnChange.WIDENED),
        (column(Kind.DECIMAL, "DECIMAL(4,1)"), column(Kind.DECIMAL, "DECIMAL(4,2)"), ColumnChange.WIDENED),
        (column(Kind.DECIMAL, "DECIMAL(4,2)"), column(Kind.DECIMAL, "DECIMAL(9,1)"), ColumnChange.NARROWED),
        (column(Kind.DECIMAL, "DECIMAL(4,2)"), column(Kind.INTEGER, "BIGINT"), ColumnChange.NARROWED),
        (column(Kind.INTEGER, "BIGINT"), column(Kind.INTEGER, "INTEGER"), None),
        (column(Kind.INTEGER, "BIGINT"), column(Kind.NUMBER, "DOUBLE"), ColumnChange.RETYPED),
        (column(Kind.INTEGER, "BIGINT"), column(Kind.TEXT), ColumnChange.RETYPED),
        (column(Kind.DATE, "DATE"), column(Kind.TIMESTAMP, "TIMESTAMP"), ColumnChange.RETYPED),
        (
            column(Kind.TIMESTAMP, "TIMESTAMP"),
            column(Kind.TIMESTAMP, "TIMESTAMP", "UTC"),
            ColumnChange.RETYPED,
        ),
        (column(Kind.TEXT), column(Kind.TEXT), None),
    ],
)
def test_a_change_of_type_is_judged_by_what_a_client_can_read(
    before: Column, now: Column, change: ColumnChange | None
) -> None:
    found = column_differences([before], [now])
    assert [one.change for one in found] == ([change] if change else [])
    breaks = change in (ColumnChange.NARROWED, ColumnChange.RETYPED)
    assert bool(breaking_differences([before], [now])) == breaks


def test_columns_come_and_go() -> None:
    here = column(Kind.TEXT)
    other = Column("b", "b", Kind.INTEGER, "BIGINT", nullable=True)
    assert [(one.name, one.change) for one in column_differences([here], [other])] == [
        ("a", ColumnChange.REMOVED),
        ("b", ColumnChange.ADDED),
    ]
    assert breaking_differences([here], [other, here]) == ()


def compared(kind: Kind, before: dict[str, Any], now: dict[str, Any]) -> tuple[str | None, Decimal | None]:
    profiles = [[asdict(ColumnProfile("a", 25, 10, True, **given))] for given in (before, now)]
    (value,) = differences(
        [column(kind)],
        [column(kind)],
        rows_before=100,
        rows=50,
        profile_before=profiles[0],
        profile=profiles[1],
    ).values
    assert (value.null_share_before, value.null_share) == (Decimal("0.2500"), Decimal("0.5000"))
    return value.measure, value.distance


def test_distributions_are_compared_from_what_is_stored_of_them() -> None:
    even = tuple(str(step * 10) for step in range(21))
    shifted = tuple(str(step * 10 + 100) for step in range(21))
    measure, same = compared(Kind.INTEGER, {"quantiles": even}, {"quantiles": even})
    assert (measure, same) == ("kolmogorov-smirnov", Decimal(0))
    assert compared(Kind.INTEGER, {"quantiles": even}, {"quantiles": shifted})[1] == Decimal("0.5")
    apart = tuple(str(step + 1000) for step in range(21))
    assert compared(Kind.DECIMAL, {"quantiles": even}, {"quantiles": apart})[1] == Decimal(1)
    days = [tuple(f"20{year}-01-{step + 1:02d}" for step in range(21)) for year in (24, 25)]
    assert compared(Kind.DATE, {"quantiles": days[0]}, {"quantiles": days[1]})[1] == Decimal(1)
    texts = [
        {"sampled": 100, "top_values": ({"value": "a", "count": count}, {"value": "b", "count": 100 - count})}
        for count in (50, 80)
    ]
    assert compared(Kind.TEXT, *texts) == ("total-variation", Decimal("0.3"))
    # Of a revision from before there was a distribution nothing is said.
    assert compared(Kind.INTEGER, {}, {"quantiles": even}) == (None, None)
