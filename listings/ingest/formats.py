"""How numbers and dates are written where it is not the usual way: what a column can be declared with. Pure."""

import re
from enum import StrEnum

_GROUPS = r"[0-9]{1,3}([. \u00a0\u202f'][0-9]{3})+"


class ColumnFormat(StrEnum):
    """How the values of a column are written in a file.

    Of a percentage the number before the sign is kept: ``12.5%`` is 12.5.
    """

    THOUSANDS_COMMA = "thousands_comma"  # 1,234,567.8
    DECIMAL_COMMA = "decimal_comma"  # 1.234.567,8 or 1 234 567,8
    PERCENT = "percent"  # 12.5%
    PERCENT_DECIMAL_COMMA = "percent_decimal_comma"  # 12,5 %
    DAY_FIRST = "day_first"  # 31/01/2024, 31.1.2024 14:30
    MONTH_FIRST = "month_first"  # 01/31/2024, 1-31-2024 14:30:05
    COMPACT = "compact"  # 20240131, 20240131143005


NUMBER_FORMATS = frozenset(
    {
        ColumnFormat.THOUSANDS_COMMA,
        ColumnFormat.DECIMAL_COMMA,
        ColumnFormat.PERCENT,
        ColumnFormat.PERCENT_DECIMAL_COMMA,
    }
)
DATE_FORMATS = frozenset(ColumnFormat) - NUMBER_FORMATS

_NUMBERS = {
    ColumnFormat.THOUSANDS_COMMA: re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"),
    ColumnFormat.DECIMAL_COMMA: re.compile(rf"-?(({_GROUPS}|[0-9]+),[0-9]+|{_GROUPS})"),
    ColumnFormat.PERCENT: re.compile(r"-?[0-9]+(\.[0-9]+)? ?[%％]"),
    ColumnFormat.PERCENT_DECIMAL_COMMA: re.compile(r"-?[0-9]+,[0-9]+ ?[%％]"),
}
_DAY = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-][0-9]{4}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?")
_COMPACT = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{6})?")


def matching_formats(value: str) -> tuple[ColumnFormat, ...]:
    """The formats that a trimmed value is written in; several where it can be read in more than one way."""
    found = [form for form, pattern in _NUMBERS.items() if pattern.fullmatch(value)]
    if day := _DAY.fullmatch(value):
        first, second = int(day[1]), int(day[2])
        found += [ColumnFormat.DAY_FIRST] if first <= 31 and second <= 12 else []
        found += [ColumnFormat.MONTH_FIRST] if first <= 12 and second <= 31 else []
    if _COMPACT.fullmatch(value):
        found.append(ColumnFormat.COMPACT)
    return tuple(found)
