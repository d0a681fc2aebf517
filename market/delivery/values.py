"""Values in a filter, each written as its column's kind is written in the answer. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from infra.messages import Message
from listings.ingest.result import Column, Kind
from market.delivery.errors import InvalidQuery

MAX_VALUE_LENGTH = 500


def read_value(column: Column, text: str) -> Any:
    """A value as its column's kind holds it.

    :raises InvalidQuery: it is none, or too long.
    """
    if len(text) > MAX_VALUE_LENGTH or "\x00" in text:
        raise InvalidQuery(
            Message(
                "A value may have at most {max_value_length} characters and no NUL.",
                max_value_length=MAX_VALUE_LENGTH,
            ),
            remedy=Message("Send a shorter value; contains finds a piece of a text."),
        )
    try:
        return _READERS[column.kind](text, column)
    except (KeyError, ValueError, InvalidOperation, OverflowError):
        raise InvalidQuery(
            Message(
                "{text!r} is not a value of {column!r}, which is of kind {value}.",
                text=text[:80],
                column=column.name,
                value=column.kind.value,
            ),
            remedy=Message("Write it like {examples}.", examples=_EXAMPLES[column.kind]),
        ) from None


def _integer(text: str, _: Column) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,38}", text):
        raise ValueError(text)
    return int(text)


def _decimal(text: str, _: Column) -> Decimal:
    # Exact numbers have 38 digits, before or after the point.
    if not re.fullmatch(r"[+-]?[0-9]{1,38}(\.[0-9]{1,38})?", text):
        raise ValueError(text)
    return Decimal(text)


def _number(text: str, _: Column) -> float:
    if not re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]{1,3})?", text) or not isfinite(value := float(text)):
        raise ValueError(text)
    return value


def _boolean(text: str, _: Column) -> bool:
    return {"true": True, "false": False}[text]


def _date(text: str, _: Column) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _timestamp(text: str, column: Column) -> datetime:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)", text):
        raise ValueError(text)
    # A plus sign that was not percent-encoded arrives as a blank.
    moment = datetime.fromisoformat(re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", text) if "T" in text else text)
    if moment.tzinfo is None:
        return moment
    if column.zone is None:
        raise ValueError(text)
    return moment.astimezone(UTC).replace(tzinfo=None)


_READERS: dict[Kind, Callable[[str, Column], Any]] = {
    Kind.TEXT: lambda text, _: text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
}
_EXAMPLES = {
    Kind.TEXT: "any text",
    Kind.INTEGER: "42",
    Kind.DECIMAL: "12.50",
    Kind.NUMBER: "12.5",
    Kind.BOOLEAN: "true",
    Kind.DATE: "2026-01-31",
    Kind.TIMESTAMP: "2026-01-31T08:00:00, with an offset only where the data has one",
}
