"""What a new revision may hold: no more than is authorised, no less than buyers rely on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.messages import Message
from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import Column, IngestOptions
from listings.products.columns import DeclaredColumn
from listings.revisions.differences import ColumnDifference
from listings.revisions.errors import ColumnsUnauthorised, DeclaredColumnsMissing
from quality.runs.states import QualityStatus

SAMPLE_JOB = "samples.refresh"
"""Kind of the job that brings the sample of a revision up to the rules of now: ``{"revision_id"}``."""

TRY_OUT_JOB = "revisions.try_out"
"""Kind of the job that tries out, by the data plane's own code, a revision that has passed: ``{"revision_id"}``."""


CHANNEL = "revisions_changed"
"""Notified with a product's id when what its buyers may read has changed, or with :data:`PURGED`."""

PURGED = "purged"


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
class SchemaNotice:
    """A change of the columns that was announced to licensees and is not in force yet.

    :ivar revision_id: the first revision that follows the new schema; it can be pinned meanwhile.
    :ivar effective_at: from this moment on the new schema is the latest.
    """

    product_id: UUID
    revision_id: UUID
    announced_at: datetime
    effective_at: datetime
    reason: str
    breaking: tuple[ColumnDifference, ...]


@dataclass(frozen=True, slots=True)
class CurrentRevision:
    """What buyers read as the latest.

    :ivar notice: of the change that will take its place; None while none is announced.
    :ivar seconds_left: until that change is in force, from when this was looked up.
    """

    facts: RevisionFacts
    notice: SchemaNotice | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class CheckedRevision:
    """A revision with the status of its quality check, the size of its sample, and whether it is suspended."""

    facts: RevisionFacts
    quality: QualityStatus
    sample_rows: int
    suspended: bool


@dataclass(frozen=True, slots=True)
class ReadableRevision:
    """A revision that somebody began to read.

    :ivar recalled: why it must not be read any more, empty when nothing was said; None while it may.
    :ivar replaced_at: when the revision came that buyers read after it; None while there is none.
    :ivar released: whether its schema is in force or was; otherwise only a licence pinned to it reads it.
    """

    facts: RevisionFacts
    recalled: str | None
    replaced_at: datetime | None
    released: bool = True


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


def expected_columns(
    published: Sequence[Column], declared: Sequence[DeclaredColumn]
) -> tuple[ExpectedColumn, ...]:
    """What the next file is read as: published columns with their types, declared ones with theirs.

    A declaration of a published column adds how its values are written, and whether they may be missing; one of another
    type says that the column is to change.
    """
    stated = {column.name.casefold(): column for column in declared}
    found = []
    for column in published:
        known = stated.get(column.name.casefold())
        if known is not None and (known.kind is not column.kind or known.zone != column.zone):
            continue
        stated.pop(column.name.casefold(), None)
        found.append(
            ExpectedColumn(
                column.name,
                column.kind,
                physical=column.physical,
                zone=column.zone,
                nullable=known is None or known.nullable,
                format=known.format if known and known.kind is column.kind else None,
                published=True,
            )
        )
    found += [
        ExpectedColumn(
            column.name, column.kind, zone=column.zone, nullable=column.nullable, format=column.format
        )
        for column in stated.values()
    ]
    return tuple(found)


def require_declared(declared: Iterable[DeclaredColumn], now: Iterable[Column]) -> None:
    """Refuse a file that lacks declared columns.

    :raises DeclaredColumnsMissing: names them.
    """
    names = {column.name.casefold() for column in now}
    missing = [column.name for column in declared if column.name.casefold() not in names]
    if missing:
        raise DeclaredColumnsMissing(
            Message("The file lacks declared columns: {missing}.", missing=", ".join(missing[:20])),
            remedy=Message(
                "Upload a file with these columns, or leave them out of the declaration with"
                " PUT /v1/products/{product_id}/columns."
            ),
            missing=missing[:100],
        )
