"""A product's data contract as a document of the standard, both ways. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.messages import Message
from listings.data_contracts.errors import ContractRefused
from listings.data_contracts.parsing import Parsed, Path, problem, refused
from listings.data_contracts.rules import at_property, read_rule, write_rule
from listings.resources.domain import UpdateFrequency
from quality.checks import Check
from quality.classes import ProductClass
from quality.library_metrics import MetricRefused

API_VERSION = "v3.1.0"
_READ_VERSIONS = re.compile(r"v3\.[0-9]{1,3}\.[0-9]{1,3}")
"""What 3.2.0 adds is about other things than quality rules; a rule of a kind that a later one brings is refused."""

MAX_PROBLEMS = 100
CLASS = "productClass"
DIGEST = "suiteDigest"

_LOGICAL_TYPES = {
    "text": "string",
    "integer": "integer",
    "decimal": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_FREQUENCIES: Mapping[UpdateFrequency, tuple[int, str]] = {
    UpdateFrequency.REALTIME: (1, "h"),
    UpdateFrequency.HOURLY: (1, "h"),
    UpdateFrequency.DAILY: (1, "d"),
    UpdateFrequency.WEEKLY: (7, "d"),
    UpdateFrequency.MONTHLY: (1, "mo"),
    UpdateFrequency.QUARTERLY: (3, "mo"),
    UpdateFrequency.YEARLY: (1, "y"),
}


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """A column as its reader may see it."""

    name: str
    kind: str
    nullable: bool
    title_zh: str
    title_en: str
    unit: str | None
    classification: str | None


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """What a contract says besides its quality rules.

    :ivar version: number of the suite, and so of what the contract promises of quality.
    :ivar digest: of the suite, which whoever writes the contract again is held to.
    :ivar availability_percent: of the data API's calls in a month that succeed, as promised by the market's rules.
    :ivar withheld: names of checks that are not shown.
    """

    product_id: str
    status: str
    version: str
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    themes: tuple[str, ...]
    purposes: tuple[str, ...]
    frequency: UpdateFrequency
    columns: tuple[ContractColumn, ...]
    product_class: ProductClass
    digest: str
    availability_percent: Decimal
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadContract:
    """What a contract asks of a suite; None where it does not say."""

    checks: tuple[Check, ...]
    product_class: ProductClass | None
    based_on: str | None


def write_contract(facts: ContractFacts, checks: Sequence[Check]) -> dict[str, Any]:
    """The contract of a product with these checks."""
    rules = [(check, write_rule(check)) for check in checks if check.name not in facts.withheld]
    known = {column.name for column in facts.columns}
    properties = [_property(column) for column in facts.columns]
    placed: dict[str, list[dict[str, Any]]] = {}
    whole = []
    for check, rule in rules:
        if at_property(rule):
            placed.setdefault(check.columns[0], []).append(rule)
        else:
            whole.append(rule)
    properties += [{"name": name} for name in placed if name not in known]
    for entry in properties:
        if entry["name"] in placed:
            entry["quality"] = placed[entry["name"]]
    table: dict[str, Any] = {
        "name": "revision",
        "logicalType": "object",
        "physicalType": "table",
        "properties": properties,
    }
    if whole:
        table["quality"] = whole
    document: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": facts.product_id,
        "name": facts.title_en,
        "version": facts.version,
        "status": facts.status,
        "dataProduct": facts.title_en,
        "tags": list(facts.themes),
        "description": {
            "purpose": facts.description_en,
            "usage": ", ".join(facts.purposes),
            "customProperties": _custom({"titleZh": facts.title_zh, "purposeZh": facts.description_zh}),
        },
        "schema": [table],
        "customProperties": _custom({CLASS: facts.product_class.value}),
    }
    if facts.withheld:  # of which the digest would confirm guesses
        document["customProperties"] += _custom({"withheldChecks": list(facts.withheld)})
    else:
        document["customProperties"] += _custom({DIGEST: facts.digest})
    promises: list[dict[str, Any]] = []
    if facts.frequency in _FREQUENCIES:
        value, unit = _FREQUENCIES[facts.frequency]
        promises.append({"property": "frequency", "value": value, "unit": unit})
    available = f"{facts.availability_percent.normalize():f}"
    promises.append({"property": "availability", "value": available, "unit": "percent"})
    document["slaProperties"] = promises
    return document


def _property(column: ContractColumn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": _LOGICAL_TYPES[column.kind],
        "physicalType": column.kind,
        "businessName": column.title_en,
        "description": column.title_zh,
        "required": not column.nullable,
    }
    if column.classification is not None:
        found["classification"] = column.classification
    if column.unit is not None:
        found["customProperties"] = _custom({"unit": column.unit})
    return found


def _custom(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in members.items()]


def read_contract(parsed: Parsed) -> ReadContract:
    """The suite that a contract asks for; what it says of the rest is passed over.

    :raises ContractRefused: it is no data contract of the standard's third version, or asks for what is not checked.
    """
    document = parsed.value
    if not isinstance(document, Mapping) or document.get("kind") != "DataContract":
        raise refused(
            ("kind",) if isinstance(document, Mapping) else (),
            parsed.line(("kind",)),
            Message("This is not a data contract of the Open Data Contract Standard."),
            Message(
                "Send a document with kind: DataContract and apiVersion: {version}.", version=API_VERSION
            ),
        )
    version = document.get("apiVersion")
    if not isinstance(version, str) or not _READ_VERSIONS.fullmatch(version):
        raise refused(
            ("apiVersion",),
            parsed.line(("apiVersion",)),
            Message("Only the third version of the standard is read."),
            Message("Write the contract as apiVersion: {version}.", version=API_VERSION),
        )
    problems: list[dict[str, Any]] = []
    checks: list[Check] = []
    tables = document.get("schema")
    if not isinstance(tables, list) or len(tables) != 1 or not isinstance(tables[0], Mapping):
        raise refused(
            ("schema",),
            parsed.line(("schema",)),
            Message("A product is one table, and the contract does not describe just one."),
            Message("Write one schema object with the columns as its properties."),
        )
    table, place = tables[0], ("schema", 0)
    _read_rules(parsed, table.get("quality"), (*place, "quality"), None, checks, problems)
    properties = table.get("properties") or []
    for position, entry in enumerate(properties if isinstance(properties, list) else ()):
        where: Path = (*place, "properties", position)
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not name:
            problems.append(
                problem(
                    where,
                    parsed.line(where),
                    Message("The property has no name."),
                    Message("Name the column."),
                )
            )
            continue
        _read_rules(parsed, entry.get("quality"), (*where, "quality"), name, checks, problems)
    if problems:
        raise ContractRefused(problems[0]["detail"], problems=problems[:MAX_PROBLEMS])
    stated = _stated(document.get("customProperties"))
    return ReadContract(tuple(checks), _class_of(parsed, stated.get(CLASS)), _text(stated.get(DIGEST)))


def _read_rules(
    parsed: Parsed,
    rules: Any,
    place: Path,
    column: str | None,
    checks: list[Check],
    problems: list[dict[str, Any]],
) -> None:
    if rules is None:
        return
    if not isinstance(rules, list):
        problems.append(
            problem(place, parsed.line(place), Message("That is no list."), Message("Write a list of rules."))
        )
        return
    for position, rule in enumerate(rules):
        where: Path = (*place, position)
        try:
            if not isinstance(rule, Mapping):
                raise MetricRefused("", Message("That is no rule."), Message("Write an object."))
            checks.append(read_rule(rule, column))
        except MetricRefused as told:
            at = (*where, *(part for part in told.member.split(".") if part))
            problems.append(problem(at, parsed.line(at), told.what, told.remedy))


def _stated(properties: Any) -> dict[str, Any]:
    entries = properties if isinstance(properties, list) else ()
    return {str(entry.get("property")): entry.get("value") for entry in entries if isinstance(entry, Mapping)}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _class_of(parsed: Parsed, stated: Any) -> ProductClass | None:
    if stated is None:
        return None
    known: Collection[str] = [one.value for one in ProductClass]
    if stated not in known:
        path: Path = ("customProperties",)
        raise refused(
            path,
            parsed.line(path),
            Message("There is no such product class."),
            Message("Use one of: {names}.", names=", ".join(known)),
        )
    return ProductClass(stated)
