"""What a payload or a parameter that does not validate is told, so that it can be told in the reader's language.

pydantic and msgspec word their findings in English only; here each finding becomes a :class:`Message` again: pydantic's
by its type, msgspec's, which has nothing but a sentence, by that sentence. What is not listed stays as it was worded.
"""

import re
from ast import literal_eval
from collections.abc import Iterable, Mapping
from typing import Any

from infra.messages import Message

_PYDANTIC: Mapping[str, Message] = {
    "bool_parsing": Message("Must be true or false"),
    "bool_type": Message("Must be true or false"),
    "date_from_datetime_inexact": Message("Must be a date such as 2026-01-31"),
    "date_from_datetime_parsing": Message("Must be a date such as 2026-01-31"),
    "date_parsing": Message("Must be a date such as 2026-01-31"),
    "date_type": Message("Must be a date such as 2026-01-31"),
    "datetime_from_date_parsing": Message("Must be a time such as 2026-01-31T00:00:00Z"),
    "datetime_parsing": Message("Must be a time such as 2026-01-31T00:00:00Z"),
    "datetime_type": Message("Must be a time such as 2026-01-31T00:00:00Z"),
    "timezone_aware": Message("Must be a time with its offset, such as 2026-01-31T00:00:00Z"),
    "decimal_parsing": Message("Must be a decimal number"),
    "decimal_type": Message("Must be a decimal number"),
    "dict_type": Message("Must be an object"),
    "extra_forbidden": Message("There is no such member; remove it or correct its name"),
    "finite_number": Message("Must be a finite number"),
    "frozen_set_type": Message("Must be a list"),
    "int_from_float": Message("Must be a whole number"),
    "int_parsing": Message("Must be a whole number"),
    "int_parsing_size": Message("Must be a smaller whole number"),
    "int_type": Message("Must be a whole number"),
    "json_invalid": Message("Must be JSON"),
    "list_type": Message("Must be a list"),
    "missing": Message("Is required"),
    "model_attributes_type": Message("Must be an object"),
    "model_type": Message("Must be an object"),
    "string_type": Message("Must be text"),
    "string_unicode": Message("Must be Unicode text"),
    "tuple_type": Message("Must be a list"),
    "url_parsing": Message("Must be a URL"),
    "url_scheme": Message("Must be a URL with another scheme"),
    "uuid_parsing": Message("Must be a UUID"),
    "uuid_type": Message("Must be a UUID"),
}
"""Type of a finding → what is told."""

_MSGSPEC: tuple[tuple[re.Pattern[str], Message], ...] = (
    (re.compile(r"Invalid UUID"), Message("Must be a UUID")),
    (re.compile(r"Expected `uuid`.*"), Message("Must be a UUID")),
    (re.compile(r"Invalid enum value .*"), Message("Is not one of the values allowed")),
    (re.compile(r"Expected `int( \| null)?`, got .*"), Message("Must be a whole number")),
    (re.compile(r"Expected `bool( \| null)?`, got .*"), Message("Must be true or false")),
    (re.compile(r"Expected `str`, got .*"), Message("Must be text")),
    (
        re.compile(r"Expected `date`, got .*|Invalid RFC3339 encoded date"),
        Message("Must be a date such as 2026-01-31"),
    ),
    (
        re.compile(r"Expected `datetime`.*|Invalid RFC3339 encoded datetime"),
        Message("Must be a time such as 2026-01-31T00:00:00Z"),
    ),
)
"""A sentence of msgspec → what is told."""

_MSGSPEC_BOUND = re.compile(
    r"Expected `(?P<kind>int|str|array)`(?P<length> of length)? (?P<sign>>=|<=|>|<) (?P<bound>-?\d+)"
)
_MSGSPEC_PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.+)")

