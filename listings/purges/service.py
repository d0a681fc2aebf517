"""Use cases of purges: ordered by one person of the regulator, confirmed by another, carried out everywhere.

An order stops its revisions at once; only its confirmation destroys anything. That empties the rows of the database in
the same transaction; the files go, and known backups are marked, in a job after it. What remains is a tombstone:
digests, who ordered and confirmed it, on what basis, when.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, OrganisationKind
from infra.db import AsyncSession, now
from infra.errors import Forbidden, NotFound
from infra.events.kinds import EventKind
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from infra.stops import service as stops
from listings.products import service as products
from listings.purges import repository
from listings.purges.errors import NothingToPurge
from listings.purges.schemas import PurgeOrderCreate
from listings.purges.states import PURGE, PurgeAction, PurgeStatus
from listings.purges.tables import Backup, PurgeOrder
from listings.revisions import service as revisions
from listings.revisions.tables import ProductRevision

SUBJECT = "purge_order"
PURGE_JOB = "listings.purge"
"""Kind of the job that destroys the files of a confirmed order: ``{"order_id"}``."""


async def order(
    session: AsyncSession, actor: Actor, product_id: UUID, data: PurgeOrderCreate
) -> tuple[PurgeOrder, list[ProductRevision]]:
    """A person of the regulator orders data of a product to be destroyed; it is stopped at once.

    Every revision of the product with the same data goes with it; what other products have of it is for orders of
    their own, see :func:`list_copies`. The same data is not taken any more.

    :raises NotFound: there is no such product, or it has no such revision.
    :raises Forbidden: the actor does not act for a regulator.
    :raises AnotherOfficer: the actor is a program.
    :raises NothingToPurge: all of it was purged before.
    """
    if not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only a regulator orders data to be destroyed."),
            remedy=Message("Recall the revision instead: POST /v1/revisions/{revision_id}/recall."),
        )
    officers.require_person(actor, remedy=Message("Sign in as an officer of the regulator to order it."))
    await revisions.hold_registrations(session)
    product = await products.find_product(session, product_id)
    if product is None:
        raise NotFound(
            Message("There is no such product."),
            remedy=Message("GET /v1/catalogue lists those on the market; an order names others in `copies`."),
        )
    rows = list(await repository.revisions_of(session, product.id))
    if data.revision_ids is not None:
        wanted = set(data.revision_ids)
        if unknown := wanted - {row.id for row in rows}:
            raise NotFound(
                Message("The product has no revision {revision_id}.", revision_id=min(unknown)),
                remedy=Message("GET /v1/products/{product_id}/revisions lists them.", product_id=product.id),
            )
        rows = await _with_copies(session, [row for row in rows if row.id in wanted])
    rows = [row for row in rows if row.purged_at is None]
    if not rows:
        raise NothingToPurge(
            Message("No data of it is there any more."),
            remedy=Message("GET /v1/purge-orders lists what was purged, and by whose order."),
        )
    moment = await now(session)
    placed = PurgeOrder(
        product_id=product.id,
        whole_product=data.revision_ids is None,
        revision_ids=[row.id for row in rows],
        reason=data.reason,
        legal_basis=data.legal_basis,
        order_sha256=data.order_sha256,
        status=PurgeStatus.ORDERED,
        ordered_by=actor.id,
        ordered_by_organisation=actor.organisation_id,
        ordered_at=moment,
    )
    session.add(placed)
    await session.flush()
    for row in rows:
        await stops.place(
            session, actor, subject_kind=revisions.SUBJECT, subject_id=row.id, reason=data.reason
        )
        await revisions.publish_event(session, row, product, EventKind.REVISION_SUSPENDED, reason=data.reason)
    await revisions.notify_changed(session, product.id)
    await _record(session, actor, placed, "ordered")
    return placed, rows


async def confirm(
    session: AsyncSession, actor: Actor, order_id: UUID, reason: str
) -> tuple[PurgeOrder, list[ProductRevision]]:
    """Another person of the regulator, or of the platform, confirms an order: the data is destroyed, for good.

    :raises NotFound: there is no such order.
    :raises AnotherOfficer: the actor is who ordered it, or a program.
    :raises PurgeStateForbids: it was decided before.
    """
    placed = await _lock(session, order_id)
    await officers.require_another_person(
        session,
        actor,
        placed.ordered_by,
        detail=Message("Data is destroyed by order of one person and with the confirmation of another."),
        remedy=Message("Ask a colleague of the regulator, or the platform, to confirm it."),
    )
    await _decided(session, actor, placed, PurgeAction.CONFIRM, reason)
    await revisions.hold_registrations(session)
    product = await products.find_product(session, placed.product_id)
    assert product is not None
    if placed.whole_product:
        rows = await repository.revisions_of(session, placed.product_id)
        placed.revision_ids = [row.id for row in rows if row.purged_at is None]
    await session.flush()
    rows = await repository.revisions(session, placed.revision_ids)
    for row in rows:
        if not any(stop.final for stop in await stops.active(session, [row.id])):
            await stops.place(
                session,
                actor,
                subject_kind=revisions.SUBJECT,
                subject_id=row.id,
                reason=placed.reason,
                final=True,
            )
    await repository.empty_rows(session, placed.id)
    emptied = list(await repository.revisions(session, placed.revision_ids))
    for row in emptied:
        await revisions.publish_event(
            session,
            row,
            product,
            EventKind.REVISION_PURGED,
            reason=placed.reason,
            legal_basis=placed.legal_basis,
            sha256=row.sha256,
        )
    await repository.notify(session)
    await jobs.enqueue(
        session, PURGE_JOB, {"order_id": str(placed.id)}, dedupe_key=f"{PURGE_JOB}:{placed.id}"
    )
    await _record(session, actor, placed, "confirmed", decision_reason=reason)
    return placed, emptied


async def reject(
    session: AsyncSession, actor: Actor, order_id: UUID, reason: str
) -> tuple[PurgeOrder, list[ProductRevision]]:
    """The regulator that ordered it, who ordered it among them, lets the data be: the stops of the order are lifted.

    :raises NotFound: there is no such order.
    :raises Forbidden: the actor acts for another organisation; a stop is lifted by the one that placed it.
    :raises PurgeStateForbids: it was decided before.
    """
    placed = await _lock(session, order_id)
    if actor.organisation_id != placed.ordered_by_organisation:
        raise Forbidden(
            Message("An order is rejected by the regulator that placed it."),
            remedy=Message("Leave it unconfirmed, and tell the regulator why."),
        )
    await _decided(session, actor, placed, PurgeAction.REJECT, reason)
    product = await products.find_product(session, placed.product_id)
    assert product is not None
    rows = list(await repository.revisions(session, placed.revision_ids))
    for row in rows:
        found = await stops.active(session, [row.id])
        if any(stop.placed_by_organisation == actor.organisation_id and not stop.final for stop in found):
            await stops.lift(session, actor, subject_kind=revisions.SUBJECT, subject_id=row.id, reason=reason)
        if not await stops.active(session, [row.id]):
            await revisions.publish_event(session, row, product, EventKind.REVISION_REINSTATED, reason=reason)
    await revisions.notify_changed(session, placed.product_id)
    await _record(session, actor, placed, "rejected", decision_reason=reason)
    return placed, rows


async def get_order(session: AsyncSession, order_id: UUID) -> tuple[PurgeOrder, list[ProductRevision]]:
    """An order with its revisions.

    :raises NotFound: there is none.
    """
    found = await repository.get(session, order_id)
    if found is None:
        raise _no_such_order(order_id)
    return found, await list_revisions(session, found)


async def list_revisions(session: AsyncSession, order: PurgeOrder) -> list[ProductRevision]:
    """The revisions of an order."""
    return list(await repository.revisions(session, order.revision_ids))


async def list_copies(session: AsyncSession, rows: Sequence[ProductRevision]) -> list[ProductRevision]:
    """Revisions of other products that have the data of those of an order, and are not purged."""
    products_of = {row.product_id for row in rows}
    return [row for row in await revisions.list_same_data(session, rows) if row.product_id not in products_of]


async def list_orders(session: AsyncSession, page: PageRequest) -> tuple[Sequence[PurgeOrder], str | None]:
    """One page of all orders, newest first."""
    return await repository.list_orders(session, page)


async def list_unfinished(session: AsyncSession) -> Sequence[UUID]:
    """Orders that were confirmed and whose files may still be there."""
    return await repository.list_unfinished(session)


async def list_products(session: AsyncSession) -> set[UUID]:
    """Products of which data was ever purged, by any order."""
    return set(await repository.list_products(session))


async def purged_keys(session: AsyncSession) -> Sequence[str]:
    """The object keys of everything that was ever purged, by any order."""
    return await repository.purged_keys(session)


async def list_backups(session: AsyncSession) -> Sequence[Backup]:
    """The backups that were made of this installation."""
    return await repository.list_backups(session)


async def complete(session: AsyncSession, order_id: UUID, backups: Sequence[dict[str, Any]]) -> None:
    """Record that the files of a confirmed order are gone, and what is known of backups."""
    found = await repository.get(session, order_id, lock=True)
    if found is None or not PURGE.allows(found.status, PurgeAction.COMPLETE):
        return
    found.status = PURGE.next_state(found.status, PurgeAction.COMPLETE)
    found.completed_at, found.backups = await now(session), list(backups)
    await session.flush()
    await repository.notify(session)
    await _record(session, SYSTEM, found, "completed")


def note_of(found: PurgeOrder, row: ProductRevision) -> dict[str, Any]:
    """What survives beside the data and in backups, so that a restored one purges a revision again."""
    return {
        "revision_id": str(row.id),
        "object_key": row.object_key,
        "sha256": row.sha256,
        "source_sha256": row.source_sha256,
        "order": {
            name: None
            if value is None
            else [str(item) for item in value]
            if isinstance(value, list)
            else str(value)
            for name, value in found.model_dump(
                exclude={"backups", "status", "completed_at", "whole_product"}
            ).items()
        },
    }


async def _with_copies(session: AsyncSession, rows: list[ProductRevision]) -> list[ProductRevision]:
    """These, and the other revisions of their product with the same data."""
    known = {row.id for row in rows}
    same = await revisions.list_same_data(session, rows)
    products_of = {row.product_id for row in rows}
    return rows + [row for row in same if row.id not in known and row.product_id in products_of]


async def _lock(session: AsyncSession, order_id: UUID) -> PurgeOrder:
    placed = await repository.get(session, order_id, lock=True)
    if placed is None:
        raise _no_such_order(order_id)
    return placed


async def _decided(
    session: AsyncSession, actor: Actor, placed: PurgeOrder, action: PurgeAction, reason: str
) -> None:
    placed.status = PURGE.next_state(placed.status, action)
    placed.decided_by, placed.decided_by_organisation = actor.id, actor.organisation_id
    placed.decided_at, placed.decision_reason = await now(session), reason
    await session.flush()


async def _record(session: AsyncSession, actor: Actor, placed: PurgeOrder, what: str, **more: str) -> None:
    await audit.record(
        session,
        actor,
        action=f"purge.{what}",
        subject_kind=SUBJECT,
        subject_id=placed.id,
        detail={
            "product_id": str(placed.product_id),
            "revision_ids": [str(revision_id) for revision_id in placed.revision_ids],
            "reason": placed.reason,
            "legal_basis": placed.legal_basis,
            "order_sha256": placed.order_sha256,
            **more,
        },
    )


def _no_such_order(order_id: UUID) -> NotFound:
    return NotFound(
        Message("There is no purge order {order_id}.", order_id=order_id),
        remedy=Message("GET /v1/purge-orders lists them."),
    )
