"""What is observed of a product. Pure."""

from dataclasses import dataclass

from quality.checks import Dimension
from quality.score import Measure


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Data calls of a product that the service had to answer, in some time.

    Calls that were refused for a reason of the caller's (no licence, a quota used up, a malformed query) are no calls
    here; those that the service could not answer or answered too late are.

    :ivar succeeded: those of them that were answered.
    :ivar milliseconds: that all of the answers took together.
    """

    calls: int
    succeeded: int
    milliseconds: int

    def __post_init__(self) -> None:
        """No more succeed than there are."""
        assert 0 <= self.succeeded <= self.calls
        assert self.milliseconds >= 0

    def __add__(self, other: "CallCounts") -> "CallCounts":
        """Both together."""
        return CallCounts(
            self.calls + other.calls,
            self.succeeded + other.succeeded,
            self.milliseconds + other.milliseconds,
        )


@dataclass(frozen=True, slots=True)
class Observations:
    """The dimensions of GB/T 36344 that no check of a file can measure; None where there is no evidence.

    :ivar timeliness: A is the ends of promised periods at which data was not late, B all that were looked at.
    :ivar accessibility: A is the calls that were answered, B all that were made.
    """

    timeliness: Measure | None = None
    accessibility: Measure | None = None

    def by_dimension(self) -> dict[Dimension, Measure]:
        """Those that were measured."""
        both = {Dimension.TIMELINESS: self.timeliness, Dimension.ACCESSIBILITY: self.accessibility}
        return {name: measure for name, measure in both.items() if measure is not None}
