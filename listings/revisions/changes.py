"""Use cases of changes that break: which schema a new revision follows, and from when on it is read as the latest.

A file that programs written for what is read now survive is published as soon as it has passed its check. Any other
begins a further schema of the product, which stays apart until the operator announces it to the licensees, for the days
that the rulebook says; files that fit the new schema meanwhile join it, and files that fit the old one are published as
before. At the end of the notice the newest good revision of the new schema is the latest, by the clock alone; the
licensees are told of it as soon as a worker looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import Forbidden
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import Column
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.revisions import repository, service
from listings.revisions.differences import ColumnDifference, breaking_differences
from listings.revisions.disclosure import is_withheld
from listings.revisions.domain import expected_columns
from listings.revisions.errors import NothingToAnnounce
from listings.revisions.states import CHANGE, ChangeAction, ChangeStatus
from listings.revisions.tables import ProductRevision, SchemaChange
from quality.runs.states import QualityStatus

SUBJECT = "schema_change"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a new revision belongs.

    :ivar version: the schema that it follows.
    :ivar previous_id: what buyers rely on now; None of a product never published.
    :ivar breaking: what begins a further schema; empty where the revision joins one there is.
    """

    version: int
    previous_id: UUID | None
    breaking: tuple[ColumnDifference, ...] = ()


async def place(session: AsyncSession, product: DataProduct, columns: Sequence[Column]) -> Placement:
    """Which schema a file follows, by what fits: the one in force first, then those that are to come, the last first.

    :param product: locked.
    """
    promised = await service.find_newest_promised(session, product.id) if product.published_at else None
    changes = await repository.list_changes(session, product.id)
    if promised is None:
        newest = next(iter(await repository.list_newest(session, product.id, 1)), None)
        return Placement(await _version_in_force(session, changes), newest.id if newest else None)
    breaking = breaking_differences(service.facts_of(promised).columns, columns)
    if not breaking:
        return Placement(promised.schema_version, promised.id)
    for change in reversed(await _to_come(session, changes)):
        latest = await repository.newest_of_version(session, product.id, change.version)
        if latest is not None and not breaking_differences(service.facts_of(latest).columns, columns):
            return Placement(change.version, promised.id)
    return Placement(max([1, *(change.version for change in changes)]) + 1, promised.id, breaking)


async def propose(session: AsyncSession, row: ProductRevision, placement: Placement) -> None:
    """Begin a further schema with a revision that was just registered, where its placement says so."""
    if not placement.breaking:
        return
    session.add(
        SchemaChange(
            product_id=row.product_id,
            version=placement.version,
            revision_id=row.id,
            breaking=[column.to_json() for column in placement.breaking],
            status=ChangeStatus.PROPOSED,
            proposed_at=await now(session),
        )
    )
    await session.flush()


async def get_expected_alternatives(
    session: AsyncSession, product: DataProduct
) -> list[tuple[ExpectedColumn, ...]]:
    """What a file that does not fit the published types is read as next: the schemas to come, the last first."""
    if product.published_at is None:
        return []
    declared = products.get_declared_columns(product)
    found = []
    for change in reversed(await _to_come(session, await repository.list_changes(session, product.id))):
        latest = await repository.newest_of_version(session, product.id, change.version)
        if latest is not None:
            found.append(expected_columns(service.facts_of(latest).columns, declared))
    return found


async def is_waiting(session: AsyncSession, row: ProductRevision) -> bool:
    """Whether the same file again is this revision: not where its change was withdrawn, or nobody minds it any more."""
    change = await repository.get_change(session, row.product_id, row.schema_version)
    if change is None or change.status is ChangeStatus.ANNOUNCED:
        return True
    promised = await service.find_newest_promised(session, row.product_id)
    return change.status is ChangeStatus.PROPOSED and promised is not None


async def _version_in_force(session: AsyncSession, changes: Sequence[SchemaChange]) -> int:
    moment = await now(session)
    found = [
        (change.effective_at, change.version)
        for change in changes
        if change.status is ChangeStatus.ANNOUNCED and change.effective_at and change.effective_at <= moment
    ]
    return max(found)[1] if found else 1


async def _to_come(session: AsyncSession, changes: Sequence[SchemaChange]) -> list[SchemaChange]:
    moment = await now(session)
    return [
        change
        for change in changes
        if change.status is ChangeStatus.PROPOSED
        or (change.status is ChangeStatus.ANNOUNCED and change.effective_at and change.effective_at > moment)
    ]


