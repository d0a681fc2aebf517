"""How values are shown, and what is never shown."""

import pytest

from listings.products.errors import DictionaryRefused
from listings.products.masking import (
    HIDE,
    MASK,
    SHOW,
    GeneraliseTo,
    MaskMethod,
    MaskRule,
    harmless,
    hide_singled_out,
    mask_rows,
    mask_value,
    masked_profile,
    remask,
    require_rule,
    rule_of,
)
from listings.resources.domain import Classification

GENERAL, IMPORTANT, CORE = Classification.GENERAL, Classification.IMPORTANT, Classification.CORE
KEY = b"k" * 32
BAND = MaskRule(MaskMethod.GENERALISE, to=GeneraliseTo.BAND, width="10")
HASH = MaskRule(MaskMethod.HASH)


@pytest.mark.parametrize(
    ("value", "rule", "expected"),
    [
        (17, BAND, "10–20"),
        (-0.5, BAND, "-10–0"),
        ("x", BAND, MASK),
        ("2026-03-07T10:00:00Z", MaskRule(MaskMethod.GENERALISE, to=GeneraliseTo.MONTH), "2026-03"),
        ("2026-03-07", MaskRule(MaskMethod.GENERALISE, to=GeneraliseTo.YEAR), "2026"),
        ("310104", MaskRule(MaskMethod.GENERALISE, to=GeneraliseTo.PROVINCE), "310000"),
        ("no code", MaskRule(MaskMethod.GENERALISE, to=GeneraliseTo.PROVINCE), MASK),
        ("示范路一号", MaskRule(MaskMethod.TRUNCATE, keep=3), "示范路***"),
        ("ab", MaskRule(MaskMethod.TRUNCATE, keep=3), "ab"),
        (None, HIDE, None),
        ("secret", HIDE, MASK),
    ],
)
def test_each_rule_shows_what_it_says(value: object, rule: MaskRule, expected: object) -> None:
    assert mask_value(value, rule, personal=False, key=KEY) == expected


def test_truncation_of_persons_leaves_a_third_at_most() -> None:
    rule = MaskRule(MaskMethod.TRUNCATE, keep=50)
    assert mask_value("13800138000", rule, personal=True, key=None) == "138***"
    assert mask_value("王伟", rule, personal=True, key=None) == MASK


def test_a_hash_takes_the_products_secret() -> None:
    one, again = (mask_value("13800138000", HASH, personal=True, key=KEY) for _ in range(2))
    assert one == again
    assert one != mask_value("13800138000", HASH, personal=True, key=b"o" * 32), (
        "no dictionary of hashes helps"
    )
    assert mask_value("13800138000", HASH, personal=True, key=None) == MASK


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1"])
def test_no_spreadsheet_takes_a_sample_for_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert mask_value(text, SHOW, personal=False, key=None).startswith("'")


@pytest.mark.parametrize("text", ["-12.5", "+8", "1e5", "a=b", "示范", "-1e-5"])
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_the_class_of_a_column_bounds_its_rule() -> None:
    assert rule_of(None, CORE, personal=False, sensitive=False) is None, "absent"
    assert rule_of(SHOW, IMPORTANT, personal=False, sensitive=False) == HIDE
    assert rule_of(SHOW, GENERAL, personal=True, sensitive=False) == HIDE
    assert rule_of(BAND, GENERAL, personal=True, sensitive=True) == HIDE
    assert rule_of(HASH, GENERAL, personal=True, sensitive=True) == HASH
    assert rule_of(None, GENERAL, personal=False, sensitive=False) == SHOW
    for rule in (SHOW, MaskRule(MaskMethod.TRUNCATE), MaskRule(MaskMethod.GENERALISE)):
        with pytest.raises(DictionaryRefused):
            require_rule("a", rule, GENERAL, personal=True, sensitive=False)


def test_stored_rows_take_stricter_rules_at_once_and_milder_ones_never_unmask() -> None:
    stored = {"a": SHOW, "b": HIDE, "c": SHOW}
    rows = [{"a": 1, "b": MASK, "c": 3}]
    assert remask(rows, stored, {"a": HIDE, "b": SHOW, "c": None}) == [{"a": MASK, "b": MASK}]


def test_rows_that_single_a_person_out_are_hidden() -> None:
    rows = [{"age": "20–30", "zip": "310000", "n": 1}, {"age": "90–100", "zip": "310000", "n": 2}]
    counts = {("20–30", "310000"): 7, ("90–100", "310000"): 1}
    shown = hide_singled_out(rows, ["age", "zip"], counts, 5)
    assert shown == [rows[0], {"age": MASK, "zip": MASK, "n": 2}]


def test_core_columns_are_absent() -> None:
    assert mask_rows([{"a": 1, "b": 2}], {"a": None, "b": SHOW}, set()) == [{"b": 2}]


def test_a_profile_tells_no_value_that_the_sample_hides() -> None:
    phone = {
        "name": "phone",
        "nulls": 1,
        "distinct": 50,
        "minimum": "13800138000",
        "values": ["13800138000"],
        "top_values": [{"value": "13800138000", "count": 3}],
        "quantiles": {"0.5": "1"},
        "invented_later": "13800138000",
    }
    open_column = {**phone, "name": "pm25"}
    shown = masked_profile([phone, open_column, {"name": "core", "nulls": 0}], {"phone": HIDE, "pm25": SHOW})
    assert shown == [{"name": "phone", "nulls": 1, "distinct": 50}, open_column]
