"""What type is a column of texts? Pure: patterns, the SQL that verifies them, and the SQL that converts.

A column *is meant as* a type when more than half of its values read as it; it *is* that type only when all do.
Values are read without surrounding blanks, and an empty value is a missing one. What a reading takes:

- integer: digits with an optional minus, no leading zero, within ±(2^53 − 1). ``00701`` is a code and makes
  the column text, and so does a longer number: it is an identifier, and many JSON readers would round it.
- decimal: the same with a fraction, exact, up to 38 digits.
- number: with an exponent, or with too many digits together for one type of decimals; binary floating point, of which
  the shortest text says what is written. A value that it would round makes the column text.
- boolean: true and false in any case.
- date, of the years 1 to 9999: 2024-01-31, 2024/1/31 or 2024年1月31日, one form per column, and on the calendar.
- timestamp: an ISO 8601 date and time (blank or T between them, up to microseconds), or 2024/1/31 8:05; 24:00:00 is the
  midnight after.
  With offsets, all values must have one, and they are stored in UTC.

Anything else stays the text it is: thousands separators, percent and currency signs, day-first dates, ``yes``.
The one liberty taken: a column whose only misfits are markers for *missing* (NA, NULL, - and the like) keeps
its type and those values become missing, with a notice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from infra.messages import Message
from listings.ingest.result import Kind

MAX_INTEGER = 2**53 - 1
MAX_DIGITS = 38
MISSING_MARKERS = (
    *("NA", "N/A", "N.A.", "#N/A", "NULL", "(NULL)", "NAN", "<NA>", "NAT", "NONE", "NIL", "\\N", "/"),
    *("-", "--", "---", "–", "—", "——", "－", "缺测", "缺失", "未测", "暂无", "暂无数据", "无数据"),
)

BLANKS = " \t\r\n\u3000\u00a0"
"""What may stand around a value: blanks, also full-width and non-breaking ones, and line ends."""

_WIDE = "０１２３４５６７８９．，＋－−–：／％"
_NARROW = "0123456789.,+---:/%"


def is_marker(v: str) -> str:
    """SQL that is true where a text is a marker for a missing value.

    Not by a list: DuckDB makes a join of a long one, and carries that out also where nobody asks for its outcome.
    """
    markers = "|".join(re.escape(marker) for marker in MISSING_MARKERS)
    return f"regexp_full_match({v}, '(?i:{markers})')"


def narrowed(value: str) -> str:
    """A text with full-width digits and signs as the usual ones."""
    return value.translate(_TO_NARROW)


def narrowing(v: str) -> str:
    """SQL of a text with full-width digits and signs as the usual ones."""
    return f"translate({v}, '{_WIDE}', '{_NARROW}')"


_TO_NARROW = str.maketrans(_WIDE, _NARROW)

_INTEGER = r"-?(0|[1-9][0-9]*)"
_DECIMAL = r"-?((0|[1-9][0-9]*)(\.[0-9]+)?|\.[0-9]+)"
_NUMBER = r"-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?"
SPAN = "TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
"""What a date of four digits can say (RFC 3339)."""

_OFFSET = r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the values of a column.

    :param pattern: what a value must look like, for RE2 and Python alike.
    :param value: SQL over ``{v}`` (a trimmed text) giving the typed value, or NULL where it is none.
    :param test: SQL over ``{v}``, true where the value is of this reading.
    """

    kind: Kind
    label: Message
    pattern: str
    value: str
    test: str
    zone: str | None = None

    def testing(self, v: str) -> str:
        """SQL that is true where the trimmed text of the SQL expression ``v`` is of this reading."""
        return self.test.replace("{v}", v)

    def reading(self, v: str) -> str:
        """SQL that yields the typed value of the SQL expression ``v``."""
        return self.value.replace("{v}", v)

    def surely(self, v: str) -> str:
        """SQL that yields the typed value of the SQL expression ``v``, and fails where there is none."""
        value = self.reading(v).replace("TRY_", "")
        if self.kind is not Kind.NUMBER:
            return value
        return f"CASE WHEN {v} IS NULL THEN NULL WHEN {is_exact(v)} THEN {value} ELSE error('rounded') END"

    def fits(self, value: str) -> bool:
        """Whether a trimmed text looks like this reading (the calendar is left to the engine)."""
        return re.fullmatch(self.pattern, value, re.ASCII) is not None


