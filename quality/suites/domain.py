"""What a suite is, and how two of them differ. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.digest import json_digest
from quality.checks import Check
from quality.classes import ProductClass

LEAST_DIMENSIONS = 3
"""Dimensions that checks measure, of a product that is put into a class by itself."""

ChecksJson = Sequence[Mapping[str, Any]]
"""Checks as ``Check.to_json`` writes them."""


class SuiteOrigin(StrEnum):
    """Where a version of a suite comes from."""

    SUGGESTED = "suggested"
    WRITTEN = "written"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class CheckChange:
    """One check in which two suites differ; None where one of them has it not."""

    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def suite_digest(number: int, product_class: ProductClass, checks: ChecksJson) -> str:
    """SHA-256, in hexadecimal, of a version of a suite as canonical JSON.

    The number is part of it: the checks of an earlier version, written again, are a version of their own.
    """
    document = {"number": number, "product_class": product_class.value, "checks": list(checks)}
    return json_digest(document).hex()


def compare(before: ChecksJson, after: ChecksJson) -> list[CheckChange]:
    """Where two suites differ, check by check in the order of the later one, what was removed at the end."""
    known = {check["name"]: check for check in before}
    told = {check["name"]: check for check in after}
    return [
        CheckChange(name, known.get(name), told.get(name))
        for name in dict.fromkeys([*told, *known])
        if known.get(name) != told.get(name)
    ]


def class_of(kinds: Mapping[str, str], checks: Sequence[Check]) -> ProductClass:
    """The class that a first revision suggests: measured over time, or a record of what happened, or neither.

    Classes whose gate asks for more need checks in dimensions enough: one that measures few of them caps the grade.

    :param kinds: of the columns, by name.
    """
    if len({check.dimension for check in checks if check.scored}) < LEAST_DIMENSIONS:
        return ProductClass.GENERAL
    dated = {name for name, kind in kinds.items() if kind in {"date", "timestamp"}}
    measured = sum(kind in {"decimal", "number"} for kind in kinds.values())
    if not dated:
        keyed = any(check.type.value == "unique" for check in checks)
        return ProductClass.REGISTER if keyed else ProductClass.GENERAL
    together = any(check.type.value == "unique_together" and dated & set(check.columns) for check in checks)
    return ProductClass.TIME_SERIES if measured and together else ProductClass.RECORDS
