"""Calendar years between instants."""

from datetime import datetime


def years_later(moment: datetime, years: int) -> datetime:
    """The same moment of a later year; 29 February becomes 1 March where there is none."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)
