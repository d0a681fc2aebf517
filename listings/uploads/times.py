"""When a source is fetched: every hour, day or week, by the clock of the market's zone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class SourceFrequency(StrEnum):
    """How often a source is fetched."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


MINUTES = {
    SourceFrequency.HOURLY: 60,
    SourceFrequency.DAILY: 24 * 60,
    SourceFrequency.WEEKLY: 7 * 24 * 60,
}
"""Between two fetches."""


@dataclass(frozen=True, slots=True)
class Times:
    """Times of a source.

    :param hour: of those that are fetched daily or weekly; ``weekday`` of weekly ones, 1 is Monday (ISO 8601).
    """

    frequency: SourceFrequency
    minute: int
    hour: int | None = None
    weekday: int | None = None

    def after(self, moment: datetime, zone: str) -> datetime:
        """The first time after a moment.

        An hour that a change of the clocks leaves out is the one after it; one that it repeats counts once.

        :param zone: IANA name of the zone that the times are told in.
        """
        return next(time for time in self._candidates(moment, ZoneInfo(zone)) if time > moment)

    def _candidates(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        if self.frequency is SourceFrequency.HOURLY:
            # Hours are those of the world: each has its minute, however the clocks change.
            start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            for hours in range(-1, 3):
                yield (start + timedelta(hours=hours)).replace(minute=self.minute)
            return
        today = moment.astimezone(zone).date()
        for days in range(-1, 9):
            day = today + timedelta(days=days)
            if self.frequency is SourceFrequency.WEEKLY and day.isoweekday() != self.weekday:
                continue
            local = datetime(day.year, day.month, day.day, self.hour or 0, self.minute, tzinfo=zone)
            yield local.astimezone(UTC)