_IN_WORDS: Mapping[str, Message] = {
    "^[A-Z]{3}$": Message("Must be a currency in three capital letters, such as CNY"),
    "^[0-9A-HJ-NPQRTUWXY]{18}$": Message(
        "Must be a unified social credit code: 18 digits and capital letters without I, O, S, V and Z"
    ),
    "^[a-z][a-z0-9_]{0,62}$": Message(
        "Must be a code of lower-case letters, digits and underscores, such as urban_transport"
    ),
    "^[0-9a-f]{64}$": Message("Must be a SHA-256 digest: 64 digits and lower-case letters a to f"),
    "^[0-9]{12}$": Message("Must have 12 digits"),
    "^[1-9][0-9]{5}$": Message("Must be a division code of six digits, such as 110000"),
    "^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$": Message("Must be a BIC of 8 or 11 capital letters and digits"),
    "^[0-9A-Za-z/ ()-]{4,60}$": Message(
        "Must have 4 to 60 Latin letters, digits, spaces, slashes, hyphens and round brackets, none of them full-width"
    ),
    "^[0-9A-Za-z -]+$": Message("Must have only digits, Latin letters, spaces and hyphens"),
    "^https?://[\\x21-\\x7e]+$": Message("Must be a URL such as https://example.org/market"),
    "^[\\x21-\\x7e]+$": Message("Must have only Latin letters, digits and signs of ASCII, without spaces"),
    "^[^\\x00]+$": Message("contains a character that cannot be stored (NUL or a lone surrogate)"),
}
"""A pattern of the interface → what it asks for. What is not here, no person writes by hand."""


def pydantic_finding(error: Mapping[str, Any]) -> str:
    """One item of pydantic's ``ValidationError.errors()``, as a text that can be translated where we know it."""
    found: Mapping[str, Any] = error.get("ctx") or {}
    match error["type"]:
        case "enum" | "literal_error":
            # pydantic joins its quoted values by commas and an English "or".
            return one_of(re.findall(r"'([^']*)'", found["expected"]))
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than" as kind:
            return _bound(kind, next(iter(found.values())))
        case "string_too_short" | "string_too_long" as kind:
            return _length(kind, found)
        case "too_short" | "too_long" as kind:
            return _items(kind, found)
        case "string_pattern_mismatch":
            return _pattern(found["pattern"])
        case "decimal_max_places":
            return Message("May have at most {places} decimal places", places=found["decimal_places"])
        case "decimal_max_digits":
            return Message("May have at most {digits} digits", digits=found["max_digits"])
        case "value_error" | "assertion_error":
            return _of_ours(error, found)
        case kind:
            return _PYDANTIC.get(kind, str(error["msg"]))


def msgspec_finding(sentence: str) -> str:
    """A sentence of msgspec, as a text that can be translated where we know it."""
    if bound := _MSGSPEC_BOUND.fullmatch(sentence):
        least = bound["sign"].startswith(">")
        number = int(bound["bound"])
        if bound["kind"] == "int":
            names = {
                ">=": "greater_than_equal",
                "<=": "less_than_equal",
                ">": "greater_than",
                "<": "less_than",
            }
            return _bound(names[bound["sign"]], number)
        limits = {"min_length": number, "max_length": number}
        text = bound["kind"] == "str"
        return (_length if text else _items)(
            f"{'string_' if text else ''}too_{'short' if least else 'long'}", limits
        )
    if pattern := _MSGSPEC_PATTERN.fullmatch(sentence):
        return _pattern(literal_eval(pattern["pattern"]))
    return next((told for known, told in _MSGSPEC if known.fullmatch(sentence)), sentence)


def one_of(allowed: Iterable[str]) -> Message:
    """That a value must be one of these."""
    return Message("Must be one of {expected}", expected=", ".join(allowed))


def _pattern(pattern: str) -> Message:
    return _IN_WORDS.get(pattern) or Message("Must match the pattern {pattern}", pattern=pattern)


def _bound(kind: str, bound: Any) -> Message:
    match kind:
        case "greater_than_equal":
            return Message("Must be {bound} or more", bound=bound)
        case "less_than_equal":
            return Message("Must be {bound} or less", bound=bound)
        case "greater_than":
            return Message("Must be more than {bound}", bound=bound)
        case _:
            return Message("Must be less than {bound}", bound=bound)


def _length(kind: str, limits: Mapping[str, Any]) -> Message:
    if kind == "string_too_short":
        return Message("Must have at least {count} characters", count=limits["min_length"])
    return Message("May have at most {count} characters", count=limits["max_length"])


def _items(kind: str, limits: Mapping[str, Any]) -> Message:
    if kind == "too_short":
        return Message("Must have at least {count} items", count=limits["min_length"])
    return Message("May have at most {count} items", count=limits["max_length"])


def _of_ours(error: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What one of our own validators raised: its text, without what pydantic puts in front."""
    raised = found.get("error")
    text = raised.args[0] if isinstance(raised, Exception) and raised.args else None
    return text if isinstance(text, str) else str(error["msg"])
