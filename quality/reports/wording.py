"""How the page says things in the reader's language. Pure."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol
from xml.etree.ElementTree import Element

from infra.labels import label
from infra.messages import Message, translate
from quality.checks import ToleranceUnit
from quality.reports.markup import element
from quality.reports.schemas import ToleranceRead


class Told(Protocol):
    """What has a sentence in both languages."""

    sentence_zh: str
    sentence_en: str


class Wording:
    """Texts in one language.

    :param language: ``zh`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: str) -> str:
        """A text of the page: a message in the language, any other as it is."""
        return translate(text, self.language)

    def of(self, code: StrEnum) -> str:
        """The label of a code."""
        found = label(code)
        if found is None:
            return code.value
        return found.zh if self.language == "zh" else found.en

    def sentence(self, told: Told) -> str:
        """What came of a check."""
        return told.sentence_zh if self.language == "zh" else told.sentence_en

    def tolerance(self, tolerance: ToleranceRead) -> str:
        """How much may fail."""
        limit = f"{tolerance.limit:f}"
        limit = limit.rstrip("0").rstrip(".") if "." in limit else limit
        if limit == "0":
            return self(Message("none may fail"))
        if tolerance.unit is ToleranceUnit.PERCENT:
            return self(Message("may fail: {limit} %", limit=limit))
        return self(Message("rows that may fail: {limit}", limit=limit))

    def table(
        self,
        heads: Sequence[str],
        lines: Sequence[Element],
        *,
        figures: int = 0,
        figure_columns: Collection[int] = (),
        class_: str | None = None,
    ) -> Element:
        """A table that scrolls by itself where the screen is narrow.

        :param figures: how many of the last columns hold figures; ``figure_columns`` names them one by one.
        """
        right = set(figure_columns) | set(range(len(heads) - figures, len(heads)))
        names = [
            element("th", self(head), scope="col", class_="figure" if place in right else None)
            for place, head in enumerate(heads)
        ]
        made = element(
            "table", element("thead", element("tr", *names)), element("tbody", *lines), class_=class_
        )
        return element("div", made, class_="wide")


def moment(at: datetime) -> str:
    """A time for a person, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
