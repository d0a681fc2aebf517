"""What a new revision may hold."""

import pytest

from listings.ingest.expected import ExpectedColumn
from listings.ingest.formats import ColumnFormat
from listings.ingest.result import Column, Kind
from listings.products.columns import DeclaredColumn, require_declarable
from listings.products.errors import DeclarationRefused
from listings.revisions.domain import (
    expected_columns,
    require_columns_authorised,
    require_declared,
)
from listings.revisions.errors import ColumnsUnauthorised, DeclaredColumnsMissing


def column(name: str, kind: Kind = Kind.TEXT) -> Column:
    return Column(name, name, kind, "VARCHAR", nullable=False)


def test_columns_stay_within_the_authorisation() -> None:
    data = [column("station"), column("pm25"), column("phone")]
    require_columns_authorised(data, None)
    require_columns_authorised(data, ["phone", "pm25", "station", "unused"])
    with pytest.raises(ColumnsUnauthorised) as refused:
        require_columns_authorised(data, ["station", "pm25"])
    assert refused.value.extensions == {"columns": ["phone"]}


def test_a_file_is_read_with_published_types_then_declared_ones() -> None:
    published = [Column("a", "a", Kind.DECIMAL, "DECIMAL(4,1)", nullable=False), column("b")]
    declared = [
        DeclaredColumn("A", Kind.DECIMAL, nullable=False, format=ColumnFormat.DECIMAL_COMMA),
        DeclaredColumn("at", Kind.TIMESTAMP, offsets=True),
    ]
    assert expected_columns(published, declared) == (
        ExpectedColumn(
            "a",
            Kind.DECIMAL,
            physical="DECIMAL(4,1)",
            nullable=False,
            format=ColumnFormat.DECIMAL_COMMA,
            published=True,
        ),
        ExpectedColumn("b", Kind.TEXT, physical="VARCHAR", published=True),
        ExpectedColumn("at", Kind.TIMESTAMP, zone="UTC"),
    )


def test_declared_columns_must_be_there() -> None:
    require_declared([DeclaredColumn("A", Kind.TEXT)], [column("a")])
    with pytest.raises(DeclaredColumnsMissing) as refused:
        require_declared([DeclaredColumn("a", Kind.TEXT), DeclaredColumn("b", Kind.TEXT)], [column("a")])
    assert refused.value.extensions == {"missing": ["b"]}


@pytest.mark.parametrize(
    "declared",
    [
        [DeclaredColumn("x", Kind.TEXT), DeclaredColumn("X", Kind.TEXT)],
        [DeclaredColumn("x", Kind.DATE, offsets=True)],
        [DeclaredColumn("x", Kind.DATE, format=ColumnFormat.PERCENT)],
        [DeclaredColumn("x", Kind.INTEGER, format=ColumnFormat.DAY_FIRST)],
        [DeclaredColumn("x", Kind.TIMESTAMP, format=ColumnFormat.DAY_FIRST, offsets=True)],
    ],
    ids=[
        "twice",
        "offsets of days",
        "percent of days",
        "days of numbers",
        "two zones",
    ],
)
def test_declarations_that_contradict_are_refused(declared: list[DeclaredColumn]) -> None:
    with pytest.raises(DeclarationRefused):
        require_declarable(declared)
    require_declarable([DeclaredColumn("N", Kind.INTEGER, format=ColumnFormat.THOUSANDS_COMMA)])
