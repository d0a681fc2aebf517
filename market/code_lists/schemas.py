"""What code lists look like over HTTP."""

from infra.schema import Output


class CodeRead(Output):
    """One code with its labels."""

    code: str
    zh: str
    en: str


class CodeListRead(Output):
    """One list of codes, in the order in which they are shown."""

    name: str
    codes: list[CodeRead]


class CodeLists(Output):
    """Every list of codes that the interface uses."""

    items: list[CodeListRead]
