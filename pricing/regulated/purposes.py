"""What public data is used for decides whether it may be charged for.

The notice on the price formation of authorised public data operation (发改价格〔2025〕65号) makes use for
public governance and public welfare free, and lets use for the development of industries and sectors be
charged for, up to a ceiling. Codes here are neutral; the terms of art of both label sets stand beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class PurposeClass(StrEnum):
    """The class of a declared purpose, as price formation sees it."""

    INDUSTRY = "industry"
    PUBLIC_GOVERNANCE = "public_governance"
    PUBLIC_WELFARE = "public_welfare"


@dataclass(frozen=True, slots=True)
class PurposeTerms:
    """How people name a purpose class: in English, and in Chinese by each term that the field uses."""

    english: str
    chinese: tuple[str, ...]


PURPOSE_TERMS: Mapping[PurposeClass, PurposeTerms] = MappingProxyType(
    {
        PurposeClass.INDUSTRY: PurposeTerms("industry development", ("产业发展", "行业发展")),
        PurposeClass.PUBLIC_GOVERNANCE: PurposeTerms("public governance", ("公共治理",)),
        PurposeClass.PUBLIC_WELFARE: PurposeTerms("public welfare", ("公益事业",)),
    }
)
"""The label sets of every purpose class."""

PUBLIC_PURPOSES = frozenset({PurposeClass.PUBLIC_GOVERNANCE, PurposeClass.PUBLIC_WELFARE})
"""The classes that are free where the rule `pricing.public_purposes_are_free` is in force."""
