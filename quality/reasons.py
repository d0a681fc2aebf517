"""Why a check could not be carried out, in Chinese: the engines say it in English, in one of these forms. Pure."""

import re
from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "the revision has no column {}": "数据中没有 {} 列",
    "the check does not fit the column's type": "检查不适用于该列的类型",
    "the expectation of the library or its arguments are not allowed": "不允许使用该期望或其参数",
    "there is no standard list {}": "没有标准列表 {}",
    "a pattern does not fit values of type {}": "正则表达式不适用于类型为 {} 的值",
    "the pattern cannot be used: {}": "正则表达式无法使用：{}",
    "only text can be garbled, and the values are of type {}": "只有文字才会有乱码，而值的类型为 {}",
    "it is not known when the revision arrived": "不知道数据何时到达",
    "the referenced product has no revision that could be read": "被引用的产品没有可以读取的数据",
    "the referenced product has no column {}": "被引用的产品没有 {} 列",
    "bounds do not fit values of type {}": "上下限不适用于类型为 {} 的值",
    "values of type {} are no times": "类型为 {} 的值不是时间",
    "times with and without a time zone cannot be compared": "带时区与不带时区的时间无法比较",
    "values of type {} and {} cannot be compared": "类型为 {} 与 {} 的值无法比较",
    "values of type {} are not to be found among values of type {}": "类型为 {} 的值无法在类型为 {} 的值中查找",
    "true and false have no order": "真与假没有先后",
    "{} is no number": "{} 不是数字",
    "{} is neither a date nor a time": "{} 既不是日期也不是时间",
    "{} is no ISO 8601 duration": "{} 不是 ISO 8601 时长",
    "{} reaches before the year 1": "{} 早于公元 1 年",
    "the check took too long": "检查耗时过长",
    "the check needs more memory than there is": "检查所需的内存超出可用内存",
    "the check ended the process ({})": "检查使进程中止（{}）",
    "The statement takes longer than {} seconds.": "语句耗时超过 {} 秒",
    "The statement needs more memory than a check may use ({}).": "语句所需的内存超过一项检查可用的内存（{}）",
    "The statement needs more memory than a check may use.": "语句所需的内存超过一项检查可用的内存",
    "The statement does not return {}: select it, or *.": "语句没有返回 {}：请选择该列或 *",
    "{} of the statement's result is no position of a row.": "语句结果中的 {} 不是行的位置",
    "The statement returns far more rows than the revision has.": "语句返回的行数远多于数据的行数",
    "The statement cannot be carried out: a value cannot be converted. Use try_cast, which makes it a missing one.": (
        "语句无法执行：有值无法转换，请用 try_cast，它会把该值变为空缺"
    ),
    "The statement cannot be carried out: a number is larger than its type can hold. Cast it to DOUBLE.": (
        "语句无法执行：有数字超出其类型的范围，请用 cast 转换为 DOUBLE"
    ),
    "The statement cannot be carried out: a function does not take such a value, or a pattern is too large.": (
        "语句无法执行：函数不接受该值，或正则表达式过大"
    ),
    "The statement cannot be carried out: {}": "语句无法执行：{}",
    "A statement of a check may not use {}. Use SELECT {}": (
        "检查的语句不得使用 {}；请对 revision 表使用 SELECT，可以用连接、子查询和只由参数计算的函数"
    ),
}
"""By the English form, whose values are ``{}``."""


def lacks_column(reason: str | None) -> bool:
    """Whether a check could not be carried out since the revision has not its column any more."""
    return reason is not None and _NO_COLUMN.fullmatch(reason) is not None


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(re.escape(part) for part in form.split("{}")), re.DOTALL)


_NO_COLUMN = _pattern("the revision has no column {}")
_PATTERNS = [(_pattern(english), chinese) for english, chinese in FORMS.items()]


def reason_zh(reason: str) -> str:
    """A reason in Chinese; what a library says in its own words as it is."""
    for pattern, chinese in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return chinese.format(*found.groups())
    return reason
