"""Checks as documents, and what is shown of failing values."""

import pytest

from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, mask


def test_a_check_is_read_back_as_it_was_written() -> None:
    check = Check(
        CheckType.BETWEEN,
        ("a",),
        Dimension.ACCURACY,
        {"minimum": "0", "maximum": None},
        Severity.WARNING,
        Tolerance("1"),
    )
    assert Check.from_json(check.to_json()) == check


def test_a_threshold_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        Check(CheckType.NOT_NULL, ("a",), Dimension.COMPLETENESS, tolerance=Tolerance("150"))


@pytest.mark.parametrize(
    ("value", "quantity", "shown"),
    [("9999", True, "9999"), ("张三", False, "张*"), ("13800138000", False, "1****0"), ("", False, "")],
)
def test_text_is_masked(value: str, quantity: bool, shown: str) -> None:
    assert mask(value, quantity=quantity) == shown
