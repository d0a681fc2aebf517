"""What code lists look like over HTTP."""

from pydantic import Field

from infra.labels import Label
from infra.schema import Output
from listings.resources.domain import Theme, ThemeAxis


class CodeRead(Output):
    """One code with its labels."""

    code: str
    zh: str
    en: str


class ThemeCodeRead(CodeRead):
    """A code of the taxonomy."""

    axis: ThemeAxis = Field(description="base (基础库) or theme (主题库)")


class CodeListRead(Output):
    """One list of codes, in the order in which they are shown."""

    name: str
    codes: list[ThemeCodeRead | CodeRead]


class CodeLists(Output):
    """Every list of codes that the interface uses."""

    items: list[CodeListRead]


def code_read(code: str, label: Label) -> CodeRead:
    """Map a code with its labels."""
    if isinstance(label, Theme):
        return ThemeCodeRead(code=code, zh=label.zh, en=label.en, axis=label.axis)
    return CodeRead(code=code, zh=label.zh, en=label.en)
