"""Checks as library metrics of the Open Data Contract Standard (ODCS) v3.1, both ways. Pure.

The standard counts what is wrong and compares the count, so that an upper bound of it is a tolerance of ours. Two
of the counts differ, and ours are the stricter: of a repeated value every row counts, not the second one on, and a
missing value is neither valid nor single.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.messages import Message
from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, ToleranceUnit

OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
"""What the standard compares a number by."""

DIMENSIONS: Mapping[str, Dimension] = {
    "accuracy": Dimension.ACCURACY,
    "completeness": Dimension.COMPLETENESS,
    "conformity": Dimension.CONFORMITY,
    "consistency": Dimension.CONSISTENCY,
    "coverage": Dimension.COMPLETENESS,
    "timeliness": Dimension.TIMELINESS,
    "uniqueness": Dimension.ACCURACY,
    "ac": Dimension.ACCURACY,
    "cp": Dimension.COMPLETENESS,
    "cf": Dimension.CONFORMITY,
    "cs": Dimension.CONSISTENCY,
    "cv": Dimension.COMPLETENESS,
    "tm": Dimension.TIMELINESS,
    "uq": Dimension.ACCURACY,
}
"""The standard's dimensions and their synonyms, by the indicator of GB/T 36344 that holds them."""

SEVERITIES: Mapping[str, Severity] = {
    "error": Severity.BLOCKING,
    "blocking": Severity.BLOCKING,
    "critical": Severity.BLOCKING,
    "high": Severity.BLOCKING,
    "warning": Severity.WARNING,
    "medium": Severity.WARNING,
    "low": Severity.WARNING,
    "info": Severity.WARNING,
}
"""Usual severities; the standard fixes none."""

_SEVERITY_NAMES = {Severity.BLOCKING: "error", Severity.WARNING: "warning"}

_USUAL_DIMENSION = {
    "nullValues": Dimension.COMPLETENESS,
    "missingValues": Dimension.COMPLETENESS,
    "invalidValues": Dimension.CONFORMITY,
    "duplicateValues": Dimension.ACCURACY,
    "rowCount": Dimension.COMPLETENESS,
}
"""What a metric measures where the contract names no dimension."""

_ARGUMENTS = {
    "nullValues": frozenset[str](),
    "missingValues": frozenset({"missingValues"}),
    "invalidValues": frozenset({"validValues", "pattern"}),
    "duplicateValues": frozenset({"properties"}),
    "rowCount": frozenset[str](),
}

_READ = frozenset(
    {"name", "type", "metric", "rule", "arguments", "unit", "dimension", "severity", "customProperties"}
)
_DESCRIBING = frozenset({"id", "description", "businessImpact", "tags", "authoritativeDefinitions", "method"})
"""Members that say nothing of what is checked; they are passed over."""

_STRICT = Decimal("1E-15")
"""What a percentage is lowered by to mean less than it: no revision has rows enough to tell a smaller share."""

_MOST_PLACES = 6


class MetricRefused(Exception):
    """The rule cannot be carried out as it is written.

    :param member: where in the rule.
    :param what: what is wrong; ``remedy`` what to do about it.
    """

    def __init__(self, member: str, what: Message, remedy: Message) -> None:
        super().__init__(what)
        self.member, self.what, self.remedy = member, what, remedy


