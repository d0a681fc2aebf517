"""What officers are asked before a statement is imported."""

from collections.abc import Mapping
from enum import StrEnum


class ReviewKind(StrEnum):
    """Why officers are asked before a statement is imported."""

    CORRECTION = "correction"
    """It replaces a statement of other content."""
    GAP = "gap"
    """A statement before it, or after it, is missing."""


APPROVALS_NEEDED: Mapping[ReviewKind, int] = {ReviewKind.CORRECTION: 1, ReviewKind.GAP: 2}
"""How many officers have to approve."""
