"""What the register of bank accounts refuses."""

from infra.errors import Conflict
from infra.messages import Message


class BankAccountPending(Conflict):
    """The account is registered and waits for another officer's confirmation."""

    slug = "bank-account-pending"
    title = Message("Bank account waits for confirmation")


class BankAccountNotRegistered(Conflict):
    """The account is none of the platform's own, as far as the register knows."""

    slug = "bank-account-not-registered"
    title = Message("Bank account not registered")


class BankAccountStateForbids(Conflict):
    """The account is confirmed, or closed, already."""

    slug = "bank-account-state"
    title = Message("The state of the bank account does not allow that")
