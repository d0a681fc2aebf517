"""What usage is counted in, and how a count is said in words.

A metric is the code of a summed unit of the registry (:mod:`infra.units`), or :data:`PERIODS`: a quote covers exactly
one billing period.
"""

from typing import NamedTuple

from infra import units
from infra.labels import Label

PERIODS = "periods"
"""Counts billing periods, which are not used: they pass."""

PERIODS_LABEL = Label("计费周期数", "Billing periods")


class Sentence(NamedTuple):
    """The same statement in English and in Chinese."""

    en: str
    zh: str


def used_metrics() -> tuple[str, ...]:
    """The metrics that use is counted in."""
    return units.UNITS.codes


def counted(quantity: int, metric: str) -> Sentence:
    """Say a quantity: "1,250 calls", "1,250次调用"."""
    digits = f"{quantity:,}"
    if metric == PERIODS:
        return Sentence(
            f"{digits} {'billing period' if quantity == 1 else 'billing periods'}", f"{digits}个计费周期"
        )
    unit = units.UNITS.by_code[metric]
    return Sentence(
        f"{digits} {unit.one if quantity == 1 else unit.many}", f"{digits}{unit.measure}{unit.noun}"
    )


def measure_word(metric: str) -> str:
    """The Chinese measure word of a metric that use is counted in (次, 行)."""
    return units.UNITS.by_code[metric].measure
