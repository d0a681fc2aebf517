"""Standard code lists: what a value of a column may be, by a source outside the file. Pure.

A list is a file of this package, read once. It is named in a check (``in_set`` with the argument ``list``) and not
copied into it, so that a suite stays small and follows the edition of the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from infra.labels import Label

_CODES = Path(__file__).parent / "codes"


@dataclass(frozen=True, slots=True)
class StandardList:
    """A closed list of codes.

    :param code: what a check names it by; never changes.
    :param title: what people call it.
    :param source: the standard, and the edition the values are of.
    :param inline: the values of a list that has no file.
    """

    code: str
    title: Label
    source: str
    inline: frozenset[str] = frozenset()

    @property
    def values(self) -> frozenset[str]:
        """Every value, written exactly so."""
        return self.inline or _read(self.code)


@cache
def _read(code: str) -> frozenset[str]:
    return frozenset((_CODES / f"{code}.txt").read_text(encoding="utf-8").split())


_ALL = (
    StandardList(
        "gb_t_2260",
        Label("GB/T 2260 行政区划代码", "division codes of GB/T 2260"),
        "GB/T 2260: provinces, prefectures and counties, edition of 2023 (National Bureau of Statistics)",
    ),
    StandardList(
        "gb_t_2261_1",
        Label("GB/T 2261.1 性别代码", "sex codes of GB/T 2261.1"),
        "GB/T 2261.1-2003",
        frozenset({"0", "1", "2", "9"}),
    ),
    StandardList(
        "iso_4217",
        Label("ISO 4217 货币代码", "currency codes of ISO 4217"),
        "ISO 4217, edition of February 2026; GB/T 12406",
    ),
    StandardList(
        "iso_3166_1_alpha_2",
        Label("ISO 3166-1 两字母国家代码", "two-letter country codes of ISO 3166-1"),
        "ISO 3166-1, edition of February 2026; GB/T 2659",
    ),
    StandardList(
        "iso_3166_1_alpha_3",
        Label("ISO 3166-1 三字母国家代码", "three-letter country codes of ISO 3166-1"),
        "ISO 3166-1, edition of February 2026; GB/T 2659",
    ),
    StandardList(
        "iso_3166_2_us",
        Label("ISO 3166-2 美国州代码", "codes of the states of the USA of ISO 3166-2"),
        "ISO 3166-2:US, edition of February 2026",
    ),
    StandardList(
        "units",
        Label("计量单位符号", "symbols of units of measure"),
        "GB 3100, GB 3101 and UCUM: units in common use, as they are written",
    ),
    StandardList(
        "yes_no_zh",
        Label("是/否", "是 or 否"),
        "Representation of a truth value in words",
        frozenset({"是", "否"}),
    ),
    StandardList(
        "yes_no_en",
        Label("Yes/No", "Yes or No"),
        "Representation of a truth value in words",
        frozenset({"Yes", "No"}),
    ),
    StandardList(
        "yes_no_letter",
        Label("Y/N", "Y or N"),
        "Representation of a truth value by a letter",
        frozenset({"Y", "N"}),
    ),
    StandardList(
        "yes_no_digit",
        Label("1/0", "1 or 0"),
        "Representation of a truth value by a digit",
        frozenset({"1", "0"}),
    ),
)

LISTS: Mapping[str, StandardList] = MappingProxyType({item.code: item for item in _ALL})
"""Every list by its code."""


def values_of(code: str) -> frozenset[str]:
    """The values of a list.

    :raises KeyError: there is no such list.
    """
    return LISTS[code].values
