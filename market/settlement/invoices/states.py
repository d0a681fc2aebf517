"""The life of an invoice: each transition names the states it may come from."""

from enum import StrEnum


class InvoiceStatus(StrEnum):
    """Where an invoice stands. What it says never changes; only this does."""

    ISSUED = "issued"
    PAID = "paid"
    REFUNDED = "refunded"


TRANSITIONS: dict[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.PAID: frozenset({InvoiceStatus.ISSUED}),
    InvoiceStatus.REFUNDED: frozenset({InvoiceStatus.PAID}),
}
"""Target state → states it may be reached from."""


def may_become(present: InvoiceStatus, target: InvoiceStatus) -> bool:
    """Whether an invoice in one state may be moved to another."""
    return present in TRANSITIONS.get(target, frozenset())
