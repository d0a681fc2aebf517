"""Bounds, times and durations are exact."""

import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.engine.bounds import (
    Range,
    before,
    exact,
    float_range,
    share,
    text_of,
    ticks,
    units,
    whole_range,
)


def test_decimal_bounds_become_units_of_the_column() -> None:
    assert whole_range(units("0.10", 2), units("0.30", 2)) == Range(10, 30)
    assert whole_range(units("0.105", 2), units("0.299", 2)) == Range(11, 29)
    assert whole_range(units("0.10", 2), units("0.30", 2), strict_low=True, strict_high=True) == Range(11, 29)
    assert whole_range(units("0.105", 2), None, strict_low=True) == Range(11, None)
    assert whole_range(None, units("9007199254740993", 0)) == Range(None, 2**53 + 1)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_binary_number_is_taken_as_its_decimal_text(value: float, bound: float) -> None:
    text = f"{exact(repr(bound)).numerator}" if bound.is_integer() else repr(bound)
    if "e" in text:
        return
    for strict in (False, True):
        least = float_range(text, None, strict_low=strict).low
        greatest = float_range(None, text, strict_high=strict).high
        assert least is not None
        assert greatest is not None
        written = exact(repr(value))
        assert (value >= least) == (written > exact(text) or (not strict and written == exact(text)))
        assert (value <= greatest) == (written < exact(text) or (not strict and written == exact(text)))


def test_both_ends_of_a_range_of_binary_numbers_pass() -> None:
    allowed = float_range("0.10", "0.30")
    assert (allowed.low, allowed.high) == (0.1, 0.3)
    assert float_range("0.1000000000000000000001", None).low == 0.10000000000000002


def test_times_are_taken_on_the_columns_clock() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert ticks("2026-01-01T00:00:00Z", shanghai, 1) == ticks("2026-01-01T08:00:00", None, 1)
    assert ticks("2026-01-01T00:00:00+08:00", dt.UTC, 1) == ticks("2025-12-31T16:00:00", None, 1)
    assert ticks("2026-01-01", shanghai, 1_000_000) == ticks("2026-01-01T00:00:00", None, 1_000_000)
    with pytest.raises(ValueError, match="neither a date nor a time"):
        ticks("soon", None, 1)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("P1D", "2026-03-30T12:00:00"),
        ("PT90M", "2026-03-31T10:30:00"),
        ("P1M", "2026-02-28T12:00:00"),
        ("P1Y1M", "2025-02-28T12:00:00"),
        ("P2W", "2026-03-17T12:00:00"),
        ("PT0.5S", "2026-03-31T11:59:59.500000"),
    ],
)
def test_durations_go_back_by_the_calendar(duration: str, expected: str) -> None:
    assert before(dt.datetime(2026, 3, 31, 12), duration).isoformat() == expected  # noqa: DTZ001


@pytest.mark.parametrize("duration", ["", "P", "PT", "1D", "P1H", "P-1D", "P9999Y"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(ValueError, match=r"no ISO 8601 duration|before the year 1"):
        before(dt.datetime(2026, 3, 31), duration)  # noqa: DTZ001


def test_shares_keep_all_digits() -> None:
    assert text_of(Fraction(1, 8)) == "0.125"
    assert text_of(Fraction(0)) == "0"
    assert text_of(Fraction(1, 3)) == "1/3"
    assert share("1/3") == Fraction(1, 3)
    assert share("0.25") == Fraction(1, 4)
    with pytest.raises(ValueError, match="no number"):
        exact("Infinity")
