"""What the ledger refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class LedgerError(ValueError):
    """A journal that double entry forbids; the message says which rule and by how much.

    A fault of ours: no caller sees it.
    """


class JournalConflict(Conflict):
    """The key was posted before, with other content."""

    slug = "journal-key-reused"
    title = Message("Journal key already used by another journal")


class StatementTooLong(Invalid):
    """A statement of account is asked for over more movements than one answer holds."""

    slug = "statement-too-long"
    title = Message("Too many movements for one statement")
