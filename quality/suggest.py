"""Suggested checks of a revision, from its schema and profile. Pure.

What a column's own extremes say is true of it by construction, so no range is taken from them. Ranges come from
what the column's name says it measures; sets, shapes and keys come from the profile, and hold later revisions to
what this one was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from quality.checks import Check, CheckType, Dimension, Severity, Tolerance
from quality.limits import MAX_CHECKS

KEY_SHARE = Decimal("0.99")
MIN_KEY_ROWS = 20
_NUMERIC = frozenset({"integer", "decimal", "number"})
_KEY_KINDS = frozenset({"text", "integer", "date", "timestamp"})
_DATED = frozenset({"date", "timestamp"})

# What a name says of the values: pattern, least, most. The first that fits counts.
_RANGES: tuple[tuple[str, str | None, str | None], ...] = (
    (r"(^|[_ ])lat(itude)?([_ ]|$)|纬度", "-90", "90"),
    (r"(^|[_ ])(lon|lng|longitude)([_ ]|$)|经度", "-180", "180"),
    (r"(^|[_ ])aqi([_ ]|$)|空气质量指数", "0", "500"),
    (r"pm_?(2\.?5|10)(?!\d)", "0", "1000"),
    (r"(^|[_ ])(so2|no2|o3)([_ ]|$)|二氧化硫|二氧化氮|臭氧", "0", "2000"),
    (r"(^|[_ ])co([_ ]|$)|一氧化碳", "0", "150"),
    (r"humidity|湿度|percent|(^|[_ ])pct([_ ]|$)|百分", "0", "100"),
    (r"(^|[_ ])temp(erature)?([_ ]|$)|温度|气温", "-90", "140"),
    (
        (
            r"(^|[_ ])(cost|price|amount|distance|speed|count|wind|precipitation|rainfall|quantity|population)"
            r"([_ ]|$)|费用|价格|金额|数量|距离|速度|人口|浓度"
        ),
        "0",
        None,
    ),
)
# Columns of which one is never less than the other, by name: pattern of the greater, and the lesser's name.
_PAIRS: tuple[tuple[str, str], ...] = (
    (r"^(.*)max(imum)?(.*)$", r"\1min\3"),
    (r"^(.*)end(.*)$", r"\1start\2"),
    (r"^(.*)pm_?10(.*)$", r"\1pm25\2"),
)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the ingest found of one column; see ``facts_of``."""

    name: str
    kind: str
    nulls: int
    distinct: int
    values: tuple[str, ...] = ()
    shape: str | None = None
    increasing: bool | None = None


def facts_of(columns: Sequence[Mapping[str, Any]], profile: Sequence[Mapping[str, Any]]) -> list[ColumnFacts]:
    """Facts from the JSON that an ingest result keeps of its columns and of their profile, by position.

    :raises KeyError, ValueError: they are of another shape.
    """
    return [
        ColumnFacts(
            name=column["name"],
            kind=column["kind"],
            nulls=measured["nulls"],
            distinct=measured["distinct"],
            values=tuple(measured["values"]),
            shape=measured["shape"],
            increasing=measured["increasing"],
        )
        for column, measured in zip(columns, profile, strict=True)
    ]


def suggest(rows: int, facts: Sequence[ColumnFacts]) -> list[Check]:
    """The suite of a revision, the most telling checks first; at most ``MAX_CHECKS``.

    :param rows: of the revision.
    """
    checks = [
        Check(CheckType.ROW_COUNT, (), Dimension.CONFORMITY, {"minimum": "1"}, severity=Severity.BLOCKING)
    ]
    checks += _keys(rows, facts)
    checks += _pairs(facts)
    for fact in facts:
        checks += _of_column(fact)
    checks += [_not_null(rows, fact) for fact in facts]
    return checks[:MAX_CHECKS]


def _of_column(fact: ColumnFacts) -> list[Check]:
    name, found = (fact.name,), []
    if fact.kind in _NUMERIC:
        found += [
            Check(CheckType.BETWEEN, name, Dimension.ACCURACY, {"minimum": low, "maximum": high})
            for pattern, low, high in _RANGES
            if re.search(pattern, fact.name.lower())
        ][:1]
    elif fact.kind == "text" and fact.values:
        found.append(Check(CheckType.IN_SET, name, Dimension.CONFORMITY, {"values": list(fact.values)}))
    elif fact.kind == "text" and fact.shape:
        found.append(Check(CheckType.MATCHES, name, Dimension.CONFORMITY, {"pattern": fact.shape}))
    if fact.kind in _DATED and fact.increasing:
        found.append(Check(CheckType.INCREASING, name, Dimension.TIMELINESS))
    return found


def _not_null(rows: int, fact: ColumnFacts) -> Check:
    """A budget for missing values: none where there are none, five percent, or a fifth more than there are now."""
    share = Decimal(fact.nulls) / rows if rows else Decimal(0)
    if share == 0:
        budget = Decimal(0)
    elif share <= Decimal("0.05"):
        budget = Decimal("0.05")
    else:
        budget = min(Decimal("0.5"), (share * Decimal("1.2")).quantize(Decimal("0.01"), ROUND_CEILING))
    return Check(
        CheckType.NOT_NULL,
        (fact.name,),
        Dimension.COMPLETENESS,
        tolerance=Tolerance(f"{(budget * 100).normalize():f}"),
    )


def _keys(rows: int, facts: Sequence[ColumnFacts]) -> list[Check]:
    """Columns that identify a row alone, or else the first pair of a code and a time that does so together."""
    if rows < MIN_KEY_ROWS:
        return []
    found = [
        Check(CheckType.UNIQUE, (fact.name,), Dimension.ACCURACY)
        for fact in facts
        if fact.kind in _KEY_KINDS and fact.nulls == 0 and fact.distinct >= KEY_SHARE * rows
    ]
    if found:
        return found
    codes = [
        fact for fact in facts if fact.kind in {"text", "integer"} and fact.nulls == 0 and fact.distinct > 1
    ]
    times = [fact for fact in facts if fact.kind in _DATED and fact.nulls == 0 and fact.distinct > 1]
    for time in times:
        for code in codes:
            if KEY_SHARE * rows <= code.distinct * time.distinct <= rows / KEY_SHARE:
                return [Check(CheckType.UNIQUE_TOGETHER, (code.name, time.name), Dimension.ACCURACY)]
    return []


def _pairs(facts: Sequence[ColumnFacts]) -> list[Check]:
    by_name = {fact.name.lower(): fact for fact in facts}
    found = []
    for name, greater in by_name.items():
        for pattern, template in _PAIRS:
            if not re.fullmatch(pattern, name):
                continue
            lesser = by_name.get(re.sub(pattern, template, name))
            comparable = lesser is not None and (
                {greater.kind, lesser.kind} <= _NUMERIC
                or (greater.kind == lesser.kind and lesser.kind in _DATED)
            )
            if lesser is not None and comparable and lesser.name != greater.name:
                found.append(Check(CheckType.NOT_LESS, (greater.name, lesser.name), Dimension.CONSISTENCY))
    return found
