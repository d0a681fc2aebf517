"""The life of an invoice: each transition names the states it may come from."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from market.settlement.invoices.errors import InvoiceStateForbids


class InvoiceStatus(StrEnum):
    """Where an invoice stands. Its content never changes; only this does."""

    ISSUED = "issued"
    PAID = "paid"
    REFUNDED = "refunded"


class InvoiceAction(StrEnum):
    """What can happen to an invoice once it is issued."""

    PAY = "payment"
    REFUND = "refund"
    REOPEN = "taking back a payment"
    RESTORE = "taking back a refund"


_S = InvoiceStatus

INVOICE = StateMachine(
    Message("invoice"),
    {
        InvoiceAction.PAY: Transition(frozenset({_S.ISSUED}), _S.PAID),
        InvoiceAction.REFUND: Transition(frozenset({_S.PAID}), _S.REFUNDED),
        InvoiceAction.REOPEN: Transition(frozenset({_S.PAID}), _S.ISSUED),
        InvoiceAction.RESTORE: Transition(frozenset({_S.REFUNDED}), _S.PAID),
    },
    InvoiceStateForbids,
)
"""Every transition of an invoice."""
