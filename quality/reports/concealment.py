"""A report as those may read it who have not licensed the columns it is about. Pure.

A check says a lot of its column: its bounds, sets, patterns and shares are values of the data or drawn from them, and
so are the failing examples and what was observed; a sentence repeats them. For a column whose values are concealed only
the kind of the check, its counts and its tolerance are left. That is decided for each reading: a column that was
declared personal after the report was written is concealed in it from then on, and the stored report stays as it was.
Which product a check compares with is concealed always: the reader may not know of it. Nor are its failing rows told,
which say of each value whether the other product has it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from quality.checks import Check, CheckResult, CheckType
from quality.sentences import claim_of, quoted, sentences
from quality.statements.rules import StatementRefused, require

WITHHELD = "***"
"""What stands in a report in place of a value that its reader may not see."""

_OPEN_ARGUMENTS = {
    CheckType.ROW_COUNT: frozenset({"minimum", "maximum", "expected"}),
    CheckType.RECENT: frozenset({"within"}),
    CheckType.BETWEEN: frozenset({"strict_minimum", "strict_maximum"}),
    CheckType.DISTRIBUTION: frozenset({"maximum"}),
    CheckType.EXPECTATION: frozenset({"type"}),
}
"""Arguments that tell no value of the column."""

_OPEN_OBSERVATIONS = frozenset({"rows", "distance", "values"})
"""Observations that tell no value of the column."""

_CLAIMS: Mapping[CheckType, tuple[str, str]] = {
    CheckType.BETWEEN: ("{zh} 在规定范围内", "{en} is within its bounds"),
    CheckType.IN_SET: ("{zh} 取自规定的值", "{en} is one of the values laid down"),
    CheckType.CONTAINS_ALL: ("{zh} 含有规定的每个值", "{en} contains every value laid down"),
    CheckType.MATCHES: ("{zh} 符合规定的格式", "{en} has the form laid down"),
    CheckType.REFERENCES: ("{zh} 的值见于另一产品", "{en} occurs in another product"),
}
"""What is said instead of a claim that tells values of the column, or of another product."""


def conceal(checks: Sequence[Mapping[str, Any]], withheld: Collection[str] | None) -> list[dict[str, Any]]:
    """The checks of a report for a reader.

    :param checks: as they are stored, each with all its members.
    :param withheld: columns of which the reader may see no value; None for one who may see all.
    """
    if withheld is None:
        return [dict(check) for check in checks]
    hidden = set(withheld)
    return [_concealed(check) if touches(check, hidden) else dict(check) for check in checks]


def gone_columns(checks: Sequence[Mapping[str, Any]], known: Collection[str]) -> set[str]:
    """Columns that checks speak of and the data has not any more: any of them may have been a personal one.

    Of a statement every name counts, also one that it gives itself.

    :param known: names of the columns that there are.
    """
    named = {name for check in checks for name in check["columns"]} - set(known)
    like = {name.lower() for name in known}
    for check in checks:
        if check["type"] == CheckType.SQL:
            named |= {
                name for name in _columns_of(check["arguments"]["statement"]) if name.lower() not in like
            }
    return named


@lru_cache(maxsize=1_000)
def _columns_of(statement: str) -> frozenset[str]:
    try:
        return frozenset(name for name in require(statement).columns if name.lower() != "row_number")
    except StatementRefused:  # of a time with other rules: it may name any
        return frozenset({"*"})


def touches(check: Mapping[str, Any], hidden: Collection[str]) -> bool:
    """Whether a check may tell a value of a hidden column, or of another product.

    One that names no column may be about any: a statement, or an equal row.
    """
    if check["type"] == CheckType.REFERENCES:
        return True  # whether that product is to be seen, this one cannot know
    if not hidden or check["type"] == CheckType.ROW_COUNT:
        return False
    return not check["columns"] or not set(hidden).isdisjoint(check["columns"])


def _concealed(check: Mapping[str, Any]) -> dict[str, Any]:
    kind = CheckType(check["type"])
    told = _OPEN_ARGUMENTS.get(kind, frozenset())
    concealed = {
        **check,
        "arguments": {
            name: value if name in told else _mark(value) for name, value in check["arguments"].items()
        },
        "observed": {
            name: value if name in _OPEN_OBSERVATIONS else _mark(value)
            for name, value in check["observed"].items()
        },
        "examples": []
        if kind is CheckType.REFERENCES
        else [{**example, "value": WITHHELD} for example in check["examples"]],
        "error": None if check["error"] is None else WITHHELD,
    }
    zh, en = _sentences(Check.from_json(check), concealed)
    return {**concealed, "sentence_zh": zh, "sentence_en": en}


def _mark(value: object) -> Any:
    """What stands for a value: in a list where a list stood."""
    return [WITHHELD] if isinstance(value, list) else WITHHELD


def _sentences(check: Check, concealed: Mapping[str, Any]) -> tuple[str, str]:
    """The sentence of a check without values, in Chinese and English."""
    if check.type is CheckType.EXPECTATION:
        check = replace(check, arguments={"type": check.arguments["type"]})
    zh, en = sentences(CheckResult.from_json(check, {**concealed, "examples": ()}))
    if check.type not in _CLAIMS:
        return zh, en
    claim, instead = claim_of(check), _CLAIMS[check.type]
    column = quoted(check.columns[0])
    named = instead[0].replace("{zh}", column), instead[1].replace("{en}", column)
    assert zh.startswith(claim.zh), "a sentence begins with its claim"
    assert en.startswith(claim.en)
    return named[0] + zh.removeprefix(claim.zh), named[1] + en.removeprefix(claim.en)
