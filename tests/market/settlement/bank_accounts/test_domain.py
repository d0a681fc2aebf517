"""Account numbers are compared as people and banks write them, and an IBAN's check digits must fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.settlement.bank_accounts.domain import is_iban, number_key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("6222 0000 1111 2222", "6222000011112222"),
        ("６２２２－００００", "62220000"),
        ("de02 1203 0000 0000 2020 51", "DE02120300000000202051"),
        ("123-456789-838", "123456789838"),
        ("999\u00a0\t1", "9991"),
    ],
)
def test_spaces_case_and_width_do_not_matter(written: str, key: str) -> None:
    assert number_key(written) == key
    assert number_key(key) == key


@pytest.mark.parametrize(
    "iban",
    ["DE02120300000000202051", "GB82WEST12345698765432", "FR1420041010050500013M02606", "NO9386011117947"],
)
def test_an_iban_is_known_by_its_check_digits(iban: str) -> None:
    assert is_iban(iban)


@given(st.integers(2, 21), st.sampled_from("0123456789"))
def test_no_single_mistyped_digit_makes_another_iban(place: int, digit: str) -> None:
    right = "DE02120300000000202051"
    typed = right[:place] + digit + right[place + 1 :]
    assert is_iban(typed) == (typed == right)


@pytest.mark.parametrize("number", ["", "999", "6222000011112222", "DE0", "DE" + "0" * 40])
def test_what_has_another_form_is_no_iban(number: str) -> None:
    assert not is_iban(number)
