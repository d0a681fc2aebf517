"""Use cases of reading a certain revision: by a cursor, under a remembered key, or pinned by a licence."""

from datetime import datetime
from uuid import UUID

from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.stops import service as stops
from listings.revisions import repository
from listings.revisions.disclosure import is_withheld
from listings.revisions.domain import ReadableRevision, RevisionFacts
from listings.revisions.errors import RevisionNotReadable
from listings.revisions.service import (
    LOOK_BACK,
    facts_of,
    get_quality_errors,
    get_quality_statuses,
)
from listings.revisions.states import ChangeStatus
from listings.revisions.tables import ProductRevision
from quality.runs.states import QualityStatus


async def find_readable_revision(
    session: AsyncSession, product_id: UUID, revision_id: UUID
) -> ReadableRevision | None:
    """A revision of a product for whoever began to read it, or is pinned to it; None when there is no such one.

    One that is suspended or recalled, or whose newest check has not passed, is not to be read, nor is one with personal
    information that contradicts what was declared.
    """
    row = await repository.get(session, revision_id)
    if row is None or row.product_id != product_id:
        return None
    further = await repository.list_after(session, row, LOOK_BACK)
    statuses = await get_quality_statuses(session, [row, *further])
    recalled = next(iter((await stops.reasons(session, [row.id]))[row.id]), None)
    if recalled is None and row.purged_at is not None:
        recalled = ""
    if recalled is None and statuses.get(row.id) is not QualityStatus.PASSED:
        recalled = (await get_quality_errors(session, [row])).get(row.id, "")
    if recalled is None and await is_withheld(session, row):
        recalled = ""
    began, ended = await _in_force(session, row)
    following = [later.uploaded_at for later in further if statuses.get(later.id) is QualityStatus.PASSED]
    replaced = [moment for moment in (*following[:1], ended) if moment is not None]
    return ReadableRevision(
        facts_of(row),
        recalled=recalled,
        replaced_at=min(replaced, default=None),
        released=began,
    )


async def _in_force(session: AsyncSession, row: ProductRevision) -> tuple[bool, datetime | None]:
    """Whether a revision's schema is in force or was, and since when another is."""
    changes, moment = await repository.list_changes(session, row.product_id), await now(session)
    since = {
        change.version: change.effective_at
        for change in changes
        if change.status is ChangeStatus.ANNOUNCED and change.effective_at and change.effective_at <= moment
    }
    if row.schema_version == 1:
        return True, min(since.values(), default=None)
    began = since.get(row.schema_version)
    if began is None:
        return False, None
    return True, min((other for other in since.values() if other > began), default=None)


async def get_pinnable(session: AsyncSession, product_id: UUID, revision_id: UUID) -> RevisionFacts:
    """A revision of a product that a licence can be pinned to: one that is read, was read, or is announced.

    :raises NotFound: the product has no such revision, or it was never announced.
    :raises RevisionNotReadable: it was recalled, suspended, or has not passed its check.
    """
    found = await find_readable_revision(session, product_id, revision_id)
    row = await repository.get(session, revision_id)
    change = await repository.pending_change(session, product_id)
    announced = row is not None and change is not None and change.version == row.schema_version
    if found is None or not (found.released or announced):
        raise NotFound(
            Message("The product has no revision {revision_id} that can be read.", revision_id=revision_id),
            remedy=Message(
                "GET /v1/catalogue/{product_id}/revisions lists those there are; or order `latest`.",
                product_id=product_id,
            ),
        )
    if found.recalled is not None:
        raise RevisionNotReadable(
            Message("The revision is not read any more: {reason}", reason=found.recalled)
            if found.recalled
            else Message("The revision has not passed its check, or may not be shown."),
            remedy=Message(
                "Choose another of GET /v1/catalogue/{product_id}/revisions, or order `latest`.",
                product_id=product_id,
            ),
        )
    return found.facts
