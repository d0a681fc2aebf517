"""Use cases of revisions: which there are, which of them buyers read, and what was found in them.

Whoever can access a product can access its revisions.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from infra.auth import SYSTEM, Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import service as identity
from infra.messages import Message
from infra.paging import PageRequest
from infra.stops import service as stops
from infra.stops.tables import Stop
from listings.ingest.result import Column, Kind
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.revisions import repository
from listings.revisions.differences import ColumnDifference
from listings.revisions.disclosure import Disclosure, get_disclosure, is_withheld
from listings.revisions.domain import (
    CheckedRevision,
    CurrentRevision,
    RevisionFacts,
    SchemaNotice,
)
from listings.revisions.errors import RevisionSuspended
from listings.revisions.tables import ProductRevision, SchemaChange
from quality.runs import service as quality
from quality.runs.states import QualityStatus

SUBJECT = "revision"

LOOK_BACK = 50
"""How many of the newest revisions are looked at for one that has passed."""


def facts_of(row: ProductRevision) -> RevisionFacts:
    """Map a row."""
    return RevisionFacts(
        id=row.id,
        product_id=row.product_id,
        number=row.number,
        object_key=row.object_key,
        sha256=row.sha256,
        columns=tuple(Column(**{**column, "kind": Kind(column["kind"])}) for column in row.columns),
        rows=row.rows,
        row_bytes=row.profile.get("row_bytes"),
    )


async def find_facts(session: AsyncSession, revision_id: UUID) -> RevisionFacts | None:
    """A revision, whoever asks."""
    row = await repository.get(session, revision_id)
    return facts_of(row) if row else None


async def list_product_ids(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of products that have revisions, in their order, from after one on."""
    return await repository.list_product_ids(session, after, limit)


async def list_newest(session: AsyncSession, product_id: UUID, limit: int) -> Sequence[ProductRevision]:
    """The newest revisions of a product, checked or not, newest first."""
    return await repository.list_newest(session, product_id, limit)


async def list_before(session: AsyncSession, row: ProductRevision, limit: int) -> Sequence[ProductRevision]:
    """The revisions of the same product before one, newest first."""
    return await repository.list_before(session, row, limit)


async def find_newest(session: AsyncSession, product_id: UUID) -> RevisionFacts | None:
    """The newest revision, checked or not."""
    rows = await repository.list_newest(session, product_id, 1)
    return facts_of(rows[0]) if rows else None


async def find_newest_checked(session: AsyncSession, product_id: UUID) -> CheckedRevision | None:
    """The newest revision with the status of its quality check."""
    rows = await repository.list_newest(session, product_id, 1)
    if not rows:
        return None
    status = (await get_quality_statuses(session, rows))[rows[0].id]
    suspended = bool(await stops.active(session, [rows[0].id]))
    return CheckedRevision(facts_of(rows[0]), status, len(rows[0].sample), suspended)


async def find_newest_passed(session: AsyncSession, product_id: UUID) -> ProductRevision | None:
    """The revision that is read as the latest: it has passed, its schema is in force, and it may be shown.

    A bad new one, or one that was suspended or recalled, leaves the last good one in service, and so does one with
    personal information that contradicts what was declared.
    """
    passed, stopped = await _passed(session, product_id)
    for row in passed:
        if not stopped[row.id] and not await is_withheld(session, row):
            return row
    return None


async def find_newest_promised(
    session: AsyncSession, product_id: UUID, *, besides: Collection[UUID] = ()
) -> ProductRevision | None:
    """The newest revision that has passed and whose schema is in force, suspended or not: whose columns buyers rely on.

    One that was recalled for good, or never shown, promises nothing, unless there is no other.

    :param besides: revisions that promise nothing either.
    """
    passed, stopped = await _passed(session, product_id)
    for row in passed:
        if (
            row.id not in besides
            and not any(stop.final for stop in stopped[row.id])
            and not await is_withheld(session, row)
        ):
            return row
    return next(iter(passed), None)


async def list_passed(session: AsyncSession, product_id: UUID) -> list[ProductRevision]:
    """The newest revisions whose quality check has passed, newest first, stopped or not."""
    return (await _passed(session, product_id))[0]


async def list_readable(session: AsyncSession, product_id: UUID) -> list[ProductRevision]:
    """The newest revisions that buyers read, or will once checked and their schema is in force, stopped or not."""
    newest = await repository.list_newest(session, product_id, LOOK_BACK)
    return list({row.id: row for row in (*newest, *await list_passed(session, product_id))}.values())


