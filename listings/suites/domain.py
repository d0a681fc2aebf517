"""Which checks tell an outsider too much. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from listings.resources.domain import UpdateFrequency
from quality.reports.concealment import touches

WITHIN: Mapping[UpdateFrequency, str] = {
    UpdateFrequency.REALTIME: "P1D",
    UpdateFrequency.HOURLY: "P1D",
    UpdateFrequency.DAILY: "P2D",
    UpdateFrequency.WEEKLY: "P14D",
    UpdateFrequency.MONTHLY: "P62D",
    UpdateFrequency.QUARTERLY: "P184D",
    UpdateFrequency.YEARLY: "P731D",
}
"""How old the newest value is proposed to be on arrival at most: two of the periods promised, a day at least."""


def withheld_checks(checks: Sequence[Mapping[str, Any]], concealed: Collection[str]) -> set[str]:
    """Names of the checks whose arguments are shown to the product's parties only.

    :param concealed: columns of which no value is shown.
    """
    return {check["name"] for check in checks if check["arguments"] and touches(check, concealed)}
