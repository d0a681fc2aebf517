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
    axis: ThemeAxis | None = Field(
        description="Of a code of the taxonomy: base (基础库) or theme (主题库); null of all others"
    )


class CodeListRead(Output):
    """One list of codes, in the order in which they are shown."""

    name: str
    codes: list[CodeRead]


class CodeLists(Output):
    """Every list of codes that the interface uses."""

    items: list[CodeListRead]


def code_read(code: str, label: Label) -> CodeRead:
    """Map a code with its labels."""
    axis = label.axis if isinstance(label, Theme) else None
    return CodeRead(code=code, zh=label.zh, en=label.en, axis=axis)