def is_exact(v: str) -> str:
    """SQL that is true where the text of a number has the digits that the shortest text of its binary number has."""
    return f"({_significant(v)} = {_significant(f'CAST(TRY_CAST({v} AS DOUBLE) AS VARCHAR)')})"


def _significant(text: str) -> str:
    mantissa = f"ltrim(split_part(lower({text}), 'e', 1), '-')"
    return f"trim(replace({mantissa}, '.', ''), '0')"


def _matching(pattern: str, value: str) -> str:
    return f"(regexp_full_match({{v}}, '{pattern}') AND ({value}) IS NOT NULL)"


def _dated(kind: Kind, label: Message, pattern: str, value: str, zone: str | None = None) -> Reading:
    bounded = f"CASE WHEN ({value}) BETWEEN {SPAN} THEN ({value}) END"
    return Reading(kind, label, pattern, value, _matching(pattern, bounded), zone)


INTEGER = Reading(
    Kind.INTEGER,
    Message("integer"),
    _INTEGER,
    "TRY_CAST({v} AS BIGINT)",
    f"((CAST(TRY_CAST({{v}} AS BIGINT) AS VARCHAR) = {{v}} OR {{v}} = '-0')"
    f" AND TRY_CAST({{v}} AS BIGINT) BETWEEN -{MAX_INTEGER} AND {MAX_INTEGER})",
)
DECIMAL = Reading(
    Kind.DECIMAL, Message("decimal"), _DECIMAL, "{v}", f"regexp_full_match({{v}}, '{_DECIMAL}')"
)
NUMBER = Reading(
    Kind.NUMBER,
    Message("number"),
    _NUMBER,
    "TRY_CAST({v} AS DOUBLE)",
    f"(regexp_full_match({{v}}, '{_NUMBER}') AND isfinite(TRY_CAST({{v}} AS DOUBLE)) AND {is_exact('{v}')})",
)
BOOLEAN = Reading(
    Kind.BOOLEAN,
    Message("boolean"),
    "(?i:true|false)",
    "TRY_CAST({v} AS BOOLEAN)",
    "lower({v}) IN ('true', 'false')",
)
DATES = (
    _dated(Kind.DATE, Message("date"), "[0-9]{4}-[0-9]{2}-[0-9]{2}", "TRY_CAST({v} AS DATE)"),
    _dated(
        Kind.DATE,
        Message("date"),
        "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}",
        "CAST(TRY_STRPTIME({v}, '%Y/%m/%d') AS DATE)",
    ),
    _dated(
        Kind.DATE,
        Message("date"),
        "[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日",
        "CAST(TRY_STRPTIME({v}, '%Y年%m月%d日') AS DATE)",
    ),
    _dated(
        Kind.TIMESTAMP,
        Message("date and time"),
        f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_CLOCK}",
        "TRY_CAST({v} AS TIMESTAMP)",
    ),
    _dated(
        Kind.TIMESTAMP,
        Message("date and time with offset"),
        f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_CLOCK}{_OFFSET}",
        "timezone('UTC', TRY_CAST({v} AS TIMESTAMPTZ))",
        "UTC",
    ),
    _dated(
        Kind.TIMESTAMP,
        Message("date and time"),
        "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?",
        "TRY_STRPTIME({v}, ['%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M'])",
    ),
)
DIRECT = frozenset({INTEGER, DECIMAL, DATES[0], DATES[3]})
"""Whose values DuckDB's reader takes for what they are, once they have the pattern."""

