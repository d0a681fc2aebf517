"""What a product must have, and what of its data is shown."""

from dataclasses import replace
from uuid import UUID

import pytest

from listings.ingest.result import Column, Kind
from listings.products.domain import (
    MASK,
    ColumnsUnauthorised,
    DictionaryEntry,
    DictionaryRefused,
    ProductIncomplete,
    QualityStanding,
    Readiness,
    SameOrganisation,
    SchemaBroken,
    dictionary,
    gaps,
    masked,
    personal_columns,
    require_columns_authorised,
    require_compatible,
    require_complete,
    require_known_columns,
    require_other_side,
)

READY = Readiness(
    quality=QualityStanding.PASSED,
    sample_rows=20,
    plan_id=UUID(int=1),
    personal_information=False,
    personal_columns=0,
)


def column(name: str, kind: Kind = Kind.TEXT) -> Column:
    return Column(name, name, kind, "VARCHAR", nullable=False)


def entry(name: str, *, personal: bool = False) -> DictionaryEntry:
    return DictionaryEntry(name, f"{name} 名", f"{name} title", None, personal)


def test_a_complete_product_has_no_gaps() -> None:
    assert gaps(READY) == []
    require_complete(READY)


def test_every_gap_is_named_at_once_with_a_remedy() -> None:
    bare = Readiness(quality=None, sample_rows=0, plan_id=None, personal_information=True, personal_columns=0)
    with pytest.raises(ProductIncomplete) as refused:
        require_complete(bare)
    missing = refused.value.extensions["missing"]
    assert [gap["code"] for gap in missing] == ["revision", "price_plan", "dictionary"]
    assert all(gap["remedy"] for gap in missing)


@pytest.mark.parametrize("standing", sorted(set(QualityStanding) - {QualityStanding.PASSED}))
def test_only_a_passed_check_will_do(standing: QualityStanding) -> None:
    assert [gap.code for gap in gaps(replace(READY, quality=standing))] == ["quality_report"]


def test_an_empty_sample_is_a_gap() -> None:
    assert [gap.code for gap in gaps(replace(READY, sample_rows=0))] == ["sample"]


def test_personal_information_must_be_located() -> None:
    personal = replace(READY, personal_information=True)
    assert [gap.code for gap in gaps(personal)] == ["dictionary"]
    assert gaps(replace(personal, personal_columns=1)) == []


def test_parties_do_not_decide_their_own_case() -> None:
    require_other_side(UUID(int=3), {UUID(int=1), UUID(int=2)})
    with pytest.raises(SameOrganisation):
        require_other_side(UUID(int=1), {UUID(int=1), UUID(int=2)})


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


def test_every_column_has_an_entry_described_or_not() -> None:
    described = {"pm25": entry("pm25"), "gone": entry("gone")}
    made = dictionary([column("station"), column("pm25")], described, personal=False)
    assert [item.name for item in made] == ["station", "pm25"]
    assert made[0] == DictionaryEntry("station", "station", "station", None, False)
    assert made[1].title_zh == "pm25 名"


def test_where_there_is_personal_information_a_column_is_personal_until_described_as_not() -> None:
    described = {"phone": entry("phone", personal=True), "city": entry("city")}
    made = dictionary([column("phone"), column("city"), column("new")], described, personal=True)
    assert personal_columns(made) == {"phone", "new"}


def test_a_dictionary_describes_known_columns_once() -> None:
    require_known_columns([entry("a"), entry("b")], [column("a"), column("b"), column("c")])
    require_known_columns([entry("anything")], None)
    with pytest.raises(DictionaryRefused, match="twice: a"):
        require_known_columns([entry("a"), entry("a")], None)
    with pytest.raises(DictionaryRefused, match="Not in the data: z"):
        require_known_columns([entry("z")], [column("a")])


def test_personal_values_are_masked_and_nothing_else() -> None:
    rows: list[dict[str, str | None]] = [{"name": "甲", "pm25": "35"}, {"name": None, "pm25": None}]
    assert masked(rows, {"name"}) == [{"name": MASK, "pm25": "35"}, {"name": None, "pm25": None}]
    assert masked(rows, set()) == rows
