"""The first of many: by a value, and among equals by id, the newer first. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.int64]
Halves = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Position:
    """Where in an order a row stands: its value and its id."""

    value: int
    high: int
    low: int


def after(position: Position, values: Values, high: Halves, low: Halves) -> npt.NDArray[np.bool_]:
    """Which rows come after a position; a row that stands in it does not."""
    later = values < position.value
    tied = np.flatnonzero(values == position.value)
    if len(tied):
        h, w = high[tied], low[tied]
        later[tied] = (h < position.high) | ((h == position.high) & (w < position.low))
    return later


def first(values: Values, high: Halves, low: Halves, count: int) -> npt.NDArray[np.int64]:
    """Places of the first rows, in order."""
    places = np.arange(len(values))
    for column in (values, high, low):
        if len(places) <= count:
            break
        # Those that are certainly among the first stay, and of those level with the last one the next column decides.
        places = _at_least(places, column, values, high, low, count)
    return places[np.lexsort((low[places], high[places], values[places]))[::-1]][:count]


def _at_least(
    places: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64] | Halves,
    values: Values,
    high: Halves,
    low: Halves,
    count: int,
) -> npt.NDArray[np.int64]:
    if column is values:
        found = column[places]
        least = np.partition(found, len(found) - count)[len(found) - count]
        first_ones: npt.NDArray[np.int64] = places[found >= least]
        return first_ones
    # Only rows level with the last value are still too many.
    level = values[places] == values[places].min()
    if column is low:
        level &= high[places] == high[places[level]].min()
    sure, tied = places[~level], places[level]
    wanted = count - len(sure)
    if wanted <= 0 or len(tied) <= wanted:
        return places
    found = column[tied]
    last = np.partition(found, len(found) - wanted)[len(found) - wanted]
    return np.concatenate((sure, tied[found >= last]))
