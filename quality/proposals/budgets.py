"""How many rows may fail a proposed check: the share seen, rounded up to a step, and never above the largest. Pure."""

from fractions import Fraction

from infra.labels import Label
from quality.checks import Tolerance

STEPS = ("0", "0.1", "0.5", "1", "2", "5", "10", "20")
"""Percent of the rows. What is missing in more rows than the largest is a finding, not a budget."""


def budget(missing: int, rows: int) -> Tolerance:
    """The least step that the share of missing values stays within, or the largest."""
    share = Fraction(100 * missing, rows) if rows else Fraction(0)
    return Tolerance(next((step for step in STEPS if share <= Fraction(step)), STEPS[-1]))


def within_budget(missing: int, rows: int) -> bool:
    """Whether so many missing values are no more than the largest step."""
    return 100 * missing <= Fraction(STEPS[-1]) * rows


def wider(*tolerances: Tolerance, at_least: str = "0") -> Tolerance:
    """The widest of some steps."""
    limits = [at_least, *(tolerance.limit for tolerance in tolerances)]
    return Tolerance(max(limits, key=STEPS.index))


def blanks(missing: int, rows: int) -> Label:
    """What the budget of a column rests on."""
    if missing == 0:
        return Label(f"{rows:,} 行中没有空缺", f"none of {rows:,} rows {_is_one(rows)} blank")
    limit = budget(missing, rows).limit
    seen = percent(missing, rows)
    told = Label(
        f"{rows:,} 行中有 {missing:,} 行空缺（{seen}%）", f"{missing:,} of {rows:,} rows are blank ({seen}%)"
    )
    if within_budget(missing, rows):
        return Label(f"{told.zh}，上取到 {limit}%", f"{told.en}, rounded up to {limit}%")
    return Label(
        f"{told.zh}；最多建议允许 {limit}%，确属选填的列请自行放宽",
        f"{told.en}; no more than {limit}% is ever proposed: allow more where the column is optional",
    )


def percent(part: int, whole: int) -> str:
    """A share in percent to two places, never rounded to nothing or to all."""
    share = Fraction(100 * part, whole)
    shown = f"{float(round(share, 2)):.2f}".rstrip("0").rstrip(".")
    if shown == "0" and part:
        return "<0.01"
    return ">99.99" if shown == "100" and part < whole else shown


def _is_one(rows: int) -> str:
    return "is" if rows == 1 else "are"
