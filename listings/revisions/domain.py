"""What a new revision may hold: no more than is authorised, no less than buyers rely on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.messages import Message
from listings.ingest.result import Column, IngestOptions
from listings.revisions.errors import ColumnsUnauthorised, SchemaBroken
from quality.states import QualityStatus

TRY_OUT_JOB = "revisions.try_out"
"""Kind of the job that tries out, by the data plane's own code, a revision that has passed: ``{"revision_id"}``."""


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """One immutable revision, as other slices and the floors above need it.

    :ivar object_key: of the Parquet file in the object store.
    :ivar columns: in the data's order.
    :ivar row_bytes: of the widest row; None for a revision from before it was measured.
    """

    id: UUID
    product_id: UUID
    number: int
    object_key: str
    sha256: str
    columns: tuple[Column, ...]
    rows: int
    row_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedRevision:
    """A revision with the status of its quality check and the size of its sample."""

    facts: RevisionFacts
    quality: QualityStatus
    sample_rows: int


def recorded_options(profile: Mapping[str, Any]) -> IngestOptions:
    """What was stated about the file of a revision; nothing for one from before there were options."""
    recorded = profile.get("options")
    return IngestOptions.from_json(recorded) if recorded is not None else IngestOptions()


def require_columns_authorised(columns: Iterable[Column], authorised: Sequence[str] | None) -> None:
    """Refuse data that goes beyond the authorisation.

    :param authorised: column names, or None for all columns.
    :raises ColumnsUnauthorised: names the columns that are too many.
    """
    if authorised is None:
        return
    beyond = [column.name for column in columns if column.name not in set(authorised)]
    if beyond:
        raise ColumnsUnauthorised(
            Message("The authorisation does not cover: {beyond}.", beyond=", ".join(beyond[:20])),
            remedy=Message("Leave these columns out of the file, or have the owner authorise them."),
            columns=beyond[:100],
        )


def require_compatible(before: Iterable[Column], now: Iterable[Column]) -> None:
    """Refuse a revision of a published product that drops or retypes a column; adding one is fine.

    :raises SchemaBroken: names the columns.
    """
    kinds = {column.name: column.kind for column in now}
    broken = [
        f"{column.name} (was {column.kind}, now {kinds.get(column.name, 'absent')})"
        for column in before
        if kinds.get(column.name) is not column.kind
    ]
    if broken:
        raise SchemaBroken(
            Message("Buyers rely on: {broken}.", broken=", ".join(broken[:20])),
            remedy=Message(
                "Keep names and kinds of the published columns, or list a new product. If the published data cannot be"
                " read, send the file again in a minute: it is being tried out, and withdrawn when it cannot be served."
            ),
        )
