"""What a suite is, and how two of them differ. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.digest import json_digest
from infra.messages import Message
from quality.checks import Check
from quality.classes import ProductClass
from quality.limits import MAX_CHECKS
from quality.suites.errors import SuiteRefused

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


def require_distinct(checks: Sequence[Check]) -> None:
    """Refuse more checks than are run, and two of one name.

    :raises SuiteRefused: names what is too much.
    """
    if not checks:
        raise SuiteRefused(
            Message("The suite has no checks."), remedy=Message("State at least how many rows there must be.")
        )
    if len(checks) > MAX_CHECKS:
        raise SuiteRefused(
            Message(
                "The suite has {count} checks; at most {most} are run.", count=len(checks), most=MAX_CHECKS
            ),
            remedy=Message(
                "Leave out those that matter least, or check several columns with one SQL statement."
            ),
        )
    names = [check.name for check in checks]
    repeated = (
        sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    )
    if repeated:
        raise SuiteRefused(
            Message("More than one check is called {names}.", names=", ".join(repeated[:20])),
            remedy=Message("Give each check a name of its own."),
            checks=repeated[:100],
        )


def class_of(kinds: Mapping[str, str], checks: Sequence[Check]) -> ProductClass:
    """The class that a first revision suggests: measured over time, or a record of what happened, or neither.

    :param kinds: of the columns, by name.
    """
    dated = {name for name, kind in kinds.items() if kind in {"date", "timestamp"}}
    measured = sum(kind in {"decimal", "number"} for kind in kinds.values())
    if not dated:
        keyed = any(check.type.value == "unique" for check in checks)
        return ProductClass.REGISTER if keyed else ProductClass.GENERAL
    together = any(check.type.value == "unique_together" and dated & set(check.columns) for check in checks)
    return ProductClass.TIME_SERIES if measured and together else ProductClass.RECORDS
