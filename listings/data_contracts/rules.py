"""One check as one quality rule of the standard, both ways. Pure.

A library metric where one says just the same, SQL as a count of the rows that fail, and the rest as rules of the engine
``greatExpectations``: with the type of the library where the check is one of its own, with our type where it is ours.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from infra.messages import Message
from quality.checks import Check, CheckType, Dimension, Severity, Tolerance, ToleranceUnit
from quality.library_metrics import DIMENSIONS, SEVERITIES, MetricRefused, check_of, rule_of

ENGINE = "greatExpectations"
_ENGINES = frozenset({"greatexpectations", "great-expectations", "great_expectations"})
_COUNTED = re.compile(
    r"\s*SELECT\s+COUNT\(\*\)\s+FROM\s+\(\n?(.*?)\n?\)\s+AS\s+failing_rows\s*;?\s*", re.DOTALL | re.IGNORECASE
)
_SEVERITY_NAMES = {Severity.BLOCKING: "error", Severity.WARNING: "warning"}
_OURS = frozenset({"check", "columns", "arguments", "tolerance"})
_LIBRARY = frozenset({"type", "columns", "kwargs", "tolerance"})
_RULE = frozenset(
    {
        *("name", "type", "engine", "implementation", "query", "dimension", "severity", "unit"),
        *("customProperties", "mustBe", "mustBeLessOrEqualTo"),
        *("id", "description", "businessImpact", "tags", "authoritativeDefinitions", "method"),
    }
)


def write_rule(check: Check) -> dict[str, Any]:
    """The rule that says what a check does: ``read_rule`` makes the same check of it."""
    rule = rule_of(check)
    if rule is not None and _is_exact(rule) and _reads_as(rule, check):
        return _plain(rule)
    if check.type is CheckType.SQL:
        rule = _described(check, {"type": "sql", "query": _query(check), **_compared(check.tolerance)})
        rule["unit"] = check.tolerance.unit.value
        if _is_exact(rule) and _reads_as(rule, check):
            return _plain(rule)
    tolerance = {"limit": check.tolerance.limit, "unit": check.tolerance.unit.value}
    implementation: dict[str, Any] = {"check": check.type.value, "columns": list(check.columns)}
    implementation["arguments"] = dict(check.arguments)
    if check.type is CheckType.EXPECTATION:
        implementation = {
            "type": check.arguments["type"],
            "columns": list(check.columns),
            "kwargs": dict(check.arguments.get("arguments") or {}),
        }
    implementation["tolerance"] = tolerance
    return _described(check, {"type": "custom", "engine": ENGINE, "implementation": implementation})


def read_rule(rule: Mapping[str, Any], column: str | None) -> Check:
    """The check that a rule asks for.

    :param column: the property it stands at; None at a schema object.
    :raises MetricRefused: it asks for what no check does.
    """
    match rule.get("type", "library"):
        case "library":
            return check_of(rule, column)
        case "sql":
            return _sql(rule)
        case "custom":
            return _custom(rule)
    raise MetricRefused(
        "type",
        Message("A rule of this type is not carried out."),
        Message("Use a library metric, SQL, or the engine {engine}.", engine=ENGINE),
    )


def _described(check: Check, rule: dict[str, Any]) -> dict[str, Any]:
    found = {"name": check.name, **rule}
    found["dimension"] = check.dimension.value
    found["severity"] = _SEVERITY_NAMES[check.severity]
    if check.owner is not None:
        found["customProperties"] = [{"property": "owner", "value": check.owner}]
    return found


def _reads_as(rule: Mapping[str, Any], check: Check) -> bool:
    column = check.columns[0] if len(check.columns) == 1 and at_property(rule) else None
    try:
        return read_rule(rule, column).to_json() == check.to_json()
    except MetricRefused:
        return False


def at_property(rule: Mapping[str, Any]) -> bool:
    """Whether the rule belongs at the property of its column: a metric of one column's values."""
    return (
        rule.get("type") == "library"
        and rule.get("metric") != "rowCount"
        and "properties" not in (rule.get("arguments") or {})
    )


def _is_exact(rule: Mapping[str, Any]) -> bool:
    """Whether the numbers that it compares with are the same once written and read as usual."""
    numbers = [value for value in rule.values() if isinstance(value, Decimal)]
    return all(Decimal(repr(float(number))) == number for number in numbers)


def _plain(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in rule.items()}


def _query(check: Check) -> str:
    # Nothing is run of what is put together here. The lines of their own end a comment of the statement.
    return f"SELECT COUNT(*) FROM (\n{check.arguments['statement']}\n) AS failing_rows"  # noqa: S608


def _compared(tolerance: Tolerance) -> dict[str, Any]:
    limit = Decimal(tolerance.limit)
    if limit == 0:
        return {"mustBe": 0}
    return {"mustBeLessOrEqualTo": int(limit) if limit == limit.to_integral_value() else limit}


