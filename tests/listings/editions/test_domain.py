"""How editions differ, and which remarks are answered."""

import pytest

from listings.editions.domain import (
    Change,
    Remark,
    compare,
    document_digest,
    is_changed,
    require_answered,
    require_changed,
    require_fields,
)
from listings.editions.errors import EditionUnchanged, RemarkRefused, RemarksUnanswered

ENTRY = {"name": "pm25", "title_zh": "细颗粒物", "title_en": "PM2.5", "unit": None, "personal": False}
DOCUMENT = {
    "title_zh": "空气",
    "title_en": "Air",
    "description_zh": "空气质量",
    "description_en": "Quality of air",
    "themes": ["environment"],
    "update_frequency": "hourly",
    "purposes": ["industry"],
    "delivery_classes": ["records_api"],
    "plan_id": "p1",
    "dictionary": [ENTRY],
}


def test_what_differs_is_told_field_by_field_and_column_by_column() -> None:
    station = ENTRY | {"name": "station"}
    after = DOCUMENT | {
        "title_en": "Air, hourly",
        "plan_id": "p2",
        "dictionary": [station, ENTRY | {"unit": "µg/m³"}],
    }
    assert compare(DOCUMENT, after) == [
        Change("title_en", "Air", "Air, hourly"),
        Change("plan_id", "p1", "p2"),
        Change("dictionary.pm25", ENTRY, ENTRY | {"unit": "µg/m³"}),
        Change("dictionary.station", None, station),
    ]
    assert Change("dictionary.station", station, None) in compare(after, DOCUMENT)
    assert compare(DOCUMENT, dict(DOCUMENT)) == []


def test_the_order_of_columns_and_members_left_out_change_nothing() -> None:
    station = ENTRY | {"name": "station"}
    both, turned = DOCUMENT | {"dictionary": [ENTRY, station]}, DOCUMENT | {"dictionary": [station, ENTRY]}
    assert compare(both, turned) == []
    shorter = DOCUMENT | {
        "dictionary": [
            {name: value for name, value in ENTRY.items() if name != "personal"} | {"personal": False}
        ]
    }
    assert compare(DOCUMENT, shorter) == []
    with pytest.raises(EditionUnchanged):
        require_changed(both, turned)


def test_a_digest_is_of_what_is_said_whatever_the_order_of_members() -> None:
    turned = dict(reversed(DOCUMENT.items()))
    assert document_digest(turned) == document_digest(DOCUMENT)
    assert document_digest(DOCUMENT | {"title_en": "Airs"}) != document_digest(DOCUMENT)


@pytest.mark.parametrize(
    ("field", "answered"),
    [
        ("title_en", True),
        ("title_zh", False),
        ("dictionary", True),
        ("dictionary.pm25", True),
        ("dictionary.station", False),
        ("data", False),
    ],
)
def test_a_remark_is_acted_on_when_its_own_field_is_another(field: str, answered: bool) -> None:
    after = DOCUMENT | {"title_en": "Airs", "dictionary": [ENTRY | {"unit": "µg/m³"}]}
    assert is_changed(field, compare(DOCUMENT, after), other_data=False) is answered
    assert is_changed("data", [], other_data=True)


def test_remarks_are_about_fields_that_there_are() -> None:
    fields = ("title_en", "dictionary", "dictionary.pm25", "data", "plan_id")
    require_fields([Remark(field, "Say more") for field in fields], {"pm25"})
    for unknown in ("titel", "dictionary.so2", "dictionary.", "status", "digest"):
        with pytest.raises(RemarkRefused) as refused:
            require_fields([Remark("title_en", "x"), Remark(unknown, "Say more")], {"pm25"})
        assert refused.value.extensions["fields"] == [unknown]


def test_what_is_not_answered_is_named() -> None:
    require_answered(set())
    with pytest.raises(RemarksUnanswered) as refused:
        require_answered({"title_en", "data"})
    assert refused.value.extensions["fields"] == ["data", "title_en"]
