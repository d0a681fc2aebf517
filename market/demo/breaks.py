"""Breaks of a reconciliation, told in plain words; those of this trade apart from those that stood before it."""

from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 5

Break = Mapping[str, Any]
"""One break as ``/v1/reconciliations`` answers it."""


def arisen(before: Sequence[Break], after: Sequence[Break]) -> list[Break]:
    """Breaks that came, or grew, between two runs."""
    known = {(item["kind"], item["subject"], _difference(item)) for item in before}
    return [item for item in after if (item["kind"], item["subject"], _difference(item)) not in known]


def told(breaks: Sequence[Break]) -> list[str]:
    """A line for each break and one for what to do about it; of many the first few, and how many more."""
    lines = []
    for item in breaks[:SHOWN]:
        name = item["kind"].replace("_", " ")
        lines.append(
            f"{name}, {item['subject_kind'].replace('_', ' ')} {item['subject']}, {_difference(item)}, "
            f"since {item['since'][:10]}: {item['explanation']}"
        )
        lines.append(f"  what to do: {item['remedy']['en']}")
    if len(breaks) > SHOWN:
        lines.append(f"and {len(breaks) - SHOWN} more, at GET /v1/reconciliations")
    return lines


def _difference(item: Break) -> str:
    if (money := item["difference"]) is not None:
        return f"{money['amount']} {money['currency']}"
    return f"{item['units']} without an amount"
