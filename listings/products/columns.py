"""Columns declared before there is a file: of which type, in which unit, written in which format. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.messages import Message
from listings.ingest.expected import NUMERIC_KINDS, TypedColumn
from listings.ingest.formats import DATE_FORMATS, NUMBER_FORMATS
from listings.ingest.readings import DATED_KINDS
from listings.ingest.result import Kind
from listings.products.errors import DeclarationRefused


@dataclass(frozen=True, slots=True)
class DeclaredColumn(TypedColumn):
    """What the files of a product hold under a name.

    :ivar unit: of measure, as written to people, or None.
    :ivar offsets: whether times carry offsets, and so are instants.
    """

    unit: str | None = None
    offsets: bool = False

    @property
    def zone(self) -> str | None:
        """As of `Column`: UTC for instants."""
        return "UTC" if self.offsets else None


def require_declarable(declared: Sequence[DeclaredColumn]) -> None:
    """Refuse declarations that contradict themselves or each other.

    :raises DeclarationRefused: names the column.
    """
    seen: set[str] = set()
    for column in declared:
        if column.name.casefold() in seen:
            raise _refused(column, Message("It is declared more than once, compared without case."))
        seen.add(column.name.casefold())
        _require_consistent(column)


def _require_consistent(column: DeclaredColumn) -> None:
    if column.offsets and column.kind is not Kind.TIMESTAMP:
        raise _refused(column, Message("Only times of the kind timestamp carry offsets."))
    if column.format in NUMBER_FORMATS and column.kind not in NUMERIC_KINDS:
        raise _refused(column, Message("Its format is one of numbers, and its kind is not."))
    if column.format in DATE_FORMATS and (column.kind not in DATED_KINDS or column.offsets):
        raise _refused(column, Message("Its format is one of dates without offsets, and its kind is not."))


def _refused(column: DeclaredColumn, why: Message) -> DeclarationRefused:
    return DeclarationRefused(
        Message("Column {name}: {why}", name=column.name, why=why),
        remedy=Message("Declare each column once, with a format that goes with its kind."),
        column=column.name,
    )
