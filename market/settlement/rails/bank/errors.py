"""What the bank rail refuses."""

from infra.errors import Conflict, Invalid, TooLarge
from infra.messages import Message


class StatementError(ValueError):
    """A statement that cannot be read or does not add up.

    :ivar reason: what is wrong and where, without a full stop.
    """

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class StatementRefused(Invalid):
    """The file is no camt.053 statement, or its figures contradict each other."""

    slug = "bank-statement-refused"
    title = Message("Invalid bank statement")


class StatementTooLarge(TooLarge):
    """Reading the file would take more memory or time than one file may."""

    slug = "bank-statement-too-large"
    title = Message("The bank statement is too large")


class StatementConflict(Conflict):
    """The bank gave this id to other content before."""

    slug = "bank-statement-conflict"
    title = Message("Bank statement id already used with other content")


class BankEntryStateForbids(Conflict):
    """The entry was matched already."""

    slug = "bank-entry-state"
    title = Message("The state of the bank entry does not allow that")