async def announce(session: AsyncSession, actor: Actor, revision_id: UUID, reason: str) -> SchemaChange:
    """The operator announces the schema of a revision to the licensees; it is in force when the notice has passed.

    :raises NotFound: the actor cannot access the revision.
    :raises Forbidden: the actor is not its operator.
    :raises NothingToAnnounce: it breaks nobody, it cannot be served, or another change is announced already.
    :raises ChangeStateForbids: it was announced or withdrawn before.
    """
    row, product = await _own(session, actor, revision_id)
    change = await repository.get_change(session, product.id, row.schema_version)
    if change is None:
        raise NothingToAnnounce(
            Message("The revision breaks nobody who reads the product."),
            remedy=Message(
                "It is the latest as soon as it has passed its check; nothing is to be announced."
            ),
        )
    status = CHANGE.next_state(
        change.status,
        ChangeAction.ANNOUNCE,
        remedy=Message("Upload the file again to begin another change.")
        if change.status is ChangeStatus.WITHDRAWN
        else None,
    )
    pending = await repository.pending_change(session, product.id)
    if pending is not None:
        raise NothingToAnnounce(
            Message(
                "Another change is announced for {moment}.",
                moment=pending.effective_at.isoformat() if pending.effective_at else "",
            ),
            remedy=Message(
                "Wait until it is in force, or withdraw it first:"
                " POST /v1/revisions/{revision_id}/announcement-withdrawal.",
                revision_id=pending.revision_id,
            ),
        )
    await _require_servable(session, row)
    promised = await service.find_newest_promised(session, product.id)
    before = service.facts_of(promised).columns if promised else ()
    breaking = breaking_differences(before, service.facts_of(row).columns)
    rules, moment = await rulebook.in_force(session), await now(session)
    change.status, change.reason = status, reason
    change.announced_at, change.announced_by = moment, actor.id
    change.effective_at = moment + timedelta(days=rules.integer("revision.notice_days"))
    change.breaking = [column.to_json() for column in breaking]
    change.rules = rules.stamp()
    await session.flush()
    await audit.record(
        session,
        actor,
        action="revision.announced",
        subject_kind=service.SUBJECT,
        subject_id=row.id,
        detail={
            "product_id": str(product.id),
            "reason": reason,
            "effective_at": change.effective_at.isoformat(),
            "breaking": change.breaking,
        },
        rules=rules,
    )
    await service.publish_event(
        session,
        row,
        product,
        EventKind.REVISION_ANNOUNCED,
        reason=reason,
        effective_at=change.effective_at.isoformat(),
    )
    await repository.notify(session, product.id)
    return change


async def withdraw(session: AsyncSession, actor: Actor, revision_id: UUID, reason: str) -> SchemaChange:
    """The operator takes a change back before it is in force; licences pinned to its revisions go on with them.

    :raises NotFound: the actor cannot access the revision.
    :raises Forbidden: the actor is not its operator.
    :raises NothingToAnnounce: the revision belongs to no change, or to one in force.
    :raises ChangeStateForbids: it was withdrawn before.
    """
    row, product = await _own(session, actor, revision_id)
    change = await repository.get_change(session, product.id, row.schema_version)
    moment = await now(session)
    if change is None:
        raise NothingToAnnounce(
            Message("The revision belongs to no announced change."),
            remedy=Message(
                "A revision that should not be read is recalled: POST /v1/revisions/{revision_id}/recall."
            ),
        )
    status = CHANGE.next_state(change.status, ChangeAction.WITHDRAW)
    if change.effective_at is not None and change.effective_at <= moment:
        raise NothingToAnnounce(
            Message("The change is in force since {moment}.", moment=change.effective_at.isoformat()),
            remedy=Message(
                "Recall its revisions (POST /v1/revisions/{revision_id}/recall) to have the ones before it read again."
            ),
        )
    announced = change.announced_at is not None
    change.status, change.withdrawn_at, change.withdrawn_by = status, moment, actor.id
    change.withdrawal_reason = reason
    await session.flush()
    await audit.record(
        session,
        actor,
        action="revision.announcement_withdrawn",
        subject_kind=service.SUBJECT,
        subject_id=row.id,
        detail={"product_id": str(product.id), "reason": reason},
    )
    if announced:
        await service.publish_event(session, row, product, EventKind.REVISION_WITHDRAWN, reason=reason)
        await repository.notify(session, product.id)
    return change


async def tell_effective(session: AsyncSession, change_id: UUID) -> bool:
    """Tell a product's parties, once, that a change which was announced is what buyers read; whether they were told.

    As long as no revision of the new schema can be served, the old one is read and nobody is told.
    """
    change = await repository.lock_change(session, change_id)
    if change is None or change.effective_told_at is not None:
        return False
    product = await products.find_product(session, change.product_id)
    row = await repository.get(session, change.revision_id)
    served = await service.find_newest_passed(session, change.product_id)
    if product is None or row is None or served is None or served.schema_version != change.version:
        return False
    change.effective_told_at = await now(session)
    await session.flush()
    await service.publish_event(
        session,
        row,
        product,
        EventKind.REVISION_EFFECTIVE,
        reason=change.reason,
        effective_at=change.effective_at.isoformat() if change.effective_at else None,
        served_revision_id=str(served.id),
    )
    await service.publish_event(session, served, product, EventKind.REVISION_PUBLISHED)
    return True


async def changes_of(session: AsyncSession, rows: Sequence[ProductRevision]) -> dict[int, SchemaChange]:
    """The changes of a product that its revisions belong to, by the version of the schema."""
    if not rows:
        return {}
    return {change.version: change for change in await repository.list_changes(session, rows[0].product_id)}


async def _require_servable(session: AsyncSession, row: ProductRevision) -> None:
    status = (await service.get_quality_statuses(session, [row])).get(row.id)
    if status is not QualityStatus.PASSED:
        raise NothingToAnnounce(
            Message("The revision has not passed its quality check."),
            remedy=Message("Wait for the check, or upload a file that passes it."),
        )
    if await stops.active(session, [row.id]) or await is_withheld(session, row):
        raise NothingToAnnounce(
            Message("The revision may not be read at present."),
            remedy=Message("GET /v1/revisions/{revision_id} says why; settle that, or upload another file."),
        )


async def _own(session: AsyncSession, actor: Actor, revision_id: UUID) -> tuple[ProductRevision, DataProduct]:
    row = await repository.get(session, revision_id)
    product = await products.find_visible(session, actor, row.product_id) if row else None
    if row is None or product is None:
        raise service.no_such_revision()
    if product.operator_id != actor.organisation_id:
        raise Forbidden(
            Message("Only the operator of the product announces what changes in its data."),
            remedy=Message("Ask the operator named in operator_id to do it."),
        )
    return row, await products.lock_own(session, actor, product.id)
