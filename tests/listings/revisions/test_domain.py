"""What a new revision may hold."""

import pytest

from listings.ingest.result import Column, Kind
from listings.revisions.domain import require_columns_authorised, require_compatible
from listings.revisions.errors import ColumnsUnauthorised, SchemaBroken


def column(name: str, kind: Kind = Kind.TEXT) -> Column:
    return Column(name, name, kind, "VARCHAR", nullable=False)


def test_columns_stay_within_the_authorisation() -> None:
    data = [column("station"), column("pm25"), column("phone")]
    require_columns_authorised(data, None)
    require_columns_authorised(data, ["phone", "pm25", "station", "unused"])
    with pytest.raises(ColumnsUnauthorised) as refused:
        require_columns_authorised(data, ["station", "pm25"])
    assert refused.value.extensions == {"columns": ["phone"]}


def test_a_new_revision_may_add_but_not_drop_or_retype() -> None:
    before = [column("a"), column("b", Kind.INTEGER)]
    require_compatible(before, [column("b", Kind.INTEGER), column("c"), column("a")])
    with pytest.raises(SchemaBroken, match="was integer, now absent"):
        require_compatible(before, [column("a")])
    with pytest.raises(SchemaBroken, match="was integer, now text"):
        require_compatible(before, [column("a"), column("b")])
