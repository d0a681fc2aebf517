"""Money: exact, one rounding, and splits that sum to the whole in every currency."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.money import (
    CURRENCIES,
    MAX_MINOR,
    AmountTooLarge,
    CurrencyMismatch,
    ExcessPrecision,
    Money,
    MoneyError,
    MoneyOut,
    UnknownCurrency,
    allocate,
    exponent,
    round_amount,
)

currencies = st.sampled_from(sorted(CURRENCIES))
minors = st.integers(min_value=-(10**15), max_value=10**15)
monies = st.builds(Money, minors, currencies)
exact_amounts = st.decimals(
    min_value=-(10**12), max_value=10**12, places=9, allow_nan=False, allow_infinity=False
)
share = st.one_of(st.integers(0, 10_000), st.decimals(min_value=0, max_value=1000, places=6))
share_lists = st.lists(share, min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("CNY", 2), ("USD", 2), ("EUR", 2), ("HKD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3)],
)
def test_exponents_of_iso_4217(currency: str, places: int) -> None:
    assert exponent(currency) == places


def test_every_currency_code_is_three_capital_letters() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() for code in CURRENCIES)


@pytest.mark.parametrize(
    ("exact", "currency", "minor"),
    [
        ("0.005", "CNY", 1),
        ("0.0049999999", "CNY", 0),
        ("-0.005", "CNY", -1),
        ("2.675", "USD", 268),
        ("1000.5", "JPY", 1001),
        ("1000.4999", "JPY", 1000),
        ("0.0015", "KWD", 2),
        ("1.2344", "BHD", 1234),
    ],
)
def test_rounding_is_half_up_and_mirrors_credits(exact: str, currency: str, minor: int) -> None:
    assert round_amount(Decimal(exact), currency) == Money(minor, currency)


@given(exact_amounts, currencies)
def test_rounding_errs_by_at_most_half_a_minor_unit(exact: Decimal, currency: str) -> None:
    error = abs(Fraction(round_amount(exact, currency).decimal()) - Fraction(exact))
    assert error <= Fraction(1, 2 * 10 ** exponent(currency))


@given(exact_amounts, currencies)
def test_rounding_agrees_with_the_standard_library_and_with_its_mirror(exact: Decimal, currency: str) -> None:
    unit = Decimal(1).scaleb(-exponent(currency))
    assert round_amount(exact, currency).decimal() == exact.quantize(unit, ROUND_HALF_UP)
    assert round_amount(-exact, currency) == -round_amount(exact, currency)


@given(monies)
def test_decimal_and_back_loses_nothing(money: Money) -> None:
    assert Money.from_decimal(money.decimal(), money.currency) == money
    assert round_amount(money.decimal(), money.currency) == money
    assert MoneyOut.model_validate_json(MoneyOut.of(money).model_dump_json()).money() == money


@given(minors, minors, currencies)
def test_sums_and_differences_are_those_of_the_minor_units(left: int, right: int, currency: str) -> None:
    assert Money(left, currency) + Money(right, currency) == Money(left + right, currency)
    assert Money(left, currency) - Money(right, currency) == Money(left - right, currency)


@given(monies, share_lists)
def test_parts_sum_to_the_whole_and_stay_within_one_minor_unit(
    total: Money, shares: list[Decimal | int]
) -> None:
    parts = allocate(total, shares)
    assert sum(parts, Money.zero(total.currency)) == total
    whole = sum(map(Fraction, shares))
    for part, weight in zip(parts, shares, strict=True):
        assert abs(part.minor - Fraction(total.minor) * Fraction(weight) / whole) < 1
        assert weight != 0 or part.minor == 0


@given(monies, share_lists)
def test_a_refund_reverses_its_split(total: Money, shares: list[Decimal | int]) -> None:
    assert allocate(-total, shares) == [-part for part in allocate(total, shares)]


@given(monies, share_lists, st.integers(1, 1000))
def test_only_the_proportion_of_shares_counts(total: Money, shares: list[Decimal | int], factor: int) -> None:
    assert allocate(total, [weight * factor for weight in shares]) == allocate(total, shares)


def test_ties_go_to_the_first_listed() -> None:
    assert [part.minor for part in allocate(Money(100, "CNY"), [1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in allocate(Money(-100, "CNY"), [1, 1, 1])] == [-34, -33, -33]
    assert [part.minor for part in allocate(Money(2, "JPY"), [1, 1, 1])] == [1, 1, 0]


def test_largest_remainder_wins_before_order() -> None:
    # 70 / 20 / 10 of 1.01 yuan: 70.7, 20.2, 10.1 fen -> the first has the largest remainder.
    assert [part.minor for part in allocate(Money(101, "CNY"), [70, 20, 10])] == [71, 20, 10]
    # 10 / 20 / 70 -> 10.1, 20.2, 70.7: the last one gets the odd fen although it is listed last.
    assert [part.minor for part in allocate(Money(101, "CNY"), [10, 20, 70])] == [10, 20, 71]
    assert [part.minor for part in allocate(Money(10, "KWD"), [Decimal("0.5"), Decimal("0.25")])] == [7, 3]


@pytest.mark.parametrize("bad", [[], [0, 0], [1, -1], [Decimal("NaN")], [Decimal("Infinity"), 1]])
def test_shares_that_divide_nothing_are_refused(bad: list[Decimal | int]) -> None:
    with pytest.raises(MoneyError):
        allocate(Money(100, "CNY"), bad)


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1)])
def test_minor_units_are_whole_numbers_only(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "CNY")  # type: ignore[arg-type]


def test_floats_are_refused_at_every_door() -> None:
    with pytest.raises(TypeError):
        Money.from_decimal(0.1, "CNY")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        round_amount(0.1, "CNY")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        allocate(Money(1, "CNY"), [0.5, 0.5])  # type: ignore[list-item]


def test_refusals_name_what_was_wrong() -> None:
    with pytest.raises(ExcessPrecision, match=r"12\.345 has more decimal places than CNY \(2\)"):
        Money.from_decimal(Decimal("12.345"), "CNY")
    with pytest.raises(UnknownCurrency, match="'RMB'"):
        Money(1, "RMB")
    with pytest.raises(CurrencyMismatch, match="CNY and USD"):
        Money(1, "CNY") + Money(1, "USD")
    with pytest.raises(AmountTooLarge):
        Money(MAX_MINOR, "CNY") + Money(1, "CNY")
    for amount in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(MoneyError, match="not an amount"):
            round_amount(Decimal(amount), "CNY")


def test_trailing_zeros_are_not_precision() -> None:
    assert Money.from_decimal(Decimal("12.340"), "CNY") == Money(1234, "CNY")
    assert Money.from_decimal(Decimal("1E+3"), "JPY") == Money(1000, "JPY")


def test_money_over_http_is_a_string_in_json_and_in_the_schema() -> None:
    assert MoneyOut.of(Money(1234, "CNY")).model_dump(mode="json") == {"amount": "12.34", "currency": "CNY"}
    assert MoneyOut.of(Money(-5, "KWD")).amount == "-0.005"
    assert MoneyOut.of(Money(0, "JPY")).amount == "0"
    assert MoneyOut.model_json_schema()["properties"]["amount"]["type"] == "string"
    assert str(Money(-1234, "CNY")) == "-12.34 CNY"
