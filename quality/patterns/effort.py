"""What a pattern could cost an engine that tries one reading after the other, as those of Python and Java do. Pure.

Two things bound it. A part that is repeated must be read in one way only: then no text, however long, has more readings
than it has places. And where a part of open length stands before something that it may hold itself, such as ``.*``
before ``a``, the lengths to try multiply; their product is bounded.
"""

from infra.messages import Message
from quality.patterns.errors import PatternRefused
from quality.patterns.syntax import MAX_COUNT
from quality.patterns.tree import (
    Chars,
    Choice,
    Node,
    Ranges,
    Repeat,
    Sequence,
    first,
    normal,
    nullable,
    overlap,
)

MAX_WAYS = 1_000_000
"""Ways to divide a value that may have to be tried."""

MAX_POSITIONS = 2_000
"""Characters of a pattern with every repetition written out."""

_OPEN_LENGTH = 1_000
_MAX_LOOP_POSITIONS = 200
_MAX_COMPARED = 30_000


def require_bounded(tree: Node) -> None:
    """Refuse a pattern that could take very long, or that an engine has no room for.

    :raises PatternRefused: says which.
    """
    _require_size(tree)
    if _ways(tree, ()) > MAX_WAYS:
        raise PatternRefused(
            Message("The pattern has too many parts that can be read in several ways."),
            Message("Say more exactly what each part may hold, so that none holds what begins the next."),
        )


def _require_size(tree: Node) -> None:
    if _size(tree) > MAX_POSITIONS or _count(tree) > MAX_COUNT:
        raise PatternRefused(
            Message("The pattern with its repetitions written out is too large."),
            Message("Repeat less often; repetitions within one another multiply."),
        )


def _size(node: Node) -> int:
    match node:
        case Chars():
            return 1
        case Sequence(parts):
            return sum(_size(part) for part in parts)
        case Choice(branches):
            return sum(_size(branch) for branch in branches)
        case Repeat(body, least, most):
            return _size(body) * max(most or least, 1)


def _count(node: Node) -> int:
    """The product of repetitions within one another."""
    match node:
        case Chars():
            return 1
        case Sequence(parts) | Choice(parts):
            return max((_count(part) for part in parts), default=1)
        case Repeat(body, least, most):
            return _count(body) * max(most or least, 1)


def _ways(node: Node, follow: Ranges) -> int:
    """How many divisions of a text may have to be tried, at most.

    :param follow: characters that may come after.
    """
    match node:
        case Chars():
            return 1
        case Sequence(parts):
            product = 1
            for part in reversed(parts):
                product *= _ways(part, follow)
                follow = normal([*first(part), *(follow if nullable(part) else ())])
            return product
        case Choice(branches):
            starts = [normal([*first(branch), *(follow if nullable(branch) else ())]) for branch in branches]
            together = max(sum(overlap(one, other) for other in starts) for one in starts)
            return max(together, 1) * max(_ways(branch, follow) for branch in branches)
        case Repeat(body, least, most):
            return _repeated_ways(node, body, least, most, follow)


def _repeated_ways(node: Repeat, body: Node, least: int, most: int | None, follow: Ranges) -> int:
    ways = 1
    if most == 1:
        ways = _ways(body, follow)
    else:
        _ways(body, normal([*first(body), *follow]))  # for what is repeated within
        _require_one_reading(body)
    if least == most or not overlap(first(node), follow):
        return ways
    return ways * (_OPEN_LENGTH if most is None else most - least + 1)


def _require_one_reading(body: Node) -> None:
    """Refuse to repeat what may be empty, or what a text can be divided into in two ways."""
    if isinstance(body, Chars):
        return
    if nullable(body):
        raise PatternRefused(
            Message("The pattern repeats a group that may be empty."),
            Message("Repeat what is in the group instead, such as [A-Z]* for ([A-Z]?)*."),
        )
    if _size(body) > _MAX_LOOP_POSITIONS:
        raise PatternRefused(
            Message("The pattern repeats a group that is too large."),
            Message("Repeat less often within the group."),
        )
    if _Positions(body).ambiguous():
        raise PatternRefused(
            Message("The pattern repeats a group that can be read in several ways, and could take for ever."),
            Message("Let the group begin or end with a sign that it has nowhere else, such as ([a-z]+-)*."),
        )


class _Positions:
    """The automaton of a repeated group, one state for each of its characters (after Glushkov)."""

    def __init__(self, body: Node) -> None:
        self._classes: list[Ranges] = []
        self._after: list[set[int]] = []
        self._compared = 0
        self._twice = False
        self._starts, ends = self._add(body)
        self._lead(ends, self._starts)

    def _add(self, node: Node) -> tuple[set[int], set[int]]:
        """Positions that a part begins and ends with."""
        match node:
            case Chars():
                self._classes.append(node.members)
                self._after.append(set())
                return {len(self._classes) - 1}, {len(self._classes) - 1}
            case Choice(branches):
                pairs = [self._add(branch) for branch in branches]
                return set().union(*(pair[0] for pair in pairs)), set().union(*(pair[1] for pair in pairs))
            case Sequence(parts):
                return self._chain(parts)
            case Repeat(body, least, most):
                return self._copies(body, least, most)

    def _chain(self, parts: tuple[Node, ...]) -> tuple[set[int], set[int]]:
        starts: set[int] = set()
        ends: set[int] = set()
        empty = True
        for part in parts:
            begin, finish = self._add(part)
            self._lead(ends, begin)
            starts |= begin if empty else set()
            ends = finish | (ends if nullable(part) else set())
            empty = empty and nullable(part)
        return starts, ends

    def _copies(self, body: Node, least: int, most: int | None) -> tuple[set[int], set[int]]:
        """One copy for each repetition, the last in a loop where there is no bound; of several none may be empty."""
        starts, last = self._add(body)
        ends = set(last)
        begin = starts
        for number in range(1, max(most or least, 1)):
            begin, finish = self._add(body)
            self._lead(last, begin)
            last = finish
            ends = (ends if number >= least else set()) | finish
        if most is None:
            self._lead(last, begin)
        return starts, ends

    def _lead(self, ends: set[int], starts: set[int]) -> None:
        for end in ends:
            self._twice = self._twice or bool(self._after[end] & starts)
            self._after[end] |= starts

    def ambiguous(self) -> bool:
        """Whether one text leads to one place in two ways; also when that takes too long to tell."""
        if self._twice:
            return True
        seen = {pair for places in (self._starts, *self._after) for pair in self._pairs(places, places)}
        waiting = list(seen)
        while waiting and self._compared <= _MAX_COMPARED:
            one, other = waiting.pop()
            if self._after[one] & self._after[other]:
                return True
            fresh = set(self._pairs(self._after[one], self._after[other])) - seen
            seen |= fresh
            waiting += fresh
        return bool(waiting)

    def _pairs(self, ones: set[int], others: set[int]) -> list[tuple[int, int]]:
        """Two places that one character leads to."""
        self._compared += len(ones) * len(others)
        return [
            (min(one, other), max(one, other))
            for one in ones
            for other in others
            if one != other and overlap(self._classes[one], self._classes[other])
        ]
