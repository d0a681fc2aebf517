"""What a run is told besides the revision and the checks, and what it tells on its way. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

LOCAL_ZONE = "Asia/Shanghai"
"""The time zone of times that carry none: the one that public data of the country is kept in."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What checks of times and of other products' data are held against.

    :param arrived_at: when the revision was received, with its time zone; None where that is not known.
    :param references: local Parquet files of other products' revisions, by ``reference_key``.
    :param zones: names of time zones (IANA) of the clocks that columns of times are of, by column: ``UTC`` where the
        file's times carried offsets. Others are of `LOCAL_ZONE`.
    """

    arrived_at: datetime | None = None
    references: Mapping[str, Path] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)

    def zone_of(self, column: str) -> str:
        """The time zone of a column's clock."""
        return self.zones.get(column, LOCAL_ZONE)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_json`` reads it back."""
        return {
            "arrived_at": None if self.arrived_at is None else self.arrived_at.isoformat(),
            "references": {key: str(path) for key, path in self.references.items()},
            "zones": dict(self.zones),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        arrived_at = document["arrived_at"]
        return cls(
            arrived_at=None if arrived_at is None else datetime.fromisoformat(arrived_at),
            references={key: Path(path) for key, path in document["references"].items()},
            zones=dict(document.get("zones", {})),
        )


def reference_key(product_id: str, column: str) -> str:
    """The key of a referenced column in ``RunFacts.references``."""
    return f"{product_id}:{column}"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    :param done: checks that have been carried out, of so many.
    :param check: name of the one it is at; empty where it is at several.
    """

    done: int
    of: int
    check: str = ""


OnProgress = Callable[[RunProgress], None]
"""Called with how far a run is; it must return at once."""