def check_of(rule: Mapping[str, Any], column: str | None) -> Check:
    """The check that a library metric stands for; its arguments have yet to pass `quality.arguments`.

    :param rule: one item of ``quality``, with numbers as int, Decimal or text, so that they are exact.
    :param column: the property it stands at; None at a schema object.
    :raises MetricRefused: it asks for what no check does, or is none of the standard.
    """
    metric = rule.get("metric") or rule.get("rule")
    if rule.get("type", "library") != "library" or not isinstance(metric, str) or metric not in _ARGUMENTS:
        raise MetricRefused(
            "metric",
            Message("That is no library metric."),
            Message("Use one of: {names}.", names=", ".join(_ARGUMENTS)),
        )
    unknown = sorted(str(name) for name in rule.keys() - _READ - _DESCRIBING - set(OPERATORS))
    if unknown:
        raise MetricRefused(
            unknown[0][:80], Message("This member of the rule is not supported."), Message("Remove it.")
        )
    given = rule.get("arguments") or {}
    if not isinstance(given, Mapping) or given.keys() - _ARGUMENTS[metric]:
        raise MetricRefused(
            "arguments",
            Message("The metric {metric} has no such argument.", metric=metric),
            Message("Remove it. Its arguments are: {names}.", names=", ".join(sorted(_ARGUMENTS[metric])))
            if _ARGUMENTS[metric]
            else Message("Remove it: the metric takes none."),
        )
    type_, columns, arguments = _form(metric, given, column)
    tolerance = Tolerance()
    if metric == "rowCount":
        arguments = _row_bounds(rule)
    else:
        tolerance = _tolerance(rule)
    return Check(
        type_,
        columns,
        _dimension(rule, metric),
        arguments,
        _severity(rule),
        tolerance,
        owner=_owner(rule),
        name=_name(rule),
    )


def rule_of(check: Check) -> dict[str, Any] | None:
    """The library metric that says the same as a check; None where none does.

    Numbers are int or Decimal. A check of one column belongs at its property, the others at the schema object.
    """
    metric, arguments = _metric(check)
    if metric is None:
        return None
    compared = _row_comparison(check.arguments) if metric == "rowCount" else _comparison(check.tolerance)
    if compared is None:
        return None
    rule: dict[str, Any] = {"name": check.name, "type": "library", "metric": metric}
    if arguments:
        rule["arguments"] = arguments
    rule |= compared
    if metric != "rowCount":
        rule["unit"] = check.tolerance.unit.value
    rule["dimension"] = check.dimension.value
    rule["severity"] = _SEVERITY_NAMES[check.severity]
    if check.owner is not None:
        rule["customProperties"] = [{"property": "owner", "value": check.owner}]
    return rule


def _form(
    metric: str, given: Mapping[str, Any], column: str | None
) -> tuple[CheckType, tuple[str, ...], dict[str, Any]]:
    """Type, columns and arguments of the check, by metric and the level that it stands at."""
    if metric == "rowCount" or (metric == "duplicateValues" and column is None):
        if metric == "rowCount" and column is None:
            return CheckType.ROW_COUNT, (), {}
        names = given.get("properties")
        if metric == "duplicateValues" and isinstance(names, list) and names:
            columns = tuple(str(name) for name in names)
            return (CheckType.UNIQUE if len(columns) == 1 else CheckType.UNIQUE_TOGETHER), columns, {}
        raise MetricRefused(
            "arguments.properties" if metric == "duplicateValues" else "metric",
            Message("The metric {metric} does not say what it counts here.", metric=metric),
            Message("Put rowCount at the schema object, and name the properties of duplicateValues there."),
        )
    if column is None or "properties" in given:
        raise MetricRefused(
            "metric",
            Message("The metric {metric} does not say what it counts here.", metric=metric),
            Message("Put it at the property that it counts values of, without naming properties."),
        )
    match metric:
        case "nullValues":
            return CheckType.NOT_NULL, (column,), {}
        case "missingValues":
            return CheckType.NOT_NULL, (column,), _missing(given)
        case "duplicateValues":
            return CheckType.UNIQUE, (column,), {}
    if ("validValues" in given) == ("pattern" in given):
        raise MetricRefused(
            "arguments",
            Message("The metric invalidValues takes either valid values or a pattern."),
            Message("Give one of the two; for both, write two rules."),
        )
    if "pattern" in given:
        return CheckType.MATCHES, (column,), {"pattern": given["pattern"]}
    return CheckType.IN_SET, (column,), {"values": _texts(given["validValues"], "validValues")}


