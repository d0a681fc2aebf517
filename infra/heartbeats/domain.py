"""When a worker counts as away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

BEAT_SECONDS = 5.0
AWAY_AFTER = timedelta(seconds=20)
"""A worker that was not seen for so long is away: three beats were lost."""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker as its last heartbeat tells.

    :param silent_for: time since then, by the database's clock.
    :param down: its components that are down.
    """

    host: str
    last_seen_at: datetime
    silent_for: timedelta
    down: tuple[str, ...]

    @property
    def present(self) -> bool:
        """Whether it was seen just now."""
        return self.silent_for <= AWAY_AFTER


def silences(workers: Sequence[SeenWorker]) -> dict[str, float]:
    """Seconds since each machine's worker was last seen; of several on one machine, the one seen last."""
    found: dict[str, float] = {}
    for worker in workers:
        seconds = worker.silent_for.total_seconds()
        found[worker.host] = min(seconds, found.get(worker.host, seconds))
    return found
