"""A check and what came of it as one sentence, in plain Chinese and English. Pure.

"station_id and observed_at together occur once: 2 of 17,281 rows repeat (up to 1% may)". Blank rows are told apart
from rows that hold something wrong, counts have separators, and numbers are those of the suite, digit by digit.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from infra.labels import Label
from quality.checks import WHOLE, Check, CheckResult, CheckStatus, CheckType, ToleranceUnit
from quality.reasons import reason_zh
from quality.standards import LISTS

_SHOWN_VALUES = 5
_TERMS_ZH = {"Y": "年", "M": "个月", "W": "周", "D": "天", "TH": "小时", "TM": "分钟", "TS": "秒"}
_TERMS_EN = {
    "Y": "year",
    "M": "month",
    "W": "week",
    "D": "day",
    "TH": "hour",
    "TM": "minute",
    "TS": "second",
}

# What is said of the rows that fail: in Chinese after the count, in English of one row and of several.
_FAULTS: dict[CheckType, tuple[str, str, str]] = {
    CheckType.NO_REPEATED_ROWS: ("重复", "repeats", "repeat"),
    CheckType.UNIQUE: ("重复", "repeats", "repeat"),
    CheckType.UNIQUE_TOGETHER: ("重复", "repeats", "repeat"),
    CheckType.BETWEEN: ("超出范围", "lies outside", "lie outside"),
    CheckType.IN_SET: ("为其他值", "holds another value", "hold another value"),
    CheckType.MATCHES: ("格式不符", "has another form", "have another form"),
    CheckType.WELL_FORMED: ("含乱码", "is garbled", "are garbled"),
    CheckType.NOT_LESS: ("较小", "is less", "are less"),
    CheckType.INCREASING: ("倒退", "goes back", "go back"),
    CheckType.NOT_AFTER_ARRIVAL: ("晚于到达", "lies after it", "lie after it"),
    CheckType.REFERENCES: ("找不到对应值", "finds no match", "find no match"),
}
_OTHER_FAULT = ("不符合", "fails", "fail")
# What bounds are called: at least, greater, at most, less.
_NUMBER_BOUNDS = (
    Label("不小于", "at least"),
    Label("大于", "greater than"),
    Label("不大于", "at most"),
    Label("小于", "less than"),
)
_TIME_BOUNDS = (
    Label("不早于", "not before"),
    Label("晚于", "after"),
    Label("不晚于", "not after"),
    Label("早于", "before"),
)
_PLAIN = re.compile(r"[\w./+*#$%&@:()（）-]+")


def sentences(result: CheckResult) -> tuple[str, str]:
    """What came of a check in plain Chinese and English."""
    claim = claim_of(result.check)
    match result.status:
        case CheckStatus.ERROR:
            reason = result.error or ""
            return (
                f"{claim.zh}：无法检查（{reason_zh(reason)}）",
                f"{claim.en}: could not be checked ({reason})",
            )
        case CheckStatus.EMPTY:
            return f"{claim.zh}：没有可检查的行", f"{claim.en}: no rows to check"
        case _:
            found = _whole(result) if result.check.type in WHOLE else _rows(result)
            return f"{claim.zh}：{found.zh}", f"{claim.en}: {found.en}"


def claim_of(check: Check) -> Label:
    """What a check claims of the data, without what came of it."""
    columns = [quoted(column) for column in check.columns]
    zh, en = "、".join(columns), _listed(columns, "and")
    arguments = check.arguments
    match check.type:
        case CheckType.ROW_COUNT:
            return _row_count(check)
        case CheckType.NO_REPEATED_ROWS:
            return Label("每一行只出现一次", "Each row occurs once")
        case CheckType.NOT_NULL:
            return Label(f"{zh} 有值", f"{en} has a value")
        case CheckType.UNIQUE:
            return Label(f"{zh} 的值只出现一次", f"Each {en} occurs once")
        case CheckType.UNIQUE_TOGETHER:
            return Label(f"{zh} 的组合只出现一次", f"{en} together occur once")
        case CheckType.BETWEEN:
            return _between(check, zh, en)
        case CheckType.IN_SET:
            return _in_set(check, zh, en)
        case CheckType.CONTAINS_ALL:
            return _contains_all(check, zh, en)
        case CheckType.MATCHES:
            return Label(f"{zh} 的格式为 {arguments['pattern']}", f"{en} has the form {arguments['pattern']}")
        case CheckType.WELL_FORMED:
            return Label(f"{zh} 的文字没有乱码", f"{en} is readable text")
        case CheckType.NOT_LESS:
            greater, lesser = columns
            return Label(f"{greater} 不小于 {lesser}", f"{greater} is not less than {lesser}")
        case CheckType.INCREASING:
            return Label(f"{zh} 逐行不倒退", f"{en} does not go back from row to row")
        case CheckType.RECENT:
            within = duration(arguments["within"])
            return Label(
                f"{zh} 的最新值距到达不超过{within.zh}",
                f"The newest {en} is at most {within.en} old on arrival",
            )
        case CheckType.NOT_AFTER_ARRIVAL:
            return Label(f"{zh} 不晚于数据到达的时间", f"{en} is not after the arrival of the data")
        case CheckType.DISTRIBUTION:
            return Label(f"{zh} 的分布与基准相近", f"{en} is distributed like its baseline")
        case CheckType.REFERENCES:
            column = quoted(arguments["column"])
            return Label(f"{zh} 的值见于另一产品的 {column}", f"{en} occurs in {column} of another product")
        case CheckType.SQL:
            return Label(f"{check.name}（SQL 语句）", f"{check.name} (SQL statement)")
        case CheckType.EXPECTATION:
            return _library(check, zh, en)


def quoted(name: str) -> str:
    """A name of a column, or a value, in quotation marks where it would not be told from the words around it."""
    return name if _PLAIN.fullmatch(name) else f"“{name}”"


def duration(text: str) -> Label:
    """An ISO 8601 duration in words: ``P1DT12H`` as "1 day 12 hours"."""
    found: list[tuple[str, str]] = []
    date, _, time = text.removeprefix("P").partition("T")
    for part, prefix in ((date, ""), (time, "T")):
        found += [(amount, prefix + unit) for amount, unit in re.findall(r"([0-9.]+)([YMWDHS])", part)]
    if not found:
        return Label(f" {text} ", text)
    zh = " ".join(f"{amount} {_TERMS_ZH[unit]}" for amount, unit in found)
    en = " ".join(f"{amount} {_TERMS_EN[unit]}{'' if amount == '1' else 's'}" for amount, unit in found)
    return Label(f" {zh}", en)


def number(text: str) -> str:
    """An exact number with separators; anything else as it is."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or "e" in text.lower():
        return text
    whole, point, rest = text.lstrip("+").partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits or '0'):,}{point}{rest}"


