"""Divisions of the country (GB/T 2260) as number ranges, and which code lies within which. Pure."""

from collections.abc import Collection, Iterable
from itertools import pairwise

from infra.messages import Message
from listings.authorisations.errors import ScopeRefused

COUNTRY = "100000"
"""The whole country."""

PROVINCES = frozenset(
    {
        *("11", "12", "13", "14", "15"),
        *("21", "22", "23"),
        *("31", "32", "33", "34", "35", "36", "37"),
        *("41", "42", "43", "44", "45", "46"),
        *("50", "51", "52", "53", "54"),
        *("61", "62", "63", "64", "65"),
        *("71", "81", "82"),
    }
)
"""First two digits of the 34 divisions at province level. Prefectures and counties change every year and are held
against no list here; a code must be formed as one."""


def require_region(code: str) -> None:
    """Refuse a code that is no division's.

    :raises ScopeRefused: its province does not exist, or it names a county of no prefecture.
    """
    if code == COUNTRY:
        return
    if code[:2] not in PROVINCES:
        raise ScopeRefused(
            Message("{code!r} lies in no province: none has a code that begins with {province}.",
                    code=code, province=code[:2]),
            remedy=Message("Name a division of GB/T 2260 such as 310000, or 100000 for the whole country."),
        )  # fmt: skip
    if code[2:4] == "00" and code[4:] != "00":
        raise ScopeRefused(
            Message("{code!r} names a county of no prefecture.", code=code),
            remedy=Message(
                "Write the county with its prefecture, such as 310115, or the province as 310000."
            ),
        )


def region_range(code: str) -> tuple[int, int]:
    """The half-open range of division codes that a code covers.

    100000 is the whole country, XX0000 a province, XXYY00 a prefecture, XXYYZZ a county.
    """
    number = int(code)
    if code == COUNTRY:
        return (0, 1_000_000)
    if number % 10_000 == 0:
        return (number, number + 10_000)
    if number % 100 == 0:
        return (number, number + 100)
    return (number, number + 1)


def require_regions(codes: Collection[str]) -> list[tuple[int, int]]:
    """Refuse codes that are no division's, or of which one contains another; answers their ranges in order.

    :raises ScopeRefused: see there.
    """
    for code in codes:
        require_region(code)
    areas = sorted({region_range(code) for code in codes})
    for (_, end), (start, _) in pairwise(areas):
        if start < end:
            raise ScopeRefused(
                Message("One of the regions contains another."), remedy=Message("Name only the larger one.")
            )
    return areas


def region_within(code: str, areas: Iterable[str]) -> bool:
    """Whether a division lies within one of some areas: 310115 within 310000, and 310000 within 100000."""
    low, high = region_range(code)
    return any(start <= low and high <= end for start, end in map(region_range, areas))


def regions_outside(codes: Collection[str], areas: Collection[str]) -> list[str]:
    """Those of the divisions that lie within none of the areas, in order."""
    return [code for code in sorted(codes) if not region_within(code, areas)]
