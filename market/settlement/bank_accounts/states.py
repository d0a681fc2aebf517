"""The life of a bank account: each transition names the states it may come from."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.settlement.bank_accounts.errors import BankAccountStateForbids


class BankAccountStatus(StrEnum):
    """Whether an account is used."""

    REGISTERED = "registered"
    """By one officer; another has to confirm it before it is used."""
    ACTIVE = "active"
    CLOSED = "closed"


class BankAccountAction(StrEnum):
    """What can happen to an account."""

    CONFIRM = "confirmation"
    CLOSE = "closure"


_S = BankAccountStatus

BANK_ACCOUNT = StateMachine(
    Message("bank account"),
    {
        BankAccountAction.CONFIRM: Transition(frozenset({_S.REGISTERED}), _S.ACTIVE),
        BankAccountAction.CLOSE: Transition(frozenset({_S.REGISTERED, _S.ACTIVE}), _S.CLOSED),
    },
    BankAccountStateForbids,
)
"""Every transition of a bank account."""
