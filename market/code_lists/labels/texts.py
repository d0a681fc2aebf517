"""How labels are written down."""

from collections.abc import Mapping
from enum import StrEnum

LabelTexts = Mapping[type[StrEnum], Mapping[str, tuple[str, str]]]
"""Of each enumeration, by code: the Chinese label and the English one."""
