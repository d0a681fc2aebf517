"""What a check may say: columns, arguments and tolerance of each type, all of them bounded. Pure.

`problems` looks at one check, and `require_suite` at all of a suite. What passes can be carried out on every engine; a
revision may still lack a column or hold another kind of values, which is then the result of that check.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from infra.messages import Message
from quality.arguments import values
from quality.arguments.library import LIBRARY_EXPECTATIONS, LibraryExpectation
from quality.arguments.problem import Problem, complaints
from quality.arguments.relations import crossed, relations
from quality.arguments.types import RULES, TypeRules
from quality.checks import WHOLE, Check, CheckType, Dimension, ToleranceUnit, suite_to_json
from quality.errors import SuiteRefused
from quality.limits import MAX_CHECKS, MAX_STATEMENTS, MAX_SUITE_BYTES, MAX_VALUE_CHARACTERS

MAX_PROBLEMS = 100
"""Problems that one refusal lists."""

_TIMELY = frozenset(
    {
        CheckType.BETWEEN,
        CheckType.NOT_LESS,
        CheckType.INCREASING,
        CheckType.RECENT,
        CheckType.NOT_AFTER_ARRIVAL,
        CheckType.SQL,
    }
)
"""Types that can judge timeliness."""

_LIMIT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")


def problems(check: Check, kinds: Mapping[str, str] | None) -> list[Problem]:
    """What keeps a check from being carried out; nothing when it can be.

    :param kinds: the logical type (`listings.ingest.result.Kind`) of each column of the revision; None where it is
        not known, and columns and bounds are taken at their word.
    """
    return list(_problems(check, kinds))


def require_suite(checks: Sequence[Check], kinds: Mapping[str, str] | None) -> None:
    """Refuse a suite of which a check cannot be carried out, and one that is too large, which is not cut.

    :param kinds: see `problems`.
    :raises SuiteRefused: lists the problems, up to `MAX_PROBLEMS`; or there is no check, so that all data would pass.
    """
    if not checks:
        raise SuiteRefused(
            Message("There is no check in the suite."),
            remedy=Message("Write at least one: without any, all data would pass."),
        )
    if len(checks) > MAX_CHECKS:
        raise SuiteRefused(
            Message(
                "The suite has {count:,} checks; {most:,} are taken.", count=len(checks), most=MAX_CHECKS
            ),
            remedy=Message("Keep the checks that matter most, and merge those of one column."),
        )
    statements = sum(check.type is CheckType.SQL for check in checks)
    if statements > MAX_STATEMENTS:
        raise SuiteRefused(
            Message(
                "The suite has {count:,} SQL statements; {most:,} are taken.",
                count=statements,
                most=MAX_STATEMENTS,
            ),
            remedy=Message("Put conditions on one row into one statement, or use checks of other types."),
        )
    found = [problem for check in checks for problem in _problems(check, kinds)]
    found += [
        Problem(
            name,
            "name",
            Message("{count:,} checks of the suite have this name.", count=count),
            Message("Give each check a name of its own."),
        )
        for name, count in Counter(check.name for check in checks).items()
        if count > 1
    ]
    if found:
        raise SuiteRefused(
            Message("{count:,} things keep the checks from being carried out.", count=len(found))
            if len(found) > 1
            else found[0].what,
            problems=[problem.to_json() for problem in found[:MAX_PROBLEMS]],
        )
    size = len(json.dumps(suite_to_json(checks), ensure_ascii=False).encode())
    if size > MAX_SUITE_BYTES:
        raise SuiteRefused(
            Message("The suite has {count:,} bytes; {most:,} are taken.", count=size, most=MAX_SUITE_BYTES),
            remedy=Message("List fewer values, or name a standard list instead."),
        )


def _problems(check: Check, kinds: Mapping[str, str] | None) -> Iterator[Problem]:
    yield from _labels(check)
    yield from _dimension(check)
    yield from _tolerance(check)
    if check.type is CheckType.EXPECTATION:
        yield from _expectation(check, kinds)
        return
    rules = RULES[check.type]
    yield from _columns(check, rules.columns, rules.kinds, kinds)
    found = list(_arguments(check, check.arguments, "arguments", rules))
    yield from found
    if not found:
        yield from relations(check, kinds)


def _labels(check: Check) -> Iterator[Problem]:
    for member, label in (("name", check.name), ("owner", check.owner)):
        if label is not None and (
            not isinstance(label, str)
            or not 0 < len(label) <= MAX_VALUE_CHARACTERS
            or not label.isprintable()
        ):
            yield Problem(
                check.name,
                member,
                Message("That is no {member}.", member=member),
                Message("Write 1 to {most:,} printable characters.", most=MAX_VALUE_CHARACTERS),
            )


def _dimension(check: Check) -> Iterator[Problem]:
    observed = check.dimension is Dimension.ACCESSIBILITY
    if observed or (check.dimension is Dimension.TIMELINESS and check.type not in _TIMELY):
        yield Problem(
            check.name,
            "dimension",
            Message(
                "A check of type {type} says nothing of {dimension}.",
                type=check.type,
                dimension=check.dimension,
            ),
            Message(
                "Accessibility is observed by the service. Give the check the dimension that it measures."
            )
            if observed
            else Message(
                "Timeliness is measured on dates and times. Give the check the dimension that it measures."
            ),
        )


def _tolerance(check: Check) -> Iterator[Problem]:
    limit, unit = check.tolerance.limit, check.tolerance.unit
    if not _LIMIT.fullmatch(limit):
        yield Problem(
            check.name,
            "tolerance.limit",
            Message("The tolerance is no plain number."),
            Message('Write a number such as "0.5", without exponent.'),
        )
    elif check.type in WHOLE and Decimal(limit) != 0:
        yield Problem(
            check.name,
            "tolerance.limit",
            Message(
                "A check of type {type} passes or fails as a whole: no row of it can be tolerated.",
                type=check.type,
            ),
            Message('Set the tolerance to "0", and move the bounds of the check instead.'),
        )
    elif unit is ToleranceUnit.PERCENT and Decimal(limit) >= 100:
        yield Problem(
            check.name,
            "tolerance.limit",
            Message("With a tolerance of {limit} percent the check can never fail.", limit=limit),
            Message("Set a tolerance below 100 percent, or remove the check."),
        )


def _columns(
    check: Check,
    count: tuple[int, int],
    allowed: frozenset[str] | None,
    kinds: Mapping[str, str] | None,
) -> Iterator[Problem]:
    least, most = count
    if not least <= len(check.columns) <= most:
        yield Problem(
            check.name,
            "columns",
            Message("The check names {count:,} columns.", count=len(check.columns)),
            Message("Name {least} columns.", least=least)
            if least == most
            else Message("Name {least} to {most} columns.", least=least, most=most),
        )
        return
    if len(set(check.columns)) < len(check.columns):
        yield Problem(
            check.name,
            "columns",
            Message("The check names a column twice."),
            Message("Name each column once."),
        )
    for column in check.columns:
        if not column or len(column) > MAX_VALUE_CHARACTERS or not values.storable(column):
            yield Problem(
                check.name,
                "columns",
                Message("That is no name of a column."),
                Message("Write 1 to {most:,} characters without NUL.", most=MAX_VALUE_CHARACTERS),
            )
        elif kinds is None:
            continue
        elif column not in kinds:
            yield Problem(
                check.name,
                "columns",
                Message("The data have no column {column}.", column=column),
                Message("Name a column of the newest revision, as the API spells it."),
            )
        elif allowed is not None and kinds[column] not in allowed:
            yield Problem(
                check.name,
                "columns",
                Message("{column} is a column of kind {kind}.", column=column, kind=kinds[column]),
                Message("This check takes columns of kind {kinds}.", kinds=", ".join(sorted(allowed))),
            )


def _arguments(
    check: Check, given: Mapping[str, Any], path: str, rules: TypeRules | LibraryExpectation
) -> Iterator[Problem]:
    if isinstance(rules, LibraryExpectation):
        readers = {name: reader for name, (_, reader) in rules.parameters.items()}
    else:
        readers = dict(rules.arguments)
    for name, value in given.items():
        where = f"{path}.{str(name)[:80]}"
        reader = readers.get(name)
        if reader is None:
            yield Problem(
                check.name,
                where,
                Message("A check of type {type} has no such argument.", type=check.type),
                Message("Remove it. Its arguments are: {names}.", names=", ".join(readers))
                if readers
                else Message("Remove it: the check takes none."),
            )
        elif value is None and name not in rules.required:
            continue
        else:
            yield from complaints(check, where, reader, value)
    for name in sorted(rules.required - given.keys()):
        yield Problem(
            check.name,
            f"{path}.{name}",
            Message("The argument {name} is missing.", name=name),
            Message("Add it."),
        )
    if rules.some and not any(given.get(name) is not None for name in readers):
        yield Problem(
            check.name,
            path,
            Message("The check has nothing to compare with."),
            Message("Give one of the arguments {names}.", names=", ".join(readers)),
        )


def _expectation(check: Check, kinds: Mapping[str, str] | None) -> Iterator[Problem]:
    unknown = sorted(check.arguments.keys() - {"type", "arguments"})
    name, given = check.arguments.get("type"), check.arguments.get("arguments")
    rules = LIBRARY_EXPECTATIONS.get(name) if isinstance(name, str) else None
    if rules is None:
        yield Problem(
            check.name,
            "arguments.type",
            Message("That expectation of the library is not allowed."),
            Message("Use one of: {names}.", names=", ".join(LIBRARY_EXPECTATIONS)),
        )
        return
    if unknown or not isinstance(given if given is not None else {}, Mapping):
        yield Problem(
            check.name,
            "arguments",
            Message("That is not how an expectation of the library is named."),
            Message("Write its type, and an object with its arguments."),
        )
        return
    yield from _columns(check, rules.columns, rules.kinds, kinds)
    found = list(_arguments(check, given or {}, "arguments.arguments", rules))
    yield from found
    if not found and given and {"minimum", "maximum"} <= given.keys():
        least, most = given["minimum"], given["maximum"]
        if least is not None and most is not None and int(least) > int(most):
            yield crossed(check)
