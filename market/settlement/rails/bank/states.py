"""The life of a bank entry: each transition names the states it may come from."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.settlement.rails.bank.errors import BankEntryStateForbids


class BankEntryStatus(StrEnum):
    """Where an entry of a bank statement stands."""

    RECEIVED = "received"
    """On a statement, and not matched yet; every import matches its entries before it ends."""
    PAID = "paid"
    SUSPENSE = "suspense"


class BankEntryAction(StrEnum):
    """What can happen to a bank entry."""

    HOLD = "being held in suspense"
    PAY = "payment of an invoice"


_S = BankEntryStatus

BANK_ENTRY = StateMachine(
    Message("bank entry"),
    {
        BankEntryAction.HOLD: Transition(frozenset({_S.RECEIVED}), _S.SUSPENSE),
        BankEntryAction.PAY: Transition(frozenset({_S.RECEIVED}), _S.PAID),
    },
    BankEntryStateForbids,
)
"""Every transition of a bank entry."""