def _row_count(check: Check) -> Label:
    low, high = check.arguments.get("minimum"), check.arguments.get("maximum")
    if low is not None and high is not None:
        if low == high:
            return Label(f"恰有 {number(low)} 行", f"There {_is(low)} exactly {_rows_of(low)}")
        return Label(
            f"行数在 {number(low)} 与 {number(high)} 之间",
            f"There are between {number(low)} and {_rows_of(high)}",
        )
    if low is not None:
        return Label(f"至少有 {number(low)} 行", f"There {_is(low)} at least {_rows_of(low)}")
    if high is not None:
        return Label(f"至多有 {number(high)} 行", f"There {_is(high)} at most {_rows_of(high)}")
    return Label("行数", "The number of rows")


def _between(check: Check, zh: str, en: str) -> Label:
    arguments = check.arguments
    low, high = arguments.get("minimum"), arguments.get("maximum")
    above, below = arguments.get("strict_minimum") is True, arguments.get("strict_maximum") is True
    if low is not None and high is not None and not above and not below:
        return Label(
            f"{zh} 在 {number(low)} 与 {number(high)} 之间",
            f"{en} lies between {number(low)} and {number(high)}",
        )
    words = _TIME_BOUNDS if any(_is_time(bound) for bound in (low, high)) else _NUMBER_BOUNDS
    sides = []
    if low is not None:
        sides.append((words[above], number(low)))
    if high is not None:
        sides.append((words[2 + below], number(high)))
    sides_zh = [f"{word.zh} {bound}" for word, bound in sides]
    sides_en = [f"{word.en} {bound}" for word, bound in sides]
    return Label(f"{zh} {'且'.join(sides_zh)}", f"{en} is {' and '.join(sides_en)}")


