"""What a parameter may hold, purely."""

from decimal import Decimal
from typing import Any

import pytest

from infra.errors import Invalid
from infra.rulebook.domain import Kind, RuleType
from infra.rulebook.errors import RuleOutOfRange, RuleShapeChanged

KINDS = {
    "boolean": Kind("a.b", RuleType.BOOLEAN),
    "choice": Kind("a.b", RuleType.CHOICE, choices=["A", "B"]),
    "decimal": Kind("a.b", RuleType.DECIMAL, Decimal("0.01"), Decimal(1)),
    "integer": Kind("a.b", RuleType.INTEGER, Decimal(1), Decimal(5)),
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("boolean", False), ("choice", "B"), ("decimal", "0.01"), ("decimal", "1.0"), ("integer", 5)],
)
def test_what_it_may_hold(kind: str, value: Any) -> None:
    KINDS[kind].require(value)


@pytest.mark.parametrize(
    ("kind", "value", "refusal"),
    [
        ("boolean", "true", RuleShapeChanged),
        ("boolean", 1, RuleShapeChanged),
        ("choice", "Z", RuleOutOfRange),
        ("choice", "", RuleOutOfRange),
        ("choice", 1, RuleShapeChanged),
        ("decimal", "0.001", RuleOutOfRange),
        ("decimal", "1.01", RuleOutOfRange),
        ("decimal", "-1", RuleOutOfRange),
        ("decimal", 0.5, RuleShapeChanged),
        ("decimal", "NaN", RuleShapeChanged),
        ("decimal", "1e1", RuleShapeChanged),
        ("decimal", "٣", RuleShapeChanged),
        ("integer", 6, RuleOutOfRange),
        ("integer", 0, RuleOutOfRange),
        ("integer", True, RuleShapeChanged),
        ("integer", 3.0, RuleShapeChanged),
        ("integer", None, RuleShapeChanged),
        ("integer", [3], RuleShapeChanged),
    ],
)
def test_what_it_may_not_hold(kind: str, value: Any, refusal: type[Invalid]) -> None:
    with pytest.raises(refusal) as raised:
        KINDS[kind].require(value)
    assert raised.value.remedy
