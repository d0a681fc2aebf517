"""Charts of a report, as SVG. Pure: figures in, elements out; each stands beside a table of the same figures.

Colours never speak alone: what failed has another shape or a word as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element

from quality.reports.markup import SVG, element

GRADE_COLOURS = {"A": "#1b7f4b", "B": "#437a0c", "C": "#8f6200", "D": "#b34f0b", "E": "#b3261e"}
INK, FAINT, TRACK, ACCENT, BAD = "#1f2933", "#52606d", "#e4e9ee", "#2563a8", "#b3261e"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a share between 0 and 1 with the figures it is made of; no share is drawn where it was not measured."""

    name: str
    value: Decimal | None
    figures: str


@dataclass(frozen=True, slots=True)
class Point:
    """One revision of a trend."""

    number: int
    score: Decimal
    grade: str
    passed: bool


def percent(value: Decimal, places: int = 2) -> str:
    """A share as a percentage, cut and not rounded up: 0.999999 is 99.99 %."""
    scale = 10**places
    whole, rest = divmod(int(value * 100 * scale), scale)
    return f"{whole}.{rest:0{places}d} %" if places else f"{whole} %"


def dial(score: Decimal, grade: str, title: str) -> Element:
    """The score as an arc around its grade."""
    radius, centre = 70, 90
    length = 2 * math.pi * radius
    filled = length * float(score)
    ring: dict[str, str | int] = {"cx": centre, "cy": centre, "r": radius, "fill": "none", "stroke_width": 16}
    return _picture(
        180,
        180,
        title,
        element("circle", stroke=TRACK, **ring),
        element(
            "circle",
            stroke=GRADE_COLOURS.get(grade, BAD),
            stroke_dasharray=f"{filled:.2f} {length - filled + 1:.2f}",
            stroke_linecap="butt",
            transform=f"rotate(-90 {centre} {centre})",
            **ring,
        ),
        _text(centre, 96, grade, size=56, weight="bold", fill=GRADE_COLOURS.get(grade, BAD), anchor="middle"),
        _text(centre, 126, percent(score), size=18, fill=INK, anchor="middle"),
        class_="dial",
    )


def bars(rows: Sequence[Bar], title: str, absent: str) -> Element:
    """A bar for each dimension, with its figures at the right.

    :param absent: what is written where nothing was measured.
    """
    step, left, width, top = 34, 122, 180, 4
    drawn: list[Element] = []
    for place, row in enumerate(rows):
        y = top + place * step
        middle = y + 19
        drawn.append(_text(left - 12, middle, row.name, size=15, fill=INK, anchor="end"))
        if row.value is None:
            drawn.append(
                element(
                    "rect",
                    x=left,
                    y=y + 4,
                    width=width,
                    height=20,
                    rx=3,
                    fill="none",
                    stroke="#9aa5b1",
                    stroke_dasharray="5 4",
                )
            )
            drawn.append(_text(left + 10, middle, absent, size=13, fill=FAINT))
            continue
        filled = f"{width * float(row.value):.2f}"
        drawn += [
            element("rect", x=left, y=y + 4, width=width, height=20, rx=3, fill=TRACK),
            element("rect", x=left, y=y + 4, width=filled, height=20, rx=3, fill=ACCENT),
            _text(left + width + 12, middle, percent(row.value), size=15, fill=INK, weight="bold"),
            _text(left + width + 98, middle, row.figures, size=12, fill=FAINT),
        ]
    return _picture(520, top * 2 + step * len(rows), title, *drawn, class_="bars")


def trend(points: Sequence[Point], title: str) -> Element:
    """The score of each revision, oldest first; a circle where it passed, a cross where it failed."""
    left, top, width, height = 62, 18, 440, 150
    lowest = _floor(min((point.score for point in points), default=Decimal(0)))
    span = Decimal(1) - lowest

    def across(place: int) -> float:
        return left + 20 + (width - 40) * (place / (len(points) - 1) if len(points) > 1 else 0.5)

    def down(score: Decimal) -> float:
        return top + height * float((Decimal(1) - score) / span)

    drawn: list[Element] = []
    for line in range(5):
        level = lowest + span * line / 4
        y = f"{down(level):.2f}"
        drawn.append(element("line", x1=left, y1=y, x2=left + width, y2=y, stroke=TRACK))
        drawn.append(_text(left - 8, down(level) + 4, percent(level, 1), size=11, fill=FAINT, anchor="end"))
    path = " ".join(f"{across(place):.2f},{down(point.score):.2f}" for place, point in enumerate(points))
    if len(points) > 1:
        drawn.append(element("polyline", points=path, fill="none", stroke=ACCENT, stroke_width=2))
    every = max(1, math.ceil(len(points) / 12))
    for place, point in enumerate(points):
        x, height_of = across(place), down(point.score)
        drawn.append(_mark(x, height_of, passed=point.passed))
        if place % every == 0 or place == len(points) - 1:
            above = height_of - 10 if height_of - 10 > top else height_of + 20
            drawn.append(_text(x, above, point.grade, size=12, fill=INK, anchor="middle", weight="bold"))
            drawn.append(_text(x, top + height + 20, str(point.number), size=11, fill=FAINT, anchor="middle"))
    return _picture(520, top + height + 34, title, *drawn, class_="trend")


def share(satisfied: int, evaluated: int, *, passed: bool, title: str) -> Element:
    """A small bar: the share of the rows that are as they should be."""
    filled = 80 * satisfied / evaluated if evaluated else 0
    return _picture(
        80,
        8,
        title,
        element("rect", width=80, height=8, rx=2, fill=TRACK if passed else "#f3c7c3"),
        element("rect", width=f"{filled:.2f}", height=8, rx=2, fill=ACCENT if passed else BAD),
        class_="share",
    )


def _mark(x: float, y: float, *, passed: bool) -> Element:
    if passed:
        return element("circle", cx=f"{x:.2f}", cy=f"{y:.2f}", r=5, fill=ACCENT)
    arms = f"M{x - 5:.2f} {y - 5:.2f}L{x + 5:.2f} {y + 5:.2f}M{x - 5:.2f} {y + 5:.2f}L{x + 5:.2f} {y - 5:.2f}"
    return element("path", d=arms, stroke=BAD, stroke_width=3, fill="none")


def _floor(score: Decimal) -> Decimal:
    """The lower end of the axis: a step of five percent below the lowest score, none below zero, none above 0.8."""
    steps = int(score * 20) - 1
    return min(Decimal("0.8"), max(Decimal(0), Decimal(steps) / 20))


def _text(
    x: float,
    y: float,
    content: str,
    *,
    size: int,
    fill: str,
    anchor: str = "start",
    weight: str | None = None,
) -> Element:
    return element(
        "text",
        content,
        x=f"{x:g}",
        y=f"{y:g}",
        font_size=size,
        fill=fill,
        text_anchor=anchor,
        font_weight=weight,
    )


def _picture(width: int, height: int, title: str, *drawn: Element, class_: str) -> Element:
    return element(
        "svg",
        element("title", title),
        *drawn,
        xmlns=SVG,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        class_=class_,
    )