def _is_time(bound: object) -> bool:
    return isinstance(bound, str) and re.match(r"\d{4}-\d\d-\d\d|\d\d:\d\d", bound) is not None


def _library(check: Check, zh: str, en: str) -> Label:
    """The claim of a library's expectation; arguments that are withheld are not told."""
    given = check.arguments.get("arguments") or {}
    match str(check.arguments["type"]):
        case "expect_column_value_lengths_to_be_between":
            low, high = given.get("minimum"), given.get("maximum")
            if low is not None and high is not None:
                return Label(f"{zh} 的长度为 {low} 至 {high} 个字符", f"{en} has {low} to {high} characters")
            if low is not None:
                return Label(f"{zh} 至少有 {low} 个字符", f"{en} has at least {low} characters")
            if high is not None:
                return Label(f"{zh} 至多有 {high} 个字符", f"{en} has at most {high} characters")
            return Label(f"{zh} 的长度在规定范围内", f"The length of {en} is within its bounds")
        case "expect_column_values_to_not_be_in_set":
            values = [str(value) for value in given.get("values", ())]
            if 0 < len(values) <= _SHOWN_VALUES:
                return Label(f"{zh} 不是 {_values_zh(values)}", f"{en} is not {_values_en(values, 'or')}")
            return Label(f"{zh} 不是禁用的值", f"{en} is none of the values ruled out")
        case "expect_column_values_to_be_json_parseable":
            return Label(f"{zh} 是有效的 JSON", f"{en} is valid JSON")
        case "expect_column_values_to_match_strftime_format":
            if "format" in given:
                return Label(
                    f"{zh} 是格式为 {given['format']} 的时间", f"{en} is a time of the form {given['format']}"
                )
            return Label(f"{zh} 是规定格式的时间", f"{en} is a time of the form laid down")
        case "expect_column_pair_values_to_be_equal":
            return Label(f"{zh} 的值相等", f"{en} are equal")
        case "expect_select_column_values_to_be_unique_within_record":
            return Label(f"{zh} 在每一行内互不相同", f"{en} differ from one another in each row")
        case other:
            kind = other.removeprefix("expect_").replace("_", " ")
            return Label(f"{zh or '数据'}：{kind}", f"{en or 'The data'}: {kind}")


def _in_set(check: Check, zh: str, en: str) -> Label:
    code = check.arguments.get("list")
    if code is not None:
        title = LISTS[code].title if code in LISTS else Label(code, f"the list {code}")
        space = " " if title.zh[:1].isascii() else ""
        return Label(f"{zh} 取自{space}{title.zh}", f"{en} is one of the {title.en}")
    values = [str(value) for value in check.arguments["values"]]
    if len(values) <= _SHOWN_VALUES:
        return Label(f"{zh} 为 {_values_zh(values)} 之一", f"{en} is {_values_en(values, 'or')}")
    return Label(f"{zh} 取自规定的 {len(values):,} 个值", f"{en} is one of {len(values):,} values")


def _contains_all(check: Check, zh: str, en: str) -> Label:
    values = [str(value) for value in check.arguments["values"]]
    if len(values) <= _SHOWN_VALUES:
        return Label(f"{zh} 中出现 {_values_zh(values)}", f"{en} holds {_values_en(values, 'and')}")
    return Label(f"{zh} 中出现规定的 {len(values):,} 个值", f"{en} holds each of {len(values):,} values")