async def _passed(
    session: AsyncSession, product_id: UUID
) -> tuple[list[ProductRevision], Mapping[UUID, list[Stop]]]:
    """The released revisions that have passed, the one to read first, and the active stops on each."""
    rows = await repository.list_released(session, product_id, LOOK_BACK)
    statuses = await get_quality_statuses(session, rows)
    passed = [row for row in rows if statuses.get(row.id) is QualityStatus.PASSED]
    stopped: dict[UUID, list[Stop]] = {row.id: [] for row in passed}
    for stop in await stops.active(session, list(stopped)):
        stopped[stop.subject_id].append(stop)
    return passed, stopped


async def is_released(session: AsyncSession, row: ProductRevision) -> bool:
    """Whether the schema of a revision is in force or was."""
    return await repository.is_released(session, row)


async def is_revision_withheld(session: AsyncSession, revision_id: UUID) -> bool:
    """Whether a revision is shown to nobody, since what was detected in it contradicts what was declared."""
    row = await repository.get(session, revision_id)
    return row is not None and await is_withheld(session, row)


async def get_current_revision(session: AsyncSession, product_id: UUID) -> RevisionFacts:
    """The revision that is read as the latest, see `find_newest_passed`. Asks no status of the product.

    :raises NotFound: there is none.
    :raises RevisionSuspended: all that have passed are suspended.
    """
    return facts_of(await _current(session, product_id))


async def get_current(session: AsyncSession, product_id: UUID) -> CurrentRevision:
    """As `get_current_revision`, with the change that was announced and is to take its place."""
    row = await _current(session, product_id)
    change = await repository.pending_change(session, product_id)
    if change is None:
        return CurrentRevision(facts_of(row))
    notice = notice_of(change)
    left = (notice.effective_at - await now(session)).total_seconds()
    return CurrentRevision(facts_of(row), notice, left)


async def find_notice(session: AsyncSession, product_id: UUID) -> SchemaNotice | None:
    """The change of a product's columns that was announced and is not in force yet."""
    change = await repository.pending_change(session, product_id)
    return notice_of(change) if change else None


def notice_of(change: SchemaChange) -> SchemaNotice:
    """Map a row that was announced."""
    assert change.announced_at is not None
    assert change.effective_at is not None
    return SchemaNotice(
        product_id=change.product_id,
        revision_id=change.revision_id,
        announced_at=change.announced_at,
        effective_at=change.effective_at,
        reason=change.reason or "",
        breaking=tuple(ColumnDifference.from_json(item) for item in change.breaking),
    )


async def get_current_report(
    session: AsyncSession, product_id: UUID
) -> tuple[ProductRevision, quality.Report]:
    """The revision that buyers read, with the report of its quality check.

    :raises NotFound: there is none.
    """
    row = await _current(session, product_id)
    report = await quality.find_report(session, row.id)
    assert report is not None, "a revision has passed by its report"
    return row, report


async def _current(session: AsyncSession, product_id: UUID) -> ProductRevision:
    passed, stopped = await _passed(session, product_id)
    if not passed:
        raise NotFound(
            Message("The product has no revision that has passed its quality check."),
            remedy=Message("Ask again when its operator has uploaded one."),
        )
    for row in passed:
        if not stopped[row.id] and not await is_withheld(session, row):
            return row
    if not stopped[passed[0].id]:
        raise NotFound(
            Message(
                "The product's data is not shown: personal information was detected that was not declared."
            ),
            remedy=Message(
                "Ask again when its operator has declared it, or a regulator has decided;"
                " GET /v1/products/{product_id}/content-findings shows both where it stands."
            ),
        )
    lasting = [row for row in passed if not any(stop.final for stop in stopped[row.id])]
    if not lasting:
        raise _recalled(stopped[passed[0].id][0].reason)
    raise await _suspended(session, stopped[lasting[0].id][0])


def _recalled(reason: str) -> RevisionSuspended:
    return RevisionSuspended(
        Message("The product's data was recalled: {reason}", reason=reason),
        remedy=Message("Calls go through again as soon as the operator has uploaded other data."),
    )


async def _suspended(session: AsyncSession, stop: Stop) -> RevisionSuspended:
    if stop.placed_by_organisation == SYSTEM.organisation_id:
        return RevisionSuspended(
            Message("The product's data may not be offered: {reason}", reason=stop.reason),
            remedy=Message(
                "Calls go through again as soon as that has been settled, or the operator has uploaded other data."
            ),
        )
    kinds = await identity.kinds(session, [stop.placed_by_organisation])
    placer = kinds.get(stop.placed_by_organisation, OrganisationKind.PLATFORM)
    return RevisionSuspended(
        Message("The {placer} has suspended the product's data: {reason}", placer=placer, reason=stop.reason),
        remedy=Message(
            "Ask the {placer}, who can lift it. Calls go through again as soon as it has been lifted, or the operator"
            " has uploaded other data.",
            placer=placer,
        ),
    )


