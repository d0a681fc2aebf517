"""Counts of a check over a part of a revision, how parts add up, and what they come to. Pure.

An engine counts each part (a batch of rows, or the rows of some values); parts are merged in their order, so that a
revision of any size gives the counts that it would give at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from quality.checks import KEYS, WHOLE, Check, CheckType
from quality.engine.bounds import before, exact, moment, share, text_of

QUANTILES = 11


@dataclass(frozen=True, slots=True)
class Tally:
    """What a check counted.

    :param evaluated: rows of the part.
    :param satisfied: those that are as they should be.
    :param missing: those with a missing value in a column of the check.
    :param rows: positions of some rows that fail, from 1, ascending.
    :param state: JSON of what a check of the whole or of the order needs of each part:

        - contains_all: ``{"found": [text]}``
        - recent: ``{"newest": ISO 8601 text or None}``, with its offset where the column has a time zone
        - increasing: ``{"first", "last"}``, the first and last value of the part, or None
        - distribution of categories: ``{"counts": {value: rows}}``
        - unique, unique_together: ``{"values": different values, or tuples without a missing one}``; equal ones lie in
          one part
        - distribution by quantiles: ``{"below": [rows], "up_to": [rows]}``, by baseline quantile
    """

    evaluated: int
    satisfied: int
    missing: int = 0
    rows: tuple[int, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)


def merge(check: Check, first: Tally, second: Tally, examples: int) -> Tally:
    """Two parts as one. Row positions of both are of the whole revision."""
    satisfied = first.satisfied + second.satisfied
    rows = _kept(check, first, second)
    state: dict[str, Any] = {}
    a, b = first.state, second.state
    match check.type:
        case CheckType.UNIQUE | CheckType.UNIQUE_TOGETHER:
            state = {"values": a["values"] + b["values"]}
        case CheckType.CONTAINS_ALL:
            state = {"found": sorted({*a["found"], *b["found"]})}
        case CheckType.RECENT:
            state = {"newest": max((t for t in (a["newest"], b["newest"]) if t is not None), default=None)}
        case CheckType.INCREASING:
            decreases = a["last"] is not None and b["first"] is not None and b["first"] < a["last"]
            satisfied -= int(decreases)
            if decreases:
                rows = sorted({*rows, b["first_row"]})
            start = a if a["first"] is not None else b
            last = b["last"] if b["last"] is not None else a["last"]
            state = {"first": start["first"], "first_row": start["first_row"], "last": last}
        case CheckType.DISTRIBUTION if "counts" in a:
            values = a["counts"].keys() | b["counts"].keys()
            state = {"counts": {v: a["counts"].get(v, 0) + b["counts"].get(v, 0) for v in values}}
        case CheckType.DISTRIBUTION:
            state = {
                side: [x + y for x, y in zip(a[side], b[side], strict=True)] for side in ("below", "up_to")
            }
    return Tally(
        first.evaluated + second.evaluated,
        satisfied,
        first.missing + second.missing,
        tuple(rows[:examples]),
        state,
    )


def _kept(check: Check, first: Tally, second: Tally) -> list[int]:
    """Rows kept of two parts: those with a missing value, of a check of single rows, only where no other row fails."""
    parts = [first, second]
    if check.type is not CheckType.INCREASING:  # which keeps no row with a missing value
        parts = [one for one in parts if one.satisfied + one.missing < one.evaluated] or parts
    return sorted({row for one in parts for row in one.rows})


def finish(check: Check, tally: Tally, arrived_at: datetime | None) -> tuple[Tally, dict[str, Any]]:
    """What a check comes to, and what it observed, from the tally of the whole revision.

    :param arrived_at: on the clock of the column that the check is about.
    :raises ValueError: the check cannot be decided.
    """
    if check.type in KEYS:
        return tally, {"values": tally.state["values"]}
    if check.type not in WHOLE:
        return tally, {}
    observed: dict[str, Any]
    match check.type:
        case CheckType.ROW_COUNT:
            low, high = check.arguments.get("minimum"), check.arguments.get("maximum")
            rows = tally.evaluated
            good = (low is None or rows >= exact(low)) and (high is None or rows <= exact(high))
            return Tally(1, int(good)), {"rows": rows}
        case CheckType.CONTAINS_ALL:
            found = set(tally.state["found"])
            absent = [value for value in check.arguments["values"] if value not in found]
            good, observed = not absent, {"absent": absent}
        case CheckType.RECENT:
            if arrived_at is None:
                raise ValueError("it is not known when the revision arrived")
            newest = tally.state["newest"]
            earliest = before(arrived_at, check.arguments["within"])
            if newest is None or moment(newest).tzinfo is None:
                earliest = earliest.replace(tzinfo=None)
            if newest is not None and len(newest) == len("2026-01-01"):
                earliest = earliest.replace(hour=0, minute=0, second=0, microsecond=0)
            good = newest is not None and moment(newest) >= earliest
            observed = {"newest": newest}
        case _:
            distance = _distance(check.arguments["baseline"], tally)
            good = distance <= share(check.arguments["maximum"])
            observed = {"distance": text_of(distance)}
    judged = min(tally.evaluated, 1)  # of no rows there is nothing to say
    return replace(tally, evaluated=judged, satisfied=int(good) * judged, missing=0), observed


def _distance(baseline: Mapping[str, Any], tally: Tally) -> Fraction:
    """How far the rows are from a baseline, between 0 and 1.

    Categories: the total variation distance. What the baseline does not name, missing values included, is one category.
    Quantiles: the Kolmogorov-Smirnov distance at the deciles of the baseline, of which ``missing`` is the share of
    missing values. A missing value counts as lying on the wrong side, so that blanking a row never brings it nearer.
    """
    rows = tally.evaluated
    if not rows:
        return Fraction(0)
    if baseline["kind"] == "categories":
        shares = {value: share(text) for value, text in baseline["shares"].items()}
        seen = {value: Fraction(tally.state["counts"].get(value, 0), rows) for value in shares}
        apart = sum((abs(part - seen[value]) for value, part in shares.items()), Fraction(0))
        others = abs(sum(shares.values(), Fraction(0)) - sum(seen.values(), Fraction(0)))
        return (apart + others) / 2
    missing = share(baseline.get("missing", "0"))
    return _at_quantiles(baseline["quantiles"], missing, tally)


def _at_quantiles(quantiles: Sequence[str], missing: Fraction, tally: Tally) -> Fraction:
    rows, furthest = tally.evaluated, Fraction(0)
    for place, value in enumerate(quantiles):
        lowest, highest = quantiles.index(value), QUANTILES - 1 - quantiles[::-1].index(value)
        if place != lowest:
            continue
        below = Fraction(tally.state["below"][place] + tally.missing, rows)
        up_to = Fraction(tally.state["up_to"][place], rows)
        more_below = below - missing - (1 - missing) * Fraction(lowest, QUANTILES - 1)
        fewer_up_to = (1 - missing) * Fraction(highest, QUANTILES - 1) - up_to
        furthest = max(furthest, more_below, fewer_up_to)
    return furthest
