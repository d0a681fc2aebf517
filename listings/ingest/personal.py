"""Does a column hold personal information, whatever was declared? Pure.

Looked for anywhere in a value: 张三 13800138000 is found as well as a bare number.

- resident identity numbers: 18 characters with a date and the check character of GB 11643, also in groups; those of
  before 1999 with 15 digits, a province and a date, and no check character;
- mobile numbers of the mainland: 11 digits from 13 to 19, also in groups and with +86;
- bank cards: 16 to 19 digits of a card issuer's range with the check digit of ISO/IEC 7812 (Luhn);
- e-mail addresses.

Full-width digits are digits. A column is taken to hold them when one value does, and at least a fifth of all values of
the same make (so many digits, with a date where the kind has one) do: among arbitrary numbers a tenth passes a check
digit by chance. Of numbers of 15 digits it is half, since nothing but a date is checked. Names, addresses, passports
and landlines are not looked for: too much else is written like them.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

MIN_SHARE_PERCENT = 20
"""Of the values that have the make of a kind, how many must pass its test."""

MIN_OLD_SHARE_PERCENT = 50
"""The same of 15 digits, which have no check character."""

_MIN_DATED_PER_MILLE = 5
"""Of all numbers of 18 digits, how many must pass: one in ten thousand does by chance."""

_DIGIT, _BETWEEN = "[0-9０-９]", "[ \u3000\u00a0.‐‑–—－-]"
NOTEWORTHY = (
    f"{_DIGIT}{{3}}{_BETWEEN}?{_DIGIT}{{4}}{_BETWEEN}?{_DIGIT}{{4}}|{_DIGIT}{{4}}{_BETWEEN}{_DIGIT}{{4}}"
    f"|{_DIGIT}{{6}}{_BETWEEN}{_DIGIT}{{8}}|[^ ][@＠][^ ]"
)
"""Pattern of values that are looked at more closely; for RE2 and Python alike."""

_BEFORE, _AFTER = r"(?<![0-9A-Za-z_.-])", r"(?![0-9A-Za-z_])"
_DASHES = str.maketrans("‐‑–—", "----")
_ELEVEN = re.compile(r"(?<![0-9])[1-9][0-9]{10}(?![0-9])")
_MOBILE = re.compile(
    _BEFORE + r"(?:(?:\+|00)?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}[ -]?[0-9]{4}|\.[0-9]{4}\.[0-9]{4})" + _AFTER
)
_EIGHTEEN = re.compile(r"(?<![0-9A-Za-z])[0-9]{6}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx](?![0-9A-Za-z])")
_FIFTEEN = re.compile(r"(?<![0-9A-Za-z.-])[0-9]{15}(?![0-9A-Za-z])")
_OLD_RESIDENT = re.compile(
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])[0-9]{4}"
    r"[1-9][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}"
)
_RESIDENT = re.compile(
    r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)
_CARD = re.compile(_BEFORE + r"[0-9]{4}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?" + _AFTER)
_ISSUERS = re.compile(r"62|4|5[1-5]|2[2-7]|35|3[68]|60|65|81|9")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


_HEADINGS = frozenset(
    {
        *("姓名", "真实姓名", "家庭住址", "家庭地址", "居住地址", "现住址", "住址", "户籍地址", "户籍所在地"),
        *("身份证", "身份证号", "身份证号码", "公民身份号码", "证件号码", "护照号", "护照号码"),
        *("手机", "手机号", "手机号码", "银行卡号", "出生日期", "出生年月"),
        *("full name", "first name", "last name", "surname", "home address", "date of birth"),
        *("passport number", "passport no", "id card number", "mobile number"),
    }
)
"""What columns of persons are called."""


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
        self._eighteen = self._fifteen = self._old = 0

    def add(self, value: str) -> None:
        """Look at one value."""
        value = plain(value)
        for kind, passed in contents(value).items():
            self._made[kind] += 1
            self._passed[kind] += passed
        self._eighteen += _EIGHTEEN.search(value) is not None
        if fifteen := _FIFTEEN.findall(value):
            self._fifteen += 1
            self._old += any(_OLD_RESIDENT.fullmatch(text) is not None for text in fifteen)

    def detected(self, examined: int) -> list[Detected]:
        """What the column is taken to hold.

        :param examined: values that were looked at, those without any number or address included.
        """
        found = {kind: self._passed[kind] for kind in ContentKind if self._is_likely(kind)}
        if self._old and self._old * 100 >= self._fifteen * MIN_OLD_SHARE_PERCENT:
            found[ContentKind.RESIDENT_ID] = found.get(ContentKind.RESIDENT_ID, 0) + self._old
        return [Detected(self._column, kind, found[kind], examined) for kind in ContentKind if kind in found]

    def _is_likely(self, kind: ContentKind) -> bool:
        passed = self._passed[kind]
        if kind is ContentKind.RESIDENT_ID and passed * 1000 < self._eighteen * _MIN_DATED_PER_MILLE:
            return False
        return passed > 0 and passed * 100 >= self._made[kind] * MIN_SHARE_PERCENT


def is_personal_heading(name: str) -> bool:
    """Whether a column is called as one that holds names, addresses or numbers of persons."""
    return re.sub("[ _.:：-]+", " ", plain(name)).strip().casefold() in _HEADINGS


def plain(value: str) -> str:
    """A text with full-width digits, signs and blanks as the usual ones, and every dash as a hyphen."""
    return value if value.isascii() else unicodedata.normalize("NFKC", value).translate(_DASHES)


def contents(value: str) -> dict[ContentKind, bool]:
    """Kinds whose make a part of a :func:`plain` value has, and whether one part passes the kind's test."""
    found: dict[ContentKind, bool] = {}
    eighteen = [re.sub("[ -]", "", text) for text in _EIGHTEEN.findall(value)]
    if dated := [text for text in eighteen if _RESIDENT.fullmatch(text.upper())]:
        found[ContentKind.RESIDENT_ID] = any(is_resident_id(text) for text in dated)
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
