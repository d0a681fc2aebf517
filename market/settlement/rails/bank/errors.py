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
    """The bank took the entry back."""

    slug = "bank-entry-state"
    title = Message("The state of the bank entry does not allow that")


class BankEntryMatched(Conflict):
    """Somebody else matched the entry in the meantime."""

    slug = "bank-entry-matched"
    title = Message("The bank entry was matched in the meantime")


class PartRefused(Conflict):
    """A part cannot be of the entry, or the parts come to more than it."""

    slug = "bank-entry-part-refused"
    title = Message("The bank entry cannot be matched like that")


class NothingHeld(Conflict):
    """Not so much of the entry is in suspense."""

    slug = "bank-entry-nothing-held"
    title = Message("There is not so much in suspense")
