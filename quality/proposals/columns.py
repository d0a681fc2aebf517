"""What is proposed for one column: its form, its range, its blanks, its times. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from infra.labels import Label
from quality.checks import Check, CheckType, Dimension, Tolerance
from quality.proposals.budgets import blanks, budget, percent, wider
from quality.proposals.facts import DATED, NUMERIC, ColumnFacts, Meaning, Proposal
from quality.proposals.vocabulary import (
    FLAG_NAMES,
    FLAGS,
    FORMS,
    FUTURE,
    KEY_NAMES,
    LIST_HINTS,
    OPTIONAL,
    POSITIVE_UNITS,
    RANGES,
    SIGNED,
    UNIT_RANGES,
    Range,
)
from quality.standards import LISTS

_LIST_SHARE = Fraction(1, 2)
_DIVISION = "^[0-9]{6}$"
_FENCE_WIDTH = 3
_FENCE_DISTINCT = 20
_LEAST_CATEGORY = 100


def words_of(fact: ColumnFacts, meaning: Meaning) -> str:
    """Name and titles of a column, in small letters, for the vocabulary."""
    return " | ".join((fact.name, meaning.title_zh, meaning.title_en)).lower()


def is_optional(fact: ColumnFacts, meaning: Meaning) -> bool:
    """Whether the column is empty in most rows by what it means."""
    return OPTIONAL.search(words_of(fact, meaning)) is not None


def about_column(fact: ColumnFacts, meaning: Meaning, rows: int) -> list[Proposal]:
    """The proposals for one column, the most telling first; none for one of which blanks are the rule."""
    if is_optional(fact, meaning):
        return []
    tolerance = budget(fact.nulls, rows)
    found = [_not_null(fact, rows)]
    if fact.kind == "text":
        found = [*_text(fact, meaning, tolerance), *found]
    elif fact.kind in NUMERIC:
        found = [*_number(fact, meaning, tolerance), *found]
    elif fact.kind in DATED:
        found += _dated(fact, meaning, tolerance)
    if not meaning.personal:
        found += _categories(fact)
    return found


def range_of(fact: ColumnFacts, meaning: Meaning) -> tuple[Range, Label] | None:
    """The range of what a column measures, and where that is read: its unit, its name or its titles."""
    words = words_of(fact, meaning)
    unit = (meaning.unit or "").strip()
    known = UNIT_RANGES.get(unit)
    for quantity in RANGES:
        if re.search(quantity.pattern, words):
            if quantity.most is None and SIGNED.search(words):
                break
            if known is not None and quantity.most is None:
                break
            return quantity, Label(
                f"名称表明这是{quantity.title.zh}", f"its name says that it is {quantity.title.en}"
            )
    if known is not None and not SIGNED.search(words):
        return known, Label(f"数据字典：{known.title.zh}", f"the dictionary: {known.title.en}")
    if unit and POSITIVE_UNITS.fullmatch(unit) and not SIGNED.search(words):
        positive = Range("", Label("", ""), "0", None)
        return positive, Label(
            f"数据字典：以 {unit} 计，不为负", f"the dictionary: measured in {unit}, so never negative"
        )
    return None


def _not_null(fact: ColumnFacts, rows: int) -> Proposal:
    check = Check(
        CheckType.NOT_NULL, (fact.name,), Dimension.COMPLETENESS, tolerance=budget(fact.nulls, rows)
    )
    return Proposal(check, blanks(fact.nulls, rows))


def _text(fact: ColumnFacts, meaning: Meaning, tolerance: Tolerance) -> Iterator[Proposal]:
    name = (fact.name,)
    if (listed := _standard_list(fact, meaning)) is not None:
        code, basis = listed
        yield Proposal(
            Check(CheckType.IN_SET, name, Dimension.CONFORMITY, {"list": code}, tolerance=tolerance), basis
        )
        return
    words = words_of(fact, meaning)
    form = next((form for form in FORMS if re.search(form.pattern, words)), None)
    if form is not None:
        arguments = {"pattern": form.form}
        basis = Label(f"名称表明这是{form.title.zh}", f"its name says that it is {form.title.en}")
        yield Proposal(
            Check(CheckType.MATCHES, name, Dimension.CONFORMITY, arguments, tolerance=tolerance), basis
        )
    elif fact.shape is not None:
        basis = Label("至少 99% 的值是这种格式", "at least 99% of its values have this form")
        arguments = {"pattern": fact.shape}
        yield Proposal(
            Check(CheckType.MATCHES, name, Dimension.CONFORMITY, arguments, tolerance=tolerance), basis
        )
    if form is None:
        basis = Label("文本列不应有乱码或控制字符", "text should hold no garbled or control characters")
        yield Proposal(Check(CheckType.WELL_FORMED, name, Dimension.ACCURACY, tolerance=tolerance), basis)


def _standard_list(fact: ColumnFacts, meaning: Meaning) -> tuple[str, Label] | None:
    """The list that name or values point to, where at least half of the values that are known are in it."""
    shares = fact.shares
    known = set(fact.values) or set(shares)
    words = words_of(fact, meaning)
    if len(fact.values) >= 1:
        for code in FLAGS:
            if set(fact.values) <= LISTS[code].values:
                title = LISTS[code].title
                return code, Label(f"所有的值都是{title.zh}", f"every value is {title.en}")
    for hint in LIST_HINTS:
        if re.search(hint.pattern, words) and _mostly_in(hint.code, known, shares, fact.shape):
            title = LISTS[hint.code].title
            return hint.code, Label(
                f"名称指向标准代码表：{title.zh}", f"its name points to a standard list: {title.en}"
            )
    return None


def _mostly_in(code: str, known: set[str], shares: dict[str, Fraction], shape: str | None) -> bool:
    if not known:  # values that are all rare: codes of the right form
        return code == "gb_t_2260" and shape == _DIVISION
    weight = {value: shares.get(value, Fraction(0)) if shares else Fraction(1) for value in known}
    total = sum(weight.values(), Fraction(0))
    inside = sum((weight[value] for value in known & LISTS[code].values), Fraction(0))
    return total > 0 and inside >= _LIST_SHARE * total


def _number(fact: ColumnFacts, meaning: Meaning, tolerance: Tolerance) -> Iterator[Proposal]:
    name = (fact.name,)
    words = words_of(fact, meaning)
    if fact.kind == "integer" and (coded := _coded_integer(fact, words)) is not None:
        code, basis = coded
        yield Proposal(
            Check(CheckType.IN_SET, name, Dimension.CONFORMITY, {"list": code}, tolerance=tolerance), basis
        )
        return
    known = range_of(fact, meaning)
    if known is not None:
        quantity, basis = known
        arguments = {
            side: bound
            for side, bound in (("minimum", quantity.least), ("maximum", quantity.most))
            if bound is not None
        }
        yield Proposal(
            Check(CheckType.BETWEEN, name, Dimension.ACCURACY, arguments, tolerance=tolerance), basis
        )
    bounded = known is not None and known[0].most is not None
    if not bounded and not meaning.personal and not KEY_NAMES.search(words):
        yield from _fence(fact, tolerance, lowest=known[0].least if known is not None else None)


def _coded_integer(fact: ColumnFacts, words: str) -> tuple[str, Label] | None:
    shown = {value for value, _ in fact.top_values}
    hints = [(hint.pattern, hint.code) for hint in LIST_HINTS if hint.code.startswith("gb_")]
    hints.append((FLAG_NAMES.pattern, "yes_no_digit"))
    for pattern, code in hints:
        if shown and re.search(pattern, words):
            inside = len(shown & LISTS[code].values)
            if inside >= _LIST_SHARE * len(shown):
                title = LISTS[code].title
                return code, Label(
                    f"名称指向标准代码表：{title.zh}", f"its name points to a standard list: {title.en}"
                )
    return None


def _fence(fact: ColumnFacts, tolerance: Tolerance, lowest: str | None) -> Iterator[Proposal]:
    """Three interquartile ranges beyond the quartiles, where more than nine tenths of the values lie within."""
    if len(fact.quantiles) != 21 or fact.distinct < _FENCE_DISTINCT:
        return
    if fact.kind == "integer" and fact.distinct >= Decimal("0.95") * (fact.sampled or 1):
        return  # a number that names its row, and goes on
    try:
        points = [Decimal(text) for text in fact.quantiles]
    except InvalidOperation:
        return
    if not all(point.is_finite() for point in points):
        return
    first, third = points[5], points[15]
    width = _FENCE_WIDTH * (third - first)
    low, high = first - width, third + width
    if width == 0 or points[1] < low or points[19] > high:
        return
    if lowest is not None and low < Decimal(lowest):
        low = Decimal(lowest)
    arguments = {"minimum": _plain(low), "maximum": _plain(high)}
    check = Check(
        CheckType.BETWEEN,
        (fact.name,),
        Dimension.ACCURACY,
        arguments,
        tolerance=wider(tolerance, at_least="1"),
        name=f"fence:{fact.name}",
    )
    quartiles = f"{_plain(first)}–{_plain(third)}"
    yield Proposal(
        check,
        Label(
            f"四分位数 {quartiles} 之外三倍四分位距，不取极值",
            f"three interquartile ranges beyond the quartiles {quartiles}, not the extremes",
        ),
    )


def _dated(fact: ColumnFacts, meaning: Meaning, tolerance: Tolerance) -> Iterator[Proposal]:
    name = (fact.name,)
    if not FUTURE.search(words_of(fact, meaning)):
        basis = Label(
            "记录已发生之事的时间不会晚于到达", "a time of what has happened is not after its arrival"
        )
        yield Proposal(
            Check(CheckType.NOT_AFTER_ARRIVAL, name, Dimension.ACCURACY, tolerance=tolerance), basis
        )
    if fact.increasing and fact.distinct > 1:
        basis = Label("本文件中逐行不倒退", "in this file it goes back in no row")
        yield Proposal(Check(CheckType.INCREASING, name, Dimension.TIMELINESS, tolerance=tolerance), basis)


def _categories(fact: ColumnFacts) -> Iterator[Proposal]:
    """The categories that hold one row in a hundred each: they are missed when they do not occur any more."""
    shares = fact.shares
    if not fact.values or fact.sampled < _LEAST_CATEGORY or len(shares) < 2:
        return
    common = sorted(value for value, share in shares.items() if share * 100 >= 1)
    if len(common) < 2:
        return
    rarest = min(count for value, count in fact.top_values if value in set(common))
    least = percent(rarest, fact.sampled - fact.sampled_nulls)
    basis = Label(
        f"这些值各占至少 {least}% 的行", f"each of these values is in at least {least}% of the rows"
    )
    yield Proposal(
        Check(CheckType.CONTAINS_ALL, (fact.name,), Dimension.COMPLETENESS, {"values": common}), basis
    )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