_DAY = "[0-9]{4}(-[0-9]{1,2}-|[.][0-9]{1,2}[.])[0-9]{1,2}"
_SHORT_CLOCK = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?"
_SLASHED = "replace(replace({v}, '.', '/'), '-', '/')"
_TWELVE_HOURS = "replace(replace(replace({v}, ' ', ''), '.', '/'), '-', '/')"
_CHINESE_DAY = "[0-9]{4} ?年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?日"
FURTHER_DATES = (
    _dated(Kind.DATE, Message("date"), _DAY, f"CAST(TRY_STRPTIME({_SLASHED}, '%Y/%m/%d') AS DATE)"),
    _dated(
        Kind.DATE,
        Message("date"),
        _CHINESE_DAY,
        "CAST(TRY_STRPTIME(replace({v}, ' ', ''), '%Y年%m月%d日') AS DATE)",
    ),
    _dated(
        Kind.TIMESTAMP,
        Message("date and time"),
        f"{_DAY} {_SHORT_CLOCK}",
        f"TRY_STRPTIME({_SLASHED}, ['%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M'])",
    ),
    _dated(
        Kind.TIMESTAMP,
        Message("date and time"),
        f"{_CHINESE_DAY} ?({_SHORT_CLOCK}|[0-9]{{1,2}}时[0-9]{{1,2}}分([0-9]{{1,2}}秒)?)",
        "TRY_STRPTIME(replace({v}, ' ', ''), ['%Y年%m月%d日%H:%M:%S', '%Y年%m月%d日%H:%M',"
        " '%Y年%m月%d日%H时%M分%S秒', '%Y年%m月%d日%H时%M分'])",
    ),
    _dated(
        Kind.TIMESTAMP,
        Message("date and time"),
        f"({_DAY}|[0-9]{{4}}/[0-9]{{1,2}}/[0-9]{{1,2}}|{_CHINESE_DAY}) ?(上午|下午) ?{_SHORT_CLOCK}",
        f"TRY_STRPTIME(replace(replace({_TWELVE_HOURS}, '上午', 'AM'), '下午', 'PM'), ['%Y/%m/%d%p%I:%M:%S',"
        " '%Y/%m/%d%p%I:%M', '%Y年%m月%d日%p%I:%M:%S', '%Y年%m月%d日%p%I:%M'])",
    ),
)
"""Read where a date is expected, and not inferred: 2024.1.31 may be the number of a version."""

TRUTH_WORDS = {
    **dict.fromkeys(("true", "是", "真", "有"), True),
    **dict.fromkeys(("false", "否", "假", "无"), False),
}
"""Read where a boolean is expected, in any case, and not inferred: 有 and 无 may be two values of three."""

NUMERIC = (INTEGER, DECIMAL, NUMBER)
DATED_KINDS = frozenset({Kind.DATE, Kind.TIMESTAMP})


def candidates(values: Sequence[str]) -> tuple[Reading, ...]:
    """The readings a sample of non-empty, trimmed values suggests, strictest first; none means text."""
    values = [value for value in values if value.upper() not in MISSING_MARKERS]
    if not values:
        return ()
    half = len(values) / 2
    if sum(NUMBER.fits(value) for value in values) > half:
        return NUMERIC
    for reading in (BOOLEAN, *DATES):
        if sum(reading.fits(value) for value in values) > half:
            return (reading,)
    return ()


def why_not(value: str, reading: Reading) -> Message:
    """Why a value is not of a reading, to go on after the value."""
    if reading.kind in {Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER}:
        if re.fullmatch(r"-?0[0-9]+(\.[0-9]+)?", value):
            return Message("has a leading zero, so the column holds codes")
        if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", value):
            return Message("has thousands separators")
        if re.fullmatch(_INTEGER, value):
            return Message(
                "is longer than a number that every program holds exactly, so the column holds identifiers"
            )
        if NUMBER.fits(value):
            return Message("has more digits than a binary floating-point number, which would round it")
        return Message("is not a number")
    if any(
        other.kind in DATED_KINDS and other.pattern == reading.pattern and other.fits(value)
        for other in DATES
    ):
        return Message("is not on the calendar")
    if NUMBER.fits(value):
        return Message("is a number, not a {kind}", kind=reading.label)
    return Message("is not a {kind} written like the rest", kind=reading.label)
