"""What the arguments of a check say together, and of the kind of its column. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from infra.messages import Message
from quality.arguments import values
from quality.arguments.problem import Problem, complaints
from quality.arguments.types import NUMERIC, ORDERED, text_list
from quality.arguments.values import Reader, Unreadable
from quality.checks import Check, CheckType

_MOST_SHARES = Fraction(1001, 1000)
"""What shares may add up to: each may have been rounded."""

_BY_KIND: Mapping[str, Reader] = {
    **dict.fromkeys(NUMERIC, values.exact_number),
    "date": values.date,
    "timestamp": values.timestamp,
    "boolean": values.truth_text,
}
"""How a value of a column is written in an argument, by the kind of the column; every text is one of a text column."""


def relations(check: Check, kinds: Mapping[str, str] | None) -> Iterator[Problem]:
    """What its arguments say together, each of which can be read."""
    given = check.arguments
    kind = kinds.get(check.columns[0]) if kinds is not None and check.columns else None
    match check.type:
        case CheckType.ROW_COUNT:
            yield from _row_count(check)
        case CheckType.BETWEEN:
            yield from _bounds(check, kind)
        case CheckType.IN_SET if given.get("values") is not None and given.get("list") is not None:
            yield Problem(
                check.name,
                "arguments",
                Message("The check names both values and a standard list."),
                Message("Keep one of them."),
            )
        case CheckType.IN_SET | CheckType.CONTAINS_ALL if kind is not None and kind in _BY_KIND:
            for item in given.get("values") or ():
                unreadable = list(complaints(check, "arguments.values", _BY_KIND[kind], item))
                if unreadable:
                    yield unreadable[0]
                    return
        case CheckType.NOT_LESS if kinds is not None:
            families = {_family(kinds[name]) for name in check.columns if name in kinds}
            if len(families) > 1:
                yield Problem(
                    check.name,
                    "columns",
                    Message(
                        "The two columns cannot be compared: one holds {one}, the other {other}.",
                        one=min(families),
                        other=max(families),
                    ),
                    Message("Name two columns of numbers, two of dates, or two of times."),
                )
        case CheckType.DISTRIBUTION:
            yield from _baseline(check, kind)


def _family(kind: str) -> str:
    return "number" if kind in NUMERIC else kind


def _row_count(check: Check) -> Iterator[Problem]:
    least, most = check.arguments.get("minimum"), check.arguments.get("maximum")
    if least is not None and most is not None and int(least) > int(most):
        yield crossed(check)


def crossed(check: Check) -> Problem:
    """Bounds that leave no value between them."""
    return Problem(
        check.name,
        "arguments.maximum",
        Message("No value lies between these bounds."),
        Message("Set a maximum that is not below the minimum."),
    )


def _bounds(check: Check, kind: str | None) -> Iterator[Problem]:
    given = {
        side: check.arguments[side]
        for side in ("minimum", "maximum")
        if check.arguments.get(side) is not None
    }
    if not given:
        yield Problem(
            check.name,
            "arguments",
            Message("The check has nothing to compare with."),
            Message("Give one of the arguments {names}.", names="minimum, maximum"),
        )
    read = {}
    for side, bound in given.items():
        reader = _BY_KIND.get(kind) if kind is not None else _number_or_time
        if reader is None:
            return  # a column of another kind, which has been said
        unreadable = list(complaints(check, f"arguments.{side}", reader, bound))
        yield from unreadable
        if not unreadable:
            read[side] = reader(bound)
    if len(read) == 2:
        least, most = read["minimum"], read["maximum"]
        strict = check.arguments.get("strict_minimum") or check.arguments.get("strict_maximum")
        try:
            if least > most or (strict and least == most):
                yield crossed(check)
        except TypeError:
            yield Problem(
                check.name,
                "arguments",
                Message("The two bounds are not of one kind."),
                Message(
                    "Write both as numbers, both as dates, or both as times with or both without an offset."
                ),
            )


def _number_or_time(value: Any) -> Any:
    """A bound of a column whose kind is not known."""
    for reader in (values.exact_number, values.timestamp):
        try:
            return reader(value)
        except Unreadable:
            continue
    raise Unreadable(Message("Write an exact number, a date or a time as text."))


def _baseline(check: Check, kind: str | None) -> Iterator[Problem]:
    baseline = check.arguments["baseline"]
    match baseline:
        case {"kind": "categories", "shares": Mapping() as shares, **rest} if not rest:
            yield from _shares(check, shares)
        case {"kind": "quantiles", "quantiles": list() | tuple() as quantiles, **rest} if rest.keys() <= {
            "missing"
        }:
            yield from _quantiles(check, quantiles, kind)
            if "missing" in rest:
                where = "arguments.baseline.missing"
                yield from complaints(check, where, values.share, rest["missing"])
        case _:
            yield Problem(
                check.name,
                "arguments.baseline",
                Message("That is no baseline."),
                Message(
                    'Write the kind "categories" with shares by value, or "quantiles" with the eleven deciles.'
                ),
            )


def _shares(check: Check, shares: Mapping[str, Any]) -> Iterator[Problem]:
    where = "arguments.baseline.shares"
    before = list(complaints(check, where, text_list, list(shares)))
    for item in shares.values():
        before += complaints(check, where, values.share, item)
        if before:
            yield before[0]
            return
    if sum(values.share(item) for item in shares.values()) > _MOST_SHARES:
        yield Problem(
            check.name,
            where,
            Message("The shares add up to more than 1."),
            Message("Write what each value's share of the rows is."),
        )


def _quantiles(check: Check, quantiles: Sequence[Any], kind: str | None) -> Iterator[Problem]:
    where = "arguments.baseline.quantiles"
    if kind is not None and kind not in ORDERED:
        yield Problem(
            check.name,
            where,
            Message("{column} is a column of kind {kind}.", column=check.columns[0], kind=kind),
            Message("Compare it with shares by value instead."),
        )
        return
    reader = _BY_KIND[kind] if kind is not None else _number_or_time
    unreadable = list(complaints(check, where, values.list_of(reader, least=11, most=11), quantiles))
    if unreadable:
        yield unreadable[0]
        return
    read = [reader(item) for item in quantiles]
    try:
        ordered = read == sorted(read)
    except TypeError:
        ordered = False
    if not ordered:
        yield Problem(
            check.name,
            where,
            Message("The quantiles do not rise."),
            Message("Write them from the smallest value to the largest."),
        )
