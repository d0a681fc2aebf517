"""When a source is fetched, by the clock of the market's zone."""

from datetime import UTC, datetime

import pytest

from listings.uploads.times import SourceFrequency, Times

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("times", "zone", "moment", "expected"),
    [
        (
            Times(SourceFrequency.HOURLY, 15),
            SHANGHAI,
            "2026-03-01T10:14:59+08:00",
            "2026-03-01T10:15:00+08:00",
        ),
        (
            Times(SourceFrequency.HOURLY, 15),
            SHANGHAI,
            "2026-03-01T10:15:00+08:00",
            "2026-03-01T11:15:00+08:00",
        ),
        (
            Times(SourceFrequency.DAILY, 30, 2),
            SHANGHAI,
            "2026-03-01T02:29:00+08:00",
            "2026-03-01T02:30:00+08:00",
        ),
        (
            Times(SourceFrequency.DAILY, 30, 2),
            SHANGHAI,
            "2026-12-31T02:30:00+08:00",
            "2027-01-01T02:30:00+08:00",
        ),
        (
            Times(SourceFrequency.WEEKLY, 0, 6, 1),
            SHANGHAI,
            "2026-11-22T12:00:00+08:00",
            "2026-11-23T06:00:00+08:00",
        ),
        (
            Times(SourceFrequency.WEEKLY, 0, 6, 7),
            SHANGHAI,
            "2026-11-22T06:00:00+08:00",
            "2026-11-29T06:00:00+08:00",
        ),
        # Clocks go forward from 02:00 to 03:00, and back from 03:00 to 02:00.
        (
            Times(SourceFrequency.DAILY, 30, 2),
            BERLIN,
            "2026-03-28T12:00:00+01:00",
            "2026-03-29T03:30:00+02:00",
        ),
        (
            Times(SourceFrequency.DAILY, 30, 2),
            BERLIN,
            "2026-10-25T02:30:00+02:00",
            "2026-10-26T02:30:00+01:00",
        ),
        (Times(SourceFrequency.HOURLY, 5), BERLIN, "2026-10-25T02:05:00+02:00", "2026-10-25T02:05:00+01:00"),
    ],
)
def test_the_next_time(times: Times, zone: str, moment: str, expected: str) -> None:
    assert times.after(at(moment), zone) == at(expected)
