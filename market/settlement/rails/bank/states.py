"""The life of a bank entry: each transition names the states it may come from."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.settlement.rails.bank.errors import BankEntryStateForbids


class BankEntryStatus(StrEnum):
    """Where an entry of a bank statement stands."""

    ASSIGNED = "assigned"
    """All of it is explained, and not by payments of invoices alone."""
    PAID = "paid"
    """All of it pays invoices."""
    RECEIVED = "received"
    """On a statement, and not matched yet; every import matches its entries before it ends."""
    SUSPENSE = "suspense"
    """All or a part of it is not explained."""
    VOID = "void"
    """The bank took it back: a corrected statement has it no more."""


class BankEntryAction(StrEnum):
    """What can happen to a bank entry; it may be matched anew as often as it takes."""

    ASSIGN = "assignment"
    HOLD = "being held in suspense"
    PAY = "payment of an invoice"
    VOID = "being taken back by the bank"


class PartKind(StrEnum):
    """What a part of a bank entry is."""

    INVOICE = "invoice"
    """It pays an invoice."""
    OTHER = "other"
    """No business of the market: bank fees, interest, the platform's own transfers."""
    REFUND = "refund"
    """Money in: set aside for a refund to its sender. Money out: what paid a refund."""
    RETURN = "return"
    """Money that came in and went out again, or the other way round: an entry and its counterpart."""
    SUSPENSE = "suspense"
    """Not explained yet."""
    VOID = "void"
    """The bank took the entry back."""


class AssignedKind(StrEnum):
    """What a person may say of a part."""

    INVOICE = PartKind.INVOICE.value
    OTHER = PartKind.OTHER.value
    REFUND = PartKind.REFUND.value
    RETURN = PartKind.RETURN.value


_S = BankEntryStatus
_MATCHED = frozenset({_S.RECEIVED, _S.ASSIGNED, _S.PAID, _S.SUSPENSE})

BANK_ENTRY = StateMachine(
    Message("bank entry"),
    {
        BankEntryAction.ASSIGN: Transition(_MATCHED, _S.ASSIGNED),
        BankEntryAction.HOLD: Transition(_MATCHED, _S.SUSPENSE),
        BankEntryAction.PAY: Transition(_MATCHED, _S.PAID),
        BankEntryAction.VOID: Transition(frozenset({_S.SUSPENSE}), _S.VOID),
    },
    BankEntryStateForbids,
)
"""Every transition of a bank entry."""
