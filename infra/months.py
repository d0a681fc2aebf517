"""Calendar months, each known by its first day. What lies in a month is the database's to say (``month_of.v1.sql``)."""

from datetime import date


def label(month: date | None) -> str | None:
    """A month as ISO 8601 writes it, ``2026-11``; None for none."""
    return None if month is None else f"{month:%Y-%m}"


def following(month: date) -> date:
    """The first day of the month after one."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
