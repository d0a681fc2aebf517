"""Does a column hold personal information, whatever was declared? Pure.

Looked for anywhere in a value: 张三 13800138000 is found as well as a bare number.

- resident identity numbers: 18 characters with a date and the check character of GB 11643;
- mobile numbers of the mainland: 11 digits from 13 to 19, also in groups and with +86;
- bank cards: 16 to 19 digits of a card issuer's range with the check digit of ISO/IEC 7812 (Luhn);
- e-mail addresses.

A column is taken to hold them when one value does, and at least a fifth of all values of the same make (so many digits)
do: among arbitrary numbers a tenth passes a check digit by chance. Names, addresses and passports are not looked for.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

MIN_SHARE_PERCENT = 20
"""Of the values that have the make of a kind, how many must pass its test."""

NOTEWORTHY = "[0-9]{11}|[0-9]{3}[ -][0-9]{4}[ -][0-9]{4}|[0-9]{4}[ -][0-9]{4}|[^ ]@[^ ]"
"""Pattern of values that are looked at more closely; for RE2 and Python alike."""

_BEFORE, _AFTER = r"(?<![0-9A-Za-z_.-])", r"(?![0-9A-Za-z_])"
_ELEVEN = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")
_MOBILE = re.compile(_BEFORE + r"(?:(?:\+|00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}" + _AFTER)
_EIGHTEEN = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_RESIDENT = re.compile(
    r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)
_CARD = re.compile(_BEFORE + r"[0-9]{4}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?" + _AFTER)
_ISSUERS = re.compile(r"62|4|5[1-5]|2[2-7]|35|3[68]|60|65|81|9")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class ContentKind(StrEnum):
    """Personal information that is recognised by its form."""

    RESIDENT_ID = "resident_id"
    MOBILE_NUMBER = "mobile_number"
    BANK_CARD = "bank_card"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Detected:
    """Personal information in a column.

    :param values: values that hold it, of those looked at.
    :param examined: values that were looked at: all, or evenly spaced ones of a column with very many.
    """

    column: str
    kind: ContentKind
    values: int
    examined: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Detected":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        return cls(**{**document, "kind": ContentKind(document["kind"])})


class Tally:
    """Counts what the values of one column hold."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._made: Counter[ContentKind] = Counter()
        self._passed: Counter[ContentKind] = Counter()

    def add(self, value: str) -> None:
        """Look at one value."""
        for kind, passed in contents(value).items():
            self._made[kind] += 1
            self._passed[kind] += passed

    def detected(self, examined: int) -> list[Detected]:
        """What the column is taken to hold.

        :param examined: values that were looked at, those without any number or address included.
        """
        return [
            Detected(self._column, kind, self._passed[kind], examined)
            for kind in ContentKind
            if self._passed[kind] and self._passed[kind] * 100 >= self._made[kind] * MIN_SHARE_PERCENT
        ]


def contents(value: str) -> dict[ContentKind, bool]:
    """Kinds whose make a part of the value has, and whether one part passes the kind's test."""
    found: dict[ContentKind, bool] = {}
    if eighteen := _EIGHTEEN.findall(value):
        found[ContentKind.RESIDENT_ID] = any(is_resident_id(text) for text in eighteen)
    mobile = _MOBILE.search(value) is not None
    if mobile or _ELEVEN.search(value):
        found[ContentKind.MOBILE_NUMBER] = mobile
    cards = [
        digits for text in _CARD.findall(value) if not is_resident_id(digits := re.sub("[ -]", "", text))
    ]
    if cards:
        found[ContentKind.BANK_CARD] = any(is_bank_card(text) for text in cards)
    if "@" in value and _EMAIL.search(value):
        found[ContentKind.EMAIL] = True
    return found


def is_resident_id(text: str) -> bool:
    """Whether a text is a resident identity number with its check character (GB 11643, ISO 7064 MOD 11-2)."""
    text = text.upper()
    if _RESIDENT.fullmatch(text) is None:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17]


def is_bank_card(digits: str) -> bool:
    """Whether a number of 16 to 19 digits is of a card issuer's range and has its check digit (Luhn)."""
    if not 16 <= len(digits) <= 19 or _ISSUERS.match(digits) is None:
        return False
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    return (sum(int(d) for d in digits[::-2]) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def detect_in_rows(rows: Sequence[Mapping[str, Any]]) -> list[Detected]:
    """What the columns of some rows hold."""
    names: Iterable[str] = dict.fromkeys(name for row in rows for name in row)
    found: list[Detected] = []
    for name in names:
        tally = Tally(name)
        for row in rows:
            if row.get(name) is not None:
                tally.add(str(row[name]))
        found += tally.detected(len(rows))
    return found
