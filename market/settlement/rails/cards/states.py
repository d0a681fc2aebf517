"""The life of a card payment: each transition names the states it may come from."""

from enum import StrEnum


class CardPaymentStatus(StrEnum):
    """Where an attempt to pay stands."""

    FAILED = "failed"
    REQUESTED = "requested"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"


_OPEN = frozenset({CardPaymentStatus.REQUESTED, CardPaymentStatus.REQUIRES_ACTION})

TRANSITIONS: dict[CardPaymentStatus, frozenset[CardPaymentStatus]] = {
    CardPaymentStatus.REQUIRES_ACTION: frozenset({CardPaymentStatus.REQUESTED}),
    CardPaymentStatus.SUCCEEDED: _OPEN,
    CardPaymentStatus.FAILED: _OPEN,
}
"""Target state → states it may be reached from."""


def may_become(present: CardPaymentStatus, target: CardPaymentStatus) -> bool:
    """Whether an attempt in one state may be moved to another."""
    return present in TRANSITIONS.get(target, frozenset())
