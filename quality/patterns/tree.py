"""A pattern as a tree. Pure."""

from dataclasses import dataclass
from functools import cached_property

LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
"""Code points from and to, both included; in order and apart where `normal` made them."""


@dataclass(frozen=True)
class Chars:
    """One character of a class.

    :param ranges: of code points, in order and apart.
    :param negated: whether it is any other character.
    """

    ranges: Ranges
    negated: bool = False

    @cached_property
    def members(self) -> Ranges:
        """Every code point that it takes."""
        return complement(self.ranges) if self.negated else self.ranges


@dataclass(frozen=True)
class Sequence:
    """Parts one after the other; none is the empty text."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """One of several."""

    branches: tuple["Node", ...]


@dataclass(frozen=True)
class Repeat:
    """A part so many times.

    :param most: None without a bound.
    """

    body: "Node"
    least: int
    most: int | None


Node = Chars | Sequence | Choice | Repeat


def normal(ranges: list[tuple[int, int]]) -> Ranges:
    """The same code points in order, with what touches put together."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def complement(ranges: Ranges) -> Ranges:
    """Every other code point."""
    found, start = [], 0
    for low, high in ranges:
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        found.append((start, LAST))
    return tuple(found)


def overlap(one: Ranges, other: Ranges) -> bool:
    """Whether two classes have a code point in common."""
    first, second = 0, 0
    while first < len(one) and second < len(other):
        if one[first][1] < other[second][0]:
            first += 1
        elif other[second][1] < one[first][0]:
            second += 1
        else:
            return True
    return False


def nullable(node: Node) -> bool:
    """Whether the empty text matches."""
    match node:
        case Chars():
            return False
        case Sequence(parts):
            return all(nullable(part) for part in parts)
        case Choice(branches):
            return any(nullable(branch) for branch in branches)
        case Repeat(body, least, _):
            return least == 0 or nullable(body)


def first(node: Node) -> Ranges:
    """The characters that a match may begin with."""
    match node:
        case Chars():
            return node.members
        case Repeat(body, _, most):
            return first(body) if most != 0 else ()
        case Choice(branches):
            return normal([pair for branch in branches for pair in first(branch)])
        case Sequence(parts):
            found: list[tuple[int, int]] = []
            for part in parts:
                found += first(part)
                if not nullable(part):
                    break
            return normal(found)
