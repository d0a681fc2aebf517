"""Free: use of a metric is counted and shown, and costs nothing."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pricing.models.rating import ZERO, Line, RatingContext, free_line
from pricing.models.reading import ChargeReader


@dataclass(frozen=True, slots=True)
class Free:
    """No charge on `metric`, said outright so that the invoice shows the use."""

    model: ClassVar[str] = "free"

    metric: str

    @classmethod
    def read(cls, reader: ChargeReader) -> Self:
        """Build from `{"metric"}`."""
        return cls(reader.metric("metric"))

    def document(self) -> dict[str, Any]:
        """Return the charge as JSON values."""
        return {"model": self.model, "metric": self.metric}

    def rate(self, quantity: int, context: RatingContext) -> Line:
        """Show the use, at no charge."""
        return free_line(self, quantity, ZERO, context)
