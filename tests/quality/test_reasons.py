"""Why a check could not be carried out is said in Chinese too, in the words that the engine really uses."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from quality.engine.aggregates import tally
from quality.engine.conditions import Context
from quality.reasons import FORMS, reason_zh

_HERE = Context(None, "Asia/Shanghai")
_N, _S = pa.array([1]), pa.array(["a"])
_QUALITY = Path(__file__).resolve().parents[2] / "quality"


@pytest.mark.parametrize(
    ("kind", "columns", "arguments", "zh"),
    [
        ("in_set", [_S], {"list": "nowhere"}, "没有标准列表 'nowhere'"),
        ("matches", [pa.array([1.5])], {"pattern": "a"}, "正则表达式不适用于类型为 double 的值"),
        ("well_formed", [_N], {}, "只有文字才会有乱码，而值的类型为 int64"),
        ("not_after_arrival", [_N], {}, "不知道数据何时到达"),
        ("references", [_N], {"column": "a"}, "被引用的产品没有可以读取的数据"),
        ("between", [_S], {"minimum": "0"}, "上下限不适用于类型为 string 的值"),
        ("between", [_N], {"minimum": "many"}, "'many' 不是数字"),
        ("recent", [_N], {}, "类型为 int64 的值不是时间"),
        ("not_less", [_S, _N], {}, "类型为 string 与 int64 的值无法比较"),
        ("increasing", [pa.array([True])], {}, "真与假没有先后"),
    ],
)
def test_a_check_that_does_not_fit_says_so_in_chinese(
    kind: str, columns: list[pa.Array], arguments: dict[str, str], zh: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (of the column or of the arguments)
        tally(kind, [pa.chunked_array([column]) for column in columns], arguments, _HERE, 5)
    assert reason_zh(str(refused.value)) == zh


def test_every_misfit_has_a_form() -> None:
    """A message that is changed where it is raised is changed here as well."""
    source = (_QUALITY / "engine" / "conditions.py").read_text() + (
        _QUALITY / "engine" / "aggregates.py"
    ).read_text()
    raised = re.findall(r"Misfit\(\s*f?\"([^\"]+)\"", source)
    assert len(raised) > 10
    assert {re.sub(r"\{[^}]*\}+", "{}", message) for message in raised} <= FORMS.keys()


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_read_back_with_its_values(form: str) -> None:
    values = [f"value{n}" for n in range(form.count("{}"))]
    said = reason_zh(form.format(*values))
    assert re.search("[\u4e00-\u9fff]", said)
    shown = (form.startswith("A statement") and values[:1]) or values
    assert all(value in said for value in shown)


def test_the_words_of_a_library_stay_as_they_are() -> None:
    assert reason_zh("std::bad_alloc") == "std::bad_alloc"
