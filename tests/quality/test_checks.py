"""Checks as documents, in words, and suggested."""

import pytest

from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, mask
from quality.limits import MAX_CHECKS
from quality.suggest import ColumnFacts, suggest


def fact(name: str, kind: str, nulls: int = 0, distinct: int = 5, **more: object) -> ColumnFacts:
    return ColumnFacts(name, kind, nulls, distinct, **more)  # type: ignore[arg-type]


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


def test_suggestions_come_from_names_and_profile_never_from_extremes() -> None:
    checks = suggest(
        1_200,
        [
            fact("station", "text", distinct=12, values=("a", "b")),
            fact("at", "timestamp", distinct=100, increasing=True),
            fact("pm25", "integer", nulls=30),
            fact("pm10", "integer"),
            fact("code", "text", shape="^[A-Z]{2}$"),
            fact("note", "text", nulls=600),
            fact("surprise", "number"),
        ],
    )
    told = {(check.type, check.columns): check for check in checks}
    assert checks[0].type is CheckType.ROW_COUNT
    assert checks[0].severity is Severity.BLOCKING
    assert (CheckType.UNIQUE_TOGETHER, ("station", "at")) in told
    assert (CheckType.NOT_LESS, ("pm10", "pm25")) in told
    assert told[CheckType.BETWEEN, ("pm25",)].arguments == {"minimum": "0", "maximum": "1000"}
    assert told[CheckType.MATCHES, ("code",)].arguments == {"pattern": "^[A-Z]{2}$"}
    assert told[CheckType.IN_SET, ("station",)].dimension is Dimension.CONFORMITY
    assert not told[CheckType.INCREASING, ("at",)].scored
    assert [told[CheckType.NOT_NULL, (name,)].tolerance.limit for name in ("at", "pm25", "note")] == [
        "0",
        "5",
        "50",
    ]
    assert (CheckType.BETWEEN, ("surprise",)) not in told


def test_a_key_is_a_column_that_hardly_repeats() -> None:
    keys = [
        check.columns for check in suggest(1_000, [fact("id", "text", distinct=1_000), fact("x", "number")])
    ]
    assert ("id",) in keys
    assert suggest(3, [fact("id", "text", distinct=3)])[1].type is CheckType.NOT_NULL


def test_a_wide_table_gets_a_bounded_suite() -> None:
    assert len(suggest(10, [fact(f"c{n}", "number") for n in range(2_000)])) == MAX_CHECKS