async def get_quality_statuses(
    session: AsyncSession, rows: Sequence[ProductRevision]
) -> dict[UUID, QualityStatus]:
    """The status of the quality check of each revision."""
    return await quality.get_statuses(session, [row.id for row in rows])


async def get_quality_errors(session: AsyncSession, rows: Sequence[ProductRevision]) -> dict[UUID, str]:
    """Why the quality check of a revision could not be carried out, where it could not."""
    return await quality.get_errors(session, [row.id for row in rows])


async def access_revision(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> tuple[ProductRevision, QualityStatus]:
    """A revision of a product the actor can access, with the status of its quality check.

    :raises NotFound: there is none the actor can access.
    """
    row = await repository.get(session, revision_id)
    if row is None or await products.find_visible(session, actor, row.product_id) is None:
        raise no_such_revision()
    return row, (await get_quality_statuses(session, [row]))[row.id]


async def list_revisions(
    session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductRevision], dict[UUID, QualityStatus], str | None]:
    """One page of the revisions of a product the actor can access, newest first, with their quality statuses.

    :raises NotFound: there is no product the actor can access.
    """
    await products.access_product(session, actor, product_id)
    rows, following = await repository.list_of_product(session, product_id, page)
    return rows, await get_quality_statuses(session, rows), following


async def get_sample(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> tuple[ProductRevision, Disclosure]:
    """A revision of a product the actor can access, with what may be shown of it.

    :raises NotFound: there is none the actor can access.
    """
    row = await repository.get(session, revision_id)
    product = await products.find_visible(session, actor, row.product_id) if row else None
    if row is None or product is None:
        raise no_such_revision()
    return row, await get_disclosure(session, product, row)


async def find_row(session: AsyncSession, revision_id: UUID) -> ProductRevision:
    """A revision, whoever asks, for slices that have decided themselves who can access what rests on it.

    :raises NotFound: there is none.
    """
    row = await repository.get(session, revision_id)
    if row is None:
        raise no_such_revision()
    return row


async def find_newest_disclosure(session: AsyncSession, product: DataProduct) -> Disclosure | None:
    """What may be shown of the newest revision, checked or not; None while there is none."""
    rows = await repository.list_newest(session, product.id, 1)
    return await get_disclosure(session, product, rows[0]) if rows else None


async def publish_if_current(session: AsyncSession, revision_id: UUID) -> None:
    """Tell the product's parties that buyers read this revision, if they do: the newest that has passed its check."""
    row = await repository.get(session, revision_id)
    if row is None:
        return
    product = await products.find_product(session, row.product_id)
    current = await find_newest_passed(session, row.product_id)
    if product is None or current is None or current.id != row.id:
        return
    await publish_event(session, row, product, EventKind.REVISION_PUBLISHED)
    await repository.notify(session, row.product_id)


async def publish_if_another(session: AsyncSession, product_id: UUID, before: ProductRevision | None) -> None:
    """Tell the product's parties which revision buyers read now, if it is another than before."""
    current = await find_newest_passed(session, product_id)
    if current is not None and (before is None or before.id != current.id):
        await publish_if_current(session, current.id)


async def publish_event(
    session: AsyncSession, row: ProductRevision, product: DataProduct, kind: EventKind, **more: str | None
) -> None:
    """Tell the product's parties what happened to a revision.

    :param more: what is told besides its product and its number.
    """
    await events.publish(
        session,
        kind,
        subject_id=row.id,
        organisations=(product.operator_id, product.owner_id),
        payload={"product_id": str(product.id), "number": row.number, **more},
    )


async def notify_changed(session: AsyncSession, product_id: UUID) -> None:
    """Have every process look anew, once this transaction commits, at what buyers of a product may read."""
    await repository.notify(session, product_id)


async def hold_registrations(session: AsyncSession) -> None:
    """Have no revision of any product registered until the transaction ends, which decides what may not be."""
    await repository.hold_registrations(session)


async def list_same_data(session: AsyncSession, rows: Sequence[ProductRevision]) -> Sequence[ProductRevision]:
    """Revisions of any product with the data of some, these included, that are not purged."""
    return await repository.list_same_data(session, rows)


async def publish_successor(session: AsyncSession, revision_id: UUID) -> None:
    """Tell the product's parties which revision buyers read in place of one that was withdrawn, if there is one."""
    withdrawn = await repository.get(session, revision_id)
    current = await find_newest_passed(session, withdrawn.product_id) if withdrawn else None
    if current is not None:
        await publish_if_current(session, current.id)


def no_such_revision() -> NotFound:
    """What to tell whoever names a revision that is not there for them."""
    return NotFound(
        Message("There is no such revision."),
        remedy=Message("GET /v1/products/{product_id}/revisions lists those of a product you can access."),
    )
