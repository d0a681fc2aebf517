"""What columns mean, and which of their values are shown."""

import pytest

from listings.products.dictionary import (
    DictionaryEntry,
    concealed_columns,
    data_dictionary,
    mask_rules,
    personal_columns,
    require_known_columns,
)
from listings.products.errors import DictionaryRefused
from listings.products.masking import MASK, mask_rows
from listings.products.schemas import DictionaryRead


def entry(name: str, *, personal: bool = False) -> DictionaryEntry:
    return DictionaryEntry(name, f"{name} 名", f"{name} title", None, personal)


def test_every_column_has_an_entry_described_or_not() -> None:
    described = {"pm25": entry("pm25"), "gone": entry("gone")}
    made = data_dictionary(["station", "pm25"], described, personal=False, units={})
    assert [item.name for item in made] == ["station", "pm25"]
    assert made[0] == DictionaryEntry("station", "station", "station", None, False)
    assert made[1].title_zh == "pm25 名"


def test_where_there_is_personal_information_a_column_is_personal_until_described_as_not() -> None:
    described = {"phone": entry("phone", personal=True), "city": entry("city")}
    made = data_dictionary(["phone", "city", "new"], described, personal=True, units={})
    assert personal_columns(made) == {"phone", "new"}


def test_a_dictionary_describes_known_columns_once() -> None:
    require_known_columns([entry("a"), entry("b")], {"a", "b", "c"})
    require_known_columns([entry("anything")], None)
    with pytest.raises(DictionaryRefused, match="more than once: a"):
        require_known_columns([entry("a"), entry("a")], None)
    with pytest.raises(DictionaryRefused, match="Not in the data: z"):
        require_known_columns([entry("z")], {"a"})


def test_personal_values_are_masked_and_nothing_else() -> None:
    rows: list[dict[str, str | None]] = [{"name": "甲", "pm25": "35"}, {"name": None, "pm25": None}]
    rules = mask_rules([entry("name", personal=True), entry("pm25")])
    assert mask_rows(rows, rules, {"name"}) == [{"name": MASK, "pm25": "35"}, {"name": None, "pm25": None}]
    assert mask_rows(rows, mask_rules([entry("name"), entry("pm25")]), set()) == rows
    assert concealed_columns([entry("name", personal=True), entry("pm25")]) == {"name"}


def test_what_was_stored_of_a_column_before_there_were_classes_is_read() -> None:
    """A dictionary of before has neither class nor rule nor sensitivity."""
    stored = {"name": "a", "title_zh": "甲", "title_en": "A", "unit": None, "personal": True}
    read = DictionaryEntry.from_json(stored)
    assert (read.sensitive, read.classification, read.mask) == (False, None, None)
    assert DictionaryRead.model_validate(stored).mask is None
