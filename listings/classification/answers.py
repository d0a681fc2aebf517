"""What persons say of proposals. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from listings.classification.proposals import Proposal
from listings.resources.domain import Classification


class ProposalAnswer(StrEnum):
    """What a person said of a proposal."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal with the class it comes to, and what was said of it.

    :ivar classification: never below the column's own, which is that of its resource until a re-grading.
    """

    proposal: Proposal
    classification: Classification
    answer: ProposalAnswer | None
    reason: str | None
