"""Rules in force: typed reading of parameters that remembers what was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class SourceStatus(StrEnum):
    """How sure the source of a rule is."""

    FULL_TEXT = "T"
    EXCERPT = "S"
    UNVERIFIED = "M"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in force: its JSON value and the version that set it."""

    key: str
    version: int
    value: Any


@dataclass(slots=True)
class Rules:
    """The parameters in force at one moment.

    Whatever a decision reads is remembered, so that ``stamp()`` names exactly the versions it rests on.
    """

    in_force: Mapping[str, Parameter]
    _read: dict[str, int] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """The parameter's JSON value.

        :raises KeyError: no version of it is in force; a fault of the installation, not of a caller.
        """
        parameter = self.in_force[key]
        self._read[key] = parameter.version
        return parameter.value

    def integer(self, key: str) -> int:
        """A whole number."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"rulebook parameter {key} is no whole number")
        return value

    def decimal(self, key: str) -> Decimal:
        """An exact decimal; kept as text, since a JSON number would lose it."""
        value = self.value(key)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise TypeError(f"rulebook parameter {key} is no exact decimal")
        return Decimal(value)

    def text(self, key: str) -> str:
        """Text."""
        value = self.value(key)
        if not isinstance(value, str):
            raise TypeError(f"rulebook parameter {key} is no text")
        return value

    def stamp(self) -> list[dict[str, Any]]:
        """What was read so far, as ``[{"key": …, "version": …}]`` in key order, to be kept with the decision."""
        return [{"key": key, "version": version} for key, version in sorted(self._read.items())]
