"""Which columns and arguments each type of check takes. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.messages import Message
from quality.arguments import values
from quality.arguments.values import Reader, Unreadable
from quality.checks import CheckType
from quality.limits import MAX_COLUMNS
from quality.patterns import portable
from quality.standards import LISTS
from quality.statements.rules import require

NUMERIC = frozenset({"integer", "decimal", "number"})
DATED = frozenset({"date", "timestamp"})
ORDERED = NUMERIC | DATED
_TEXT = frozenset({"text"})

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TypeRules:
    """What a type takes: columns at least and at most, their kinds, its arguments and which of them must be there."""

    columns: tuple[int, int] = (1, 1)
    kinds: frozenset[str] | None = None
    arguments: Mapping[str, Reader] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    some: bool = False


def text_list(value: Any) -> list[str]:
    """A list of texts.

    :raises Unreadable: it is none, or too long.
    """
    read: list[str] = values.list_of(values.text)(value)
    return read


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(Message("Write a regular expression as text."))
    portable(value)
    return value


def _statement(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(Message("Write one SELECT statement as text."))
    require(value)
    return value


def _standard_list(value: Any) -> str:
    if not isinstance(value, str) or value not in LISTS:
        raise Unreadable(Message("Name one of the standard lists: {names}.", names=", ".join(LISTS)))
    return value


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable(Message("Write an object."))
    return value


def _product_id(value: Any) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value.lower()):
        raise Unreadable(Message("Write the id of a product, which is a UUID."))
    return value


RULES: Mapping[CheckType, TypeRules] = {
    CheckType.ROW_COUNT: TypeRules(
        columns=(0, 0),
        arguments=dict.fromkeys(("minimum", "maximum", "expected"), values.whole_number),
        some=True,
    ),
    CheckType.NO_REPEATED_ROWS: TypeRules(columns=(0, 0)),
    CheckType.NOT_NULL: TypeRules(arguments={"missing_values": values.list_of(values.any_text)}),
    CheckType.UNIQUE: TypeRules(),
    CheckType.UNIQUE_TOGETHER: TypeRules(columns=(2, MAX_COLUMNS)),
    CheckType.BETWEEN: TypeRules(
        kinds=ORDERED,
        arguments={  # the bounds are read by the column's kind: `_bounds`
            "minimum": values.text,
            "maximum": values.text,
            "strict_minimum": values.truth,
            "strict_maximum": values.truth,
        },
    ),
    CheckType.IN_SET: TypeRules(arguments={"values": text_list, "list": _standard_list}, some=True),
    CheckType.CONTAINS_ALL: TypeRules(arguments={"values": text_list}, required=frozenset({"values"})),
    CheckType.MATCHES: TypeRules(
        kinds=_TEXT, arguments={"pattern": _pattern}, required=frozenset({"pattern"})
    ),
    CheckType.WELL_FORMED: TypeRules(kinds=_TEXT),
    CheckType.NOT_LESS: TypeRules(columns=(2, 2), kinds=ORDERED),
    CheckType.INCREASING: TypeRules(kinds=ORDERED),
    CheckType.RECENT: TypeRules(
        kinds=DATED, arguments={"within": values.duration}, required=frozenset({"within"})
    ),
    CheckType.NOT_AFTER_ARRIVAL: TypeRules(kinds=DATED),
    CheckType.DISTRIBUTION: TypeRules(
        arguments={"baseline": _object, "maximum": values.share},
        required=frozenset({"baseline", "maximum"}),
    ),
    CheckType.REFERENCES: TypeRules(
        arguments={"product_id": _product_id, "column": values.text},
        required=frozenset({"product_id", "column"}),
    ),
    CheckType.SQL: TypeRules(
        columns=(0, 0), arguments={"statement": _statement}, required=frozenset({"statement"})
    ),
}
