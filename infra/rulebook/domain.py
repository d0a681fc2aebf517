"""Rules in force: typed reading of parameters that remembers what was read; and what each parameter may hold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from infra.messages import Message
from infra.rulebook.errors import RuleOutOfRange, RuleShapeChanged


class SourceStatus(StrEnum):
    """How sure the source of a rule is."""

    FULL_TEXT = "T"
    EXCERPT = "S"
    UNVERIFIED = "M"
    HOUSE = "house"


class RuleType(StrEnum):
    """What type of value a parameter holds; a decimal is text in JSON, since a JSON number would lose it."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    DECIMAL = "decimal"
    INTEGER = "integer"


_WANTED = {
    RuleType.BOOLEAN: Message("true or false"),
    RuleType.CHOICE: Message("text"),
    RuleType.DECIMAL: Message('an exact decimal as text, such as "0.05"'),
    RuleType.INTEGER: Message("a whole number"),
}
_DECIMAL = re.compile(r"-?[0-9]{1,25}(\.[0-9]{1,20})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """What one parameter may hold.

    :ivar minimum: of a number, included; so is ``maximum``. None for no bound.
    :ivar choices: the values of a choice.
    """

    key: str
    type: RuleType
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    choices: Sequence[str] = ()

    def require(self, value: Any) -> None:
        """Pass a value that the parameter may hold.

        :raises RuleShapeChanged: it is of another type.
        :raises RuleOutOfRange: it lies outside the range, or is none of the choices.
        """
        if not self._is_of_type(value):
            raise RuleShapeChanged(
                Message("{key} holds {wanted}.", key=self.key, wanted=_WANTED[self.type]),
                remedy=Message("GET /v1/rulebook/{key} shows what it holds.", key=self.key),
            )
        if self.type is RuleType.CHOICE and value not in self.choices:
            raise RuleOutOfRange(
                Message("{key} is one of {choices}.", key=self.key, choices=", ".join(self.choices)),
                remedy=Message("Propose one of these values."),
            )
        if self.type in (RuleType.INTEGER, RuleType.DECIMAL):
            number = Decimal(value)
            if (self.minimum is not None and number < self.minimum) or (
                self.maximum is not None and number > self.maximum
            ):
                raise RuleOutOfRange(
                    Message(
                        "{key} lies between {minimum} and {maximum}.",
                        key=self.key,
                        minimum=str(self.minimum),
                        maximum=str(self.maximum),
                    ),
                    remedy=Message("Propose a value of this range."),
                )

    def _is_of_type(self, value: Any) -> bool:
        match self.type:
            case RuleType.BOOLEAN:
                return isinstance(value, bool)
            case RuleType.CHOICE:
                return isinstance(value, str)
            case RuleType.DECIMAL:
                return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
            case RuleType.INTEGER:
                return isinstance(value, int) and not isinstance(value, bool)


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

    def truth(self, key: str) -> bool:
        """True or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise TypeError(f"rulebook parameter {key} is neither true nor false")
        return value

    def text(self, key: str) -> str:
        """Text."""
        value = self.value(key)
        if not isinstance(value, str):
            raise TypeError(f"rulebook parameter {key} is no text")
        return value

    def read_all(self, prefix: str) -> None:
        """Remember every parameter whose key begins so as read: they govern the decision, whichever it looks at."""
        self._read |= {key: one.version for key, one in self.in_force.items() if key.startswith(prefix)}

    def stamp(self) -> list[dict[str, Any]]:
        """What was read so far, as ``[{"key": …, "version": …}]`` in key order, to be kept with the decision."""
        return [{"key": key, "version": version} for key, version in sorted(self._read.items())]
