"""Use cases of a product's history: its revisions as buyers see them, and what each differs in from the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.paging import PageRequest
from infra.stops import service as stops
from infra.stops.tables import Stop
from listings.products import service as products
from listings.products.dictionary import concealed_columns
from listings.products.tables import DataProduct
from listings.revisions import repository, service
from listings.revisions.differences import Differences, differences
from listings.revisions.disclosure import get_disclosure, is_withheld
from listings.revisions.states import ChangeStatus, RevisionStatus
from listings.revisions.tables import ProductRevision, SchemaChange
from quality.runs.states import QualityStatus


@dataclass(frozen=True, slots=True)
class RevisionDifferences:
    """A revision and what it differs in from the one before; both None for the first."""

    row: ProductRevision
    before: ProductRevision | None
    differences: Differences | None


@dataclass(frozen=True, slots=True)
class PastRevision:
    """A revision as buyers see it.

    :ivar reason: why it is suspended, recalled or purged.
    :ivar masked: columns of which no value is shown as it is to whoever has not licensed them.
    """

    row: ProductRevision
    status: RevisionStatus
    reason: str | None
    effective_at: datetime | None
    differences: RevisionDifferences
    masked: frozenset[str]


async def get_differences(session: AsyncSession, actor: Actor, revision_id: UUID) -> RevisionDifferences:
    """What a revision differs in from what buyers relied on when it was registered.

    :raises NotFound: the actor cannot access it.
    """
    row = await repository.get(session, revision_id)
    if row is None or await products.find_visible(session, actor, row.product_id) is None:
        raise service.no_such_revision()
    return await _compared(session, row)


async def list_history(
    session: AsyncSession, product: DataProduct, page: PageRequest
) -> tuple[list[PastRevision], str | None]:
    """One page of the revisions of a product that buyers read, could have read or will read, newest first.

    Left out are those that failed their check, that may not be shown, and those of a change that nobody announced.
    """
    rows, following = await repository.list_of_product(session, product.id, page)
    statuses = await service.get_quality_statuses(session, rows)
    changes = {change.version: change for change in await repository.list_changes(session, product.id)}
    stopped = _by_subject(await stops.active(session, [row.id for row in rows]))
    current = await service.find_newest_passed(session, product.id)
    moment = await now(session)
    found = []
    for row in rows:
        change = changes.get(row.schema_version)
        unannounced = change is not None and change.announced_at is None
        if statuses.get(row.id) is not QualityStatus.PASSED or unannounced or await is_withheld(session, row):
            continue
        active = stopped.get(row.id, [])
        masked = concealed_columns((await get_disclosure(session, product, row)).dictionary)
        found.append(
            PastRevision(
                row,
                _status(row, change, active, current.id if current else None, moment),
                next((stop.reason for stop in active), None),
                change.effective_at if change else None,
                await _compared(session, row),
                frozenset(masked),
            )
        )
    return found, following


def _status(
    row: ProductRevision,
    change: SchemaChange | None,
    stopped: Sequence[Stop],
    current_id: UUID | None,
    moment: datetime,
) -> RevisionStatus:
    if row.purged_at is not None:
        return RevisionStatus.PURGED
    if stopped:
        final = any(stop.final for stop in stopped)
        return RevisionStatus.RECALLED if final else RevisionStatus.SUSPENDED
    if change is not None and change.status is ChangeStatus.WITHDRAWN:
        return RevisionStatus.WITHDRAWN
    if change is not None and change.effective_at is not None and change.effective_at > moment:
        return RevisionStatus.ANNOUNCED
    return RevisionStatus.CURRENT if row.id == current_id else RevisionStatus.REPLACED


async def _compared(session: AsyncSession, row: ProductRevision) -> RevisionDifferences:
    before = (
        await repository.get(session, row.previous_id)
        if row.previous_id
        else await repository.find_before(session, row)
    )
    if before is None:
        return RevisionDifferences(row, None, None)
    return RevisionDifferences(
        row,
        before,
        differences(
            service.facts_of(before).columns,
            service.facts_of(row).columns,
            rows_before=before.rows,
            rows=row.rows,
            profile_before=before.profile["columns"],
            profile=row.profile["columns"],
        ),
    )


def _by_subject(active: Sequence[Stop]) -> dict[UUID, list[Stop]]:
    found: dict[UUID, list[Stop]] = {}
    for stop in active:
        found.setdefault(stop.subject_id, []).append(stop)
    return found
