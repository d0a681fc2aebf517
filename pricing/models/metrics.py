"""What usage is counted in, and how a count is said in words."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Metric(StrEnum):
    """What is counted. `periods` counts billing periods: a quote covers exactly one."""

    CALLS = "calls"
    PERIODS = "periods"
    ROWS = "rows"


class Sentence(NamedTuple):
    """The same statement in English and in Chinese."""

    en: str
    zh: str


class _Words(NamedTuple):
    one: str
    many: str
    measure_word: str
    noun: str


_WORDS: Mapping[Metric, _Words] = MappingProxyType(
    {
        Metric.CALLS: _Words("call", "calls", "次", "调用"),
        Metric.PERIODS: _Words("billing period", "billing periods", "个", "计费周期"),
        Metric.ROWS: _Words("row", "rows", "行", "数据"),
    }
)


def counted(quantity: int, metric: Metric) -> Sentence:
    """Say a quantity: "1,250 calls", "1,250次调用"."""
    one, many, measure, noun = _WORDS[metric]
    digits = f"{quantity:,}"
    return Sentence(f"{digits} {one if quantity == 1 else many}", f"{digits}{measure}{noun}")


def measure_word(metric: Metric) -> str:
    """Return the Chinese measure word of a metric (次, 行)."""
    return _WORDS[metric].measure_word