def _sql(rule: Mapping[str, Any]) -> Check:
    _require_members(rule, _RULE - {"engine", "implementation"}, "")
    query = rule.get("query")
    counted = _COUNTED.fullmatch(query) if isinstance(query, str) else None
    if counted is None:
        raise MetricRefused(
            "query",
            Message("The query does not count the rows that fail."),
            Message(
                "Write SELECT COUNT(*) FROM (…) AS failing_rows around a SELECT of those rows of the table revision."
            ),
        )
    given = [name for name in ("mustBe", "mustBeLessOrEqualTo") if name in rule]
    if len(given) != 1 or (given == ["mustBe"] and rule["mustBe"] != 0):
        raise MetricRefused(
            given[-1] if given else "mustBe",
            Message("A number of faults is not bounded from above by this comparison."),
            Message("Use mustBe: 0 or mustBeLessOrEqualTo."),
        )
    number = rule[given[0]]
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise MetricRefused(given[0], Message("That is no number."), Message("Write a plain number."))
    limit = {
        "limit": f"{number:f}" if isinstance(number, Decimal) else str(number),
        "unit": rule.get("unit", "rows"),
    }
    return _check(CheckType.SQL, rule, [], {"statement": counted[1]}, limit, given[0])


def _custom(rule: Mapping[str, Any]) -> Check:
    _require_members(rule, _RULE - {"query", "mustBe", "mustBeLessOrEqualTo", "unit"}, "")
    if str(rule.get("engine", "")).lower() not in _ENGINES:
        raise MetricRefused(
            "engine",
            Message("That engine is not run here."),
            Message("Use the engine {engine}, a library metric or SQL.", engine=ENGINE),
        )
    asked = rule.get("implementation")
    if not isinstance(asked, Mapping) or ("check" in asked) == ("type" in asked):
        raise MetricRefused(
            "implementation",
            Message("The rule does not say what to check."),
            Message("Write an object with the type of an expectation, its columns and its kwargs."),
        )
    columns = asked.get("columns") or []
    tolerance = asked.get("tolerance") or {"limit": "0", "unit": "percent"}
    if not isinstance(columns, list) or not isinstance(tolerance, Mapping):
        raise MetricRefused(
            "implementation",
            Message("The rule does not say what to check."),
            Message("Write its columns as a list, and its tolerance with limit and unit."),
        )
    if "check" in asked:
        _require_members(asked, _OURS, "implementation.")
        arguments = asked.get("arguments") or {}
        try:
            kind = CheckType(str(asked["check"]))
        except ValueError:
            raise MetricRefused(
                "implementation.check",
                Message("There is no such check."),
                Message("Use one of: {names}.", names=", ".join(CheckType)),
            ) from None
    else:
        _require_members(asked, _LIBRARY, "implementation.")
        kind, arguments = (
            CheckType.EXPECTATION,
            {"type": asked["type"], "arguments": asked.get("kwargs") or {}},
        )
    if not isinstance(arguments, Mapping):
        raise MetricRefused(
            "implementation.arguments", Message("That is no object."), Message("Write names and values.")
        )
    return _check(kind, rule, columns, _texts(arguments), tolerance, "implementation.tolerance")


def _texts(value: Any) -> Any:
    """Arguments as checks take them: numbers as exact text."""
    match value:
        case bool() | None | str():
            return value
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case Mapping():
            return {str(name): _texts(item) for name, item in value.items()}
        case _:
            return [_texts(item) for item in value]


def _require_members(given: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(str(name) for name in given.keys() - known)
    if unknown:
        raise MetricRefused(
            where + unknown[0][:80],
            Message("This member of the rule is not supported."),
            Message("Remove it."),
        )


def _check(
    kind: CheckType,
    rule: Mapping[str, Any],
    columns: Sequence[Any],
    arguments: Mapping[str, Any],
    tolerance: Mapping[str, Any],
    member: str,
) -> Check:
    try:
        tolerated = Tolerance(
            str(tolerance.get("limit", "0")), ToleranceUnit(tolerance.get("unit", "percent"))
        )
    except ValueError:
        raise MetricRefused(
            member,
            Message("That is no tolerance."),
            Message("Write percent between 0 and 100, or a whole number of rows, as text."),
        ) from None
    dimension, severity = rule.get("dimension"), rule.get("severity", "warning")
    if not isinstance(dimension, str) or dimension not in DIMENSIONS:
        raise MetricRefused(
            "dimension",
            Message("That is no dimension of the standard."),
            Message("Use one of: {names}.", names=", ".join(Dimension)),
        )
    if not isinstance(severity, str) or severity not in SEVERITIES:
        raise MetricRefused(
            "severity",
            Message("That severity is not known."),
            Message("Use one of: {names}.", names=", ".join(SEVERITIES)),
        )
    name = rule.get("name") or ""
    properties = rule.get("customProperties") or []
    owned = isinstance(properties, list) and all(
        isinstance(item, Mapping) and item.get("property") == "owner" for item in properties
    )
    if not isinstance(name, str) or not owned:
        raise MetricRefused(
            "name" if not isinstance(name, str) else "customProperties",
            Message("This member of the rule is not supported."),
            Message("Write a short name, and no custom property but the owner."),
        )
    return Check(
        kind,
        tuple(str(column) for column in columns),
        DIMENSIONS[dimension],
        arguments,
        SEVERITIES[severity],
        tolerated,
        owner=str(properties[0].get("value")) if properties else None,
        name=name,
    )
