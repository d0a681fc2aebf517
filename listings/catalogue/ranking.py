"""The first of many: by a value, and among equals by id, the newer first. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Values = npt.NDArray[np.int64]
Halves = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids of many rows as halves of 64 bits: most rows are put in order without a look at theirs."""

    high: Halves
    low: Halves

    def of(self, places: Places) -> tuple[Halves, Halves]:
        """The halves of some."""
        return self.high[places], self.low[places]


@dataclass(frozen=True, slots=True)
class Position:
    """Where in an order a row stands: its value and its id."""

    value: int
    high: int
    low: int


def after(position: Position, rows: Places, values: Values, ids: Ids) -> npt.NDArray[np.bool_]:
    """Which rows come after a position; a row that stands in it does not.

    :param rows: places of their ids; `values` are in the order of the rows.
    """
    later = values < position.value
    tied = np.flatnonzero(values == position.value)
    high, low = ids.of(rows[tied])
    later[tied] = (high < position.high) | ((high == position.high) & (low < position.low))
    return later


def first(rows: Places, values: Values, ids: Ids, count: int) -> Places:
    """Which of the rows are the first, in order: places among them.

    :param rows: places of their ids; `values` are in the order of the rows.
    """
    places = _greatest(np.arange(len(rows)), values, count)
    if len(places) > count:
        # Those above the last value are among the first; of those level with it the ids decide.
        level = values[places] == values[places].min()
        sure, tied = places[~level], places[level]
        places = np.concatenate((sure, _greatest(tied, ids.high[rows[tied]], count - len(sure))))
    high, low = ids.of(rows[places])
    return places[np.lexsort((low, high, values[places]))[::-1]][:count]


def _greatest(places: Places, values: Values | Halves, count: int) -> Places:
    """The places of the greatest values, and all that are level with the last of them."""
    if len(places) <= count:
        return places
    least = np.partition(values, len(values) - count)[len(values) - count]
    greatest: Places = places[values >= least]
    return greatest
