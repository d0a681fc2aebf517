"""State machines: one table a slice says which action leads where, and from which states."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from infra.errors import Conflict

StateT = TypeVar("StateT", bound=StrEnum)
ActionT = TypeVar("ActionT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[StateT]):
    """An action: the states it may come from, and the one it leads to."""

    sources: frozenset[StateT]
    target: StateT


@dataclass(frozen=True, slots=True)
class Life(Generic[StateT, ActionT]):
    """The whole life of one kind of thing.

    :param thing: what it is called in a sentence: ``agreement``.
    :param forbids: the slice's own error for an action that the state does not allow.
    """

    thing: str
    transitions: Mapping[ActionT, Transition[StateT]]
    forbids: type[Conflict]

    def after(self, state: StateT, action: ActionT, *, remedy: str | None = None) -> StateT:
        """The state that the action leads to.

        :param remedy: what to do where the action is not possible.
        :raises Conflict: as ``forbids``; the action may not come from this state.
        """
        transition = self.transitions[action]
        if state not in transition.sources:
            allowed = ", ".join(sorted(transition.sources))
            raise self.forbids(
                f"The {self.thing} is {state}; {action} is possible only when it is {allowed}.",
                remedy=remedy,
                state=state.value,
            )
        return transition.target
