"""What the codes of the interface are called by people, in Chinese and in English.

A code such as ``requested`` never changes; its labels are words and may. The composition root registers the labels of
every enumeration, and :func:`infra.messages.translate` says a code in the reader's language where a message holds one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

CodeT = TypeVar("CodeT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Label:
    """A term as shown to people, in Chinese and in English."""

    zh: str
    en: str


_CODE_LISTS: dict[type[StrEnum], Mapping[Any, Label]] = {}


def register(kind: type[CodeT], labels: Mapping[CodeT, Label]) -> None:
    """Give every member of an enumeration its labels.

    :raises ValueError: a member has none.
    """
    if missing := set(kind) - set(labels):
        raise ValueError(f"no label for {sorted(missing)} of {kind.__name__}")
    _CODE_LISTS[kind] = MappingProxyType({member: labels[member] for member in kind})


def registered() -> Mapping[type[StrEnum], Mapping[Any, Label]]:
    """Every enumeration that has labels."""
    return MappingProxyType(_CODE_LISTS)


def coded(kind: str, code: str) -> str:
    """A member of the enumeration of this name that has labels; the code as it is where there is none any more."""
    for known, texts in _CODE_LISTS.items():
        if known.__name__ == kind and code in texts:
            return known(code)
    return code


def label(code: StrEnum) -> Label | None:
    """The labels of a code, or None for an enumeration that nobody registered."""
    return _CODE_LISTS.get(type(code), {}).get(code)
