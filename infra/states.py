"""State machines: one table a slice says which action leads where, and from which states."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from infra.errors import Conflict
from infra.messages import Message, joined

StatusT = TypeVar("StatusT", bound=StrEnum)
ActionT = TypeVar("ActionT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[StatusT]):
    """An action: the states it may come from, and the one it leads to."""

    sources: frozenset[StatusT]
    target: StatusT


@dataclass(frozen=True, slots=True)
class StateMachine(Generic[StatusT, ActionT]):
    """Every transition of one kind of thing.

    :param thing: what it is called in a sentence: ``Message("agreement")``.
    :param forbids: the slice's own error for an action that the state does not allow.
    """

    thing: Message
    transitions: Mapping[ActionT, Transition[StatusT]]
    forbids: type[Conflict]

    def allows(self, status: StatusT, action: ActionT) -> bool:
        """Whether the action is possible in this state."""
        return status in self.transitions[action].sources

    def next_state(self, status: StatusT, action: ActionT, *, remedy: Message | None = None) -> StatusT:
        """The state that the action leads to.

        :param remedy: what to do where the action is not possible; without it the error names what is possible instead.
        :raises Conflict: as ``forbids``; the action may not come from this state.
        """
        transition = self.transitions[action]
        if status not in transition.sources:
            raise self.forbids(
                Message(
                    "The {thing} is {status}; {action} is possible only when it is {allowed}.",
                    thing=self.thing,
                    status=status,
                    action=action,
                    allowed=joined(sorted(transition.sources), ", "),
                ),
                remedy=remedy or self._possible(status),
                current_status=status.value,
            )
        return transition.target

    def _possible(self, status: StatusT) -> Message:
        actions = sorted(action for action in self.transitions if self.allows(status, action))
        if not actions:
            return Message("Nothing more is done with this {thing}; begin a new one.", thing=self.thing)
        return Message("What is possible now, for whoever may: {actions}.", actions=joined(actions, ", "))
