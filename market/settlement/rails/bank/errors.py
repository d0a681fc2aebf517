"""What the bank rail refuses."""

from dataclasses import dataclass
from typing import Any

from infra.errors import Conflict, Invalid, TooLarge
from infra.messages import Message
from market.settlement.rails.bank.review_kinds import ReviewKind


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


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """What officers are asked before a statement is imported.

    :param digest: the statement's content; ``against_digest`` that of the one it replaces, or leaves a gap next to.
    :param facts: what they approve, as JSON.
    """

    kind: ReviewKind
    account: str
    currency: str
    statement_id: str
    digest: bytes
    against_digest: bytes
    facts: dict[str, Any]


class StatementReviewNeeded(Conflict):
    """The statement is imported only when officers approve.

    :ivar draft: what they are asked; the route keeps it and names it in the answer.
    """

    def __init__(self, detail: Message, draft: ReviewDraft, *, remedy: Message) -> None:
        super().__init__(detail, remedy=remedy, facts=draft.facts)
        self.draft = draft


class StatementOverlap(Conflict):
    """Another statement of the account covers the time, or leaves no room between itself and the next."""

    slug = "bank-statement-overlap"
    title = Message("Bank statement overlaps with another")


class StatementGap(StatementReviewNeeded):
    """A statement of the account is missing before this one, or after it."""

    slug = "bank-statement-gap"
    title = Message("A bank statement is missing")


class ReviewApproved(Conflict):
    """As many officers as it takes have approved."""

    slug = "bank-statement-review-approved"
    title = Message("Bank statement approved already")


class StatementConflict(StatementReviewNeeded):
    """The statement replaces one of other content."""

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
