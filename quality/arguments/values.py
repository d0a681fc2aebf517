"""Values of a check's arguments, read exactly: numbers, moments, durations and texts. Pure."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from infra.messages import Message
from quality.limits import MAX_VALUE_CHARACTERS, MAX_VALUES

_NUMBER = re.compile(r"-?[0-9]{1,38}(\.[0-9]{1,38})?")
_FRACTION = re.compile(r"[0-9]{1,15}/[1-9][0-9]{0,14}")
_WHOLE = re.compile(r"[0-9]{1,15}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DURATION = re.compile(
    r"P(?:([0-9]{1,4})W|(?:([0-9]{1,5})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?)"
)


class Unreadable(Exception):
    """The value is none of the kind that was asked for.

    :param remedy: what to write instead.
    """

    def __init__(self, remedy: Message) -> None:
        super().__init__(remedy)
        self.remedy = remedy


Reader = Callable[[Any], Any]
"""Reads one value of an argument, which is any JSON; raises `Unreadable`."""


def exact_number(value: Any) -> Decimal:
    """A number written out in decimals, such as ``"-0.10"``; no exponent, and no JSON number, which may be inexact.

    :raises Unreadable: it is none.
    """
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise Unreadable(Message('Write an exact number as text, such as "0.10".'))
    return Decimal(value)


def whole_number(value: Any) -> int:
    """A whole number of at least 0 as text.

    :raises Unreadable: it is none.
    """
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise Unreadable(Message('Write a whole number of at least 0 as text, such as "1000".'))
    return int(value)


def share(value: Any) -> Fraction:
    """An exact share of the whole, from 0 to 1, as a decimal or a fraction.

    :raises Unreadable: it is none.
    """
    if isinstance(value, str) and (_FRACTION.fullmatch(value) or _NUMBER.fullmatch(value)):
        number = Fraction(value)
        if 0 <= number <= 1:
            return number
    raise Unreadable(Message('Write a share between 0 and 1 as text, such as "0.25" or "1/3".'))


def date(value: Any) -> dt.date:
    """A day, such as ``"2026-01-31"``.

    :raises Unreadable: it is none.
    """
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise Unreadable(Message('Write a date as text, such as "2026-01-31".'))


def timestamp(value: Any) -> dt.datetime:
    """A date, or a date and time (RFC 3339) with or without its offset; without, of the place the data are about.

    :raises Unreadable: it is none.
    """
    if isinstance(value, str) and (_TIME.fullmatch(value) or _DATE.fullmatch(value)):
        try:
            return dt.datetime.fromisoformat(value)
        except ValueError:
            pass
    raise Unreadable(Message('Write a time as text, such as "2026-01-31T08:00:00Z".'))


def duration(value: Any) -> dt.timedelta:
    """A length of time (ISO 8601) in weeks, days, hours, minutes and seconds; months and years differ in length.

    :raises Unreadable: it is none, or it is zero.
    """
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        length = dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if length:
            return length
    raise Unreadable(
        Message('Write a duration in weeks, days, hours, minutes and seconds, such as "P1D" or "PT90M".')
    )


def text(value: Any) -> str:
    """A text that is not empty, not too long, and can be stored.

    :raises Unreadable: it is none.
    """
    remedy = Message("Write a text of 1 to {most:,} characters without NUL.", most=MAX_VALUE_CHARACTERS)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_VALUE_CHARACTERS or not storable(value):
        raise Unreadable(remedy)
    return value


def any_text(value: Any) -> str:
    """A text as `text` takes it, or the empty one.

    :raises Unreadable: it is none.
    """
    return "" if value == "" else text(value)


def truth(value: Any) -> bool:
    """``true`` or ``false`` of JSON.

    :raises Unreadable: it is neither.
    """
    if not isinstance(value, bool):
        raise Unreadable(Message("Write true or false."))
    return value


def truth_text(value: Any) -> bool:
    """``"true"`` or ``"false"`` as text, as a list of values holds it.

    :raises Unreadable: it is neither.
    """
    if value not in ("true", "false"):
        raise Unreadable(Message('Write "true" or "false".'))
    return bool(value == "true")


def list_of(reader: Reader, *, least: int = 1, most: int = MAX_VALUES) -> Reader:
    """A reader of lists of so many values."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            raise Unreadable(Message("Write a list of {least:,} to {most:,} values.", least=least, most=most))
        return [reader(item) for item in value]

    return read


def storable(value: str) -> bool:
    """Whether a text has no NUL and no lone surrogate."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
