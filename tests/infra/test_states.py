"""The one state machine type: what it allows, and what a refusal tells."""

from enum import StrEnum

import pytest

from infra.errors import Conflict
from infra.messages import Message
from infra.states import StateMachine, Transition


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"


class Press(StrEnum):
    LIGHT = "lighting"


MACHINE = StateMachine(Message("lamp"), {Press.LIGHT: Transition(frozenset({Lamp.OFF}), Lamp.ON)}, Conflict)


def test_an_action_leads_where_the_table_says() -> None:
    assert MACHINE.allows(Lamp.OFF, Press.LIGHT)
    assert MACHINE.next_state(Lamp.OFF, Press.LIGHT) is Lamp.ON


def test_a_refusal_names_the_state_and_where_the_action_is_possible() -> None:
    assert not MACHINE.allows(Lamp.ON, Press.LIGHT)
    with pytest.raises(Conflict) as refused:
        MACHINE.next_state(Lamp.ON, Press.LIGHT, remedy=Message("Switch it off first."))
    problem = refused.value.problem()
    assert problem["detail"] == "The lamp is on; lighting is possible only when it is off."
    assert problem["remedy"] == "Switch it off first."
    assert (problem["status"], problem["current_status"]) == (409, "on")
