"""The badge: grade and score of a product in one small picture, to stand on other sites. Pure."""

from decimal import Decimal

from infra.messages import Message, translate
from quality.reports.charts import GRADE_COLOURS, percent
from quality.reports.markup import SVG, element, written

_LABEL = Message("Data quality")
_TITLE = Message("Data quality: grade {grade}, {score}")
_HEIGHT = 20


def badge(grade: str, score: Decimal, language: str) -> str:
    """An SVG picture with the words in a language, 20 pixels high."""
    name = translate(_LABEL, language)
    figures = f"{grade} · {percent(score, 1)}"
    left, right = _width(name) + 14, _width(figures) + 14
    title = translate(_TITLE.of(grade=grade, score=percent(score, 1)), language)
    font: dict[str, str | int] = {"font_size": 12, "fill": "#ffffff", "text_anchor": "middle", "y": 14}
    family = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
    picture = element(
        "svg",
        element("title", title),
        element("rect", width=left + right, height=_HEIGHT, rx=3, fill="#3e4c59"),
        element(
            "path",
            d=f"M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z",
            fill=GRADE_COLOURS.get(grade, GRADE_COLOURS["E"]),
        ),
        element("text", name, x=f"{left / 2:g}", textLength=left - 14, **font),
        element(
            "text", figures, x=f"{left + right / 2:g}", textLength=right - 14, font_weight="bold", **font
        ),
        xmlns=SVG,
        width=left + right,
        height=_HEIGHT,
        viewBox=f"0 0 {left + right} {_HEIGHT}",
        role="img",
        font_family=family,
    )
    return written(picture)


def _width(text: str) -> int:
    """About how wide a text of twelve pixels is."""
    return round(sum(12 if ord(character) > 0x2E7F else 6.8 for character in text))
