"""What price plans refuse."""

from collections.abc import Sequence

from infra.errors import Conflict, Invalid
from infra.messages import Message, joined
from pricing.models.reading import Fault


class InvalidPricePlan(Invalid):
    """A plan that cannot be used to price; `faults` names every place."""

    slug = "bad-price-plan"
    title = Message("Invalid price plan")

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            joined(
                Message("{place} {problem}", place=fault.place, problem=fault.problem)
                for fault in faults[:50]
            ),
            remedy=Message("Fix the fields listed under `errors` and send it again."),
            errors=[{"at": fault.place, "problem": fault.problem} for fault in faults],
        )
        self.faults = tuple(faults)


class AlreadySuperseded(Conflict):
    """Versions form a line: a version has one successor."""

    slug = "price-plan-already-superseded"
    title = Message("Price plan is already superseded")