def _missing(given: Mapping[str, Any]) -> dict[str, Any]:
    listed = given.get("missingValues") or []
    if isinstance(listed, list):
        listed = [item for item in listed if item is not None]
    texts = _texts(listed, "missingValues")
    return {"missing_values": texts} if texts else {}


def _texts(listed: Any, argument: str) -> list[str]:
    if not isinstance(listed, list) or any(item is None or isinstance(item, list | dict) for item in listed):
        raise MetricRefused(
            f"arguments.{argument}", Message("That is no list."), Message("Write a list of values.")
        )
    return [("true" if item else "false") if isinstance(item, bool) else str(item) for item in listed]


def _dimension(rule: Mapping[str, Any], metric: str) -> Dimension:
    given = rule.get("dimension")
    if given is None:
        return _USUAL_DIMENSION[metric]
    if not isinstance(given, str) or given not in DIMENSIONS:
        raise MetricRefused(
            "dimension",
            Message("That is no dimension of the standard."),
            Message("Use one of: {names}.", names=", ".join(list(DIMENSIONS)[:7])),
        )
    return DIMENSIONS[given]


def _severity(rule: Mapping[str, Any]) -> Severity:
    given = rule.get("severity", "warning")
    if not isinstance(given, str) or given not in SEVERITIES:
        raise MetricRefused(
            "severity",
            Message("That severity is not known."),
            Message("Use one of: {names}.", names=", ".join(SEVERITIES)),
        )
    return SEVERITIES[given]


def _name(rule: Mapping[str, Any]) -> str:
    name = rule.get("name") or ""
    if not isinstance(name, str):
        raise MetricRefused("name", Message("That is no text."), Message("Write a short name."))
    return name


def _owner(rule: Mapping[str, Any]) -> str | None:
    properties = rule.get("customProperties") or []
    if not isinstance(properties, list) or any(
        not isinstance(item, Mapping) or item.get("property") != "owner" for item in properties
    ):
        raise MetricRefused(
            "customProperties",
            Message("This member of the rule is not supported."),
            Message("Remove every custom property but the owner."),
        )
    return str(properties[0].get("value")) if properties else None


def _compared(rule: Mapping[str, Any]) -> tuple[str, list[Decimal]]:
    """The one operator of a rule, with its numbers."""
    used = [name for name in OPERATORS if name in rule]
    if len(used) != 1:
        raise MetricRefused(
            used[1] if used else "mustBe",
            Message("The rule compares its count with {count:,} operators.", count=len(used)),
            Message("Use one operator: {names}.", names=", ".join(OPERATORS)),
        )
    (name,) = used
    given = rule[name] if name.endswith("Between") else [rule[name]]
    if not isinstance(given, list) or len(given) != (2 if name.endswith("Between") else 1):
        raise MetricRefused(
            name, Message("That is no pair of bounds."), Message("Write two numbers, such as [0, 10].")
        )
    return name, [_number(item, name) for item in given]


def _number(value: Any, member: str) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            raise InvalidOperation
        number = Decimal(str(value))
        # By its digits: to compare a number of a billion of them overflows.
        if not number.is_finite() or number.adjusted() > 15 or number.as_tuple().exponent < -15:  # type: ignore[operator]
            raise InvalidOperation
    except (InvalidOperation, ValueError):
        raise MetricRefused(member, Message("That is no number."), Message("Write a plain number.")) from None
    return number