def _whole(result: CheckResult) -> Label:
    check, seen = result.check, result.observed
    good = result.failing == 0
    match check.type:
        case CheckType.ROW_COUNT if "rows" in seen:
            rows = str(seen["rows"])
            expected = check.arguments.get("expected")
            more = Label("", "")
            if expected is not None and int(expected) != int(rows):
                more = Label(f"，应有 {number(expected)} 行", f", {number(expected)} were expected")
            return Label(f"实有 {number(rows)} 行{more.zh}", f"there {_is(rows)} {number(rows)}{more.en}")
        case CheckType.CONTAINS_ALL if good:
            return Label("全部出现", "all occur")
        case CheckType.CONTAINS_ALL if seen.get("absent"):
            absent = [str(value) for value in seen["absent"]]
            shown = absent[:_SHOWN_VALUES]
            rest = len(absent) - len(shown)
            zh = f"缺少 {_values_zh(shown)}" + (f" 等 {len(absent):,} 个值" if rest else "")
            names = [*_told(shown), f"{rest:,} more"] if rest else _told(shown)
            return Label(zh, f"{_listed(names, 'and')} {'does' if len(absent) == 1 else 'do'} not occur")
        case CheckType.RECENT if seen.get("newest") is not None:
            return Label(f"最新值为 {seen['newest']}", f"the newest is {seen['newest']}")
        case CheckType.RECENT if not good:
            return Label("没有任何值", "there is none")
        case CheckType.DISTRIBUTION if seen.get("distance") is not None:
            distance, limit = _short(seen["distance"]), check.arguments.get("maximum")
            if limit is None:
                return Label(f"差距为 {distance}", f"the distance is {distance}")
            return Label(
                f"差距为 {distance}，允许 {limit}", f"the distance is {distance}, at most {limit} is allowed"
            )
        case _:
            return Label("符合", "passed") if good else Label("不符合", "failed")


def _rows(result: CheckResult) -> Label:
    total = result.evaluated
    if result.failing == 0:
        return Label(
            f"全部 {total:,} 行符合", f"all {total:,} rows pass" if total != 1 else "the only row passes"
        )
    kind = result.check.type
    blank, wrong = result.missing, result.failing - result.missing
    if kind is CheckType.NOT_NULL:
        blank, wrong = result.failing, 0
    fault = _FAULTS.get(kind, _OTHER_FAULT)
    zh, en = [], []
    if wrong:
        zh.append(f"{wrong:,} 行{fault[0]}")
        en.append(f"{wrong:,} of {_rows_of(total)} {_many(wrong, fault[1], fault[2])}")
    if blank:
        verb = _many(blank, "is blank", "are blank")
        zh.append(f"{blank:,} 行空缺")
        en.append(f"{blank:,} {verb}" if wrong else f"{blank:,} of {_rows_of(total)} {verb}")
    allowed = _allowed(result)
    return Label(f"{total:,} 行中有 {'、'.join(zh)}{allowed.zh}", f"{', '.join(en)}{allowed.en}")


def _allowed(result: CheckResult) -> Label:
    """The tolerance, where there is one."""
    tolerance = result.check.tolerance
    if Decimal(tolerance.limit) == 0:
        return Label("", "")
    limit = f"{Decimal(tolerance.limit).normalize():,f}"
    if tolerance.unit is ToleranceUnit.PERCENT:
        return Label(f"（允许 {limit}%）", f" (up to {limit}% allowed)")
    return Label(f"（允许 {limit} 行）", f" (up to {_rows_of(limit.replace(',', ''))} allowed)")


def _short(value: object) -> str:
    """A distance to four places; it is kept exactly beside the sentence."""
    try:
        return f"{round(Decimal(str(value)), 4).normalize():f}"
    except InvalidOperation:
        return str(value)


def _rows_of(count: int | str) -> str:
    return f"{number(str(count))} {_many(int(count), 'row', 'rows')}"


def _is(count: str) -> str:
    return _many(int(count), "is", "are")


def _many(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _told(values: Sequence[str]) -> list[str]:
    """Values of a list, all in quotation marks if one of them needs them."""
    told = [quoted(value) for value in values]
    return told if told == list(values) else [f"“{value}”" for value in values]


def _values_zh(values: Sequence[str]) -> str:
    return "、".join(_told(values))


def _values_en(values: Sequence[str], conjunction: str) -> str:
    return _listed(_told(values), conjunction)


def _listed(names: Sequence[str], conjunction: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