def _tolerance(rule: Mapping[str, Any]) -> Tolerance:
    """What may be wrong, from the upper bound of what is counted."""
    unit = rule.get("unit", "rows")
    if unit not in ("rows", "percent"):  # whatever it is; not all of it is hashable
        raise MetricRefused("unit", Message("That unit is not known."), Message("Use rows or percent."))
    name, numbers = _compared(rule)
    match name, numbers:
        case ("mustBe", [number]) if number == 0:
            limit = number
        case "mustBeLessOrEqualTo", [number]:
            limit = number
        case "mustBeBetween", [least, number] if least <= 0:
            limit = number
        case "mustBeLessThan", [number] if unit == "rows":
            limit = number.to_integral_value(rounding="ROUND_CEILING") - 1
        case "mustBeLessThan", [number] if number.as_tuple().exponent >= -_MOST_PLACES:  # type: ignore[operator]
            limit = number - _STRICT
        case _:
            raise MetricRefused(
                name,
                Message("A number of faults is not bounded from above by this comparison."),
                Message("Use mustBe: 0, mustBeLessThan or mustBeLessOrEqualTo."),
            )
    try:
        return Tolerance(f"{limit:f}", ToleranceUnit(unit))
    except ValueError:
        raise MetricRefused(
            name,
            Message("That is no number of rows or percentage that may be wrong."),
            Message("Write a whole number of rows, or a percentage between 0 and 100."),
        ) from None


def _comparison(tolerance: Tolerance) -> dict[str, Any]:
    limit = Decimal(tolerance.limit)
    if limit == 0:
        return {"mustBe": 0}
    above = limit + _STRICT
    if tolerance.unit is ToleranceUnit.PERCENT and above == round(above, _MOST_PLACES):
        return {"mustBeLessThan": _plain(above)}
    return {"mustBeLessOrEqualTo": _plain(limit)}


def _plain(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number.normalize()


def _row_bounds(rule: Mapping[str, Any]) -> dict[str, str]:
    """Bounds of the number of rows."""
    name, numbers = _compared(rule)
    if rule.get("unit", "rows") != "rows" or any(number != number.to_integral_value() for number in numbers):
        raise MetricRefused(
            "unit", Message("A number of rows is counted in rows."), Message("Write whole numbers of rows.")
        )
    whole = [int(number) for number in numbers]
    match name, whole:
        case "mustBe", [number]:
            return {"minimum": str(number), "maximum": str(number)}
        case "mustBeGreaterThan", [number]:
            return {"minimum": str(number + 1)}
        case "mustBeGreaterOrEqualTo", [number]:
            return {"minimum": str(number)}
        case "mustBeLessThan", [number]:
            return {"maximum": str(number - 1)}
        case "mustBeLessOrEqualTo", [number]:
            return {"maximum": str(number)}
        case "mustBeBetween", [least, most]:
            return {"minimum": str(least), "maximum": str(most)}
    raise MetricRefused(
        name,
        Message("A number of rows is not bounded by this comparison."),
        Message("Use mustBe, mustBeBetween, or a comparison with less or greater."),
    )


def _row_comparison(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    if arguments.get("expected") is not None:
        return None  # the standard has no such thing
    least, most = arguments.get("minimum"), arguments.get("maximum")
    if least is None:
        return {"mustBeLessOrEqualTo": int(most)} if most is not None else None
    if most is None:
        return {"mustBeGreaterOrEqualTo": int(least)}
    if int(least) == int(most):
        return {"mustBe": int(least)}
    return {"mustBeBetween": [int(least), int(most)]}


def _metric(check: Check) -> tuple[str | None, dict[str, Any]]:
    given = check.arguments
    match check.type:
        case CheckType.ROW_COUNT:
            return "rowCount", {}
        case CheckType.NOT_NULL if given.get("missing_values"):
            return "missingValues", {"missingValues": [None, *given["missing_values"]]}
        case CheckType.NOT_NULL:
            return "nullValues", {}
        case CheckType.UNIQUE:
            return "duplicateValues", {}
        case CheckType.UNIQUE_TOGETHER:
            return "duplicateValues", {"properties": list(check.columns)}
        case CheckType.IN_SET if given.get("values"):
            return "invalidValues", {"validValues": list(given["values"])}
        case CheckType.MATCHES:
            return "invalidValues", {"pattern": given["pattern"]}
    return None, {}
