"""Products and their data after a class has changed: what may not be offered any more is stopped, and let go again."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import SYSTEM
from infra.db import AsyncSession
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from listings.gradings import service as gradings
from listings.products import service as products
from listings.products.dictionary import declared_classes
from listings.products.states import CLASS_STOP
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.errors import NotListable
from listings.resources.tables import DataResource
from listings.revisions import columns as revision_columns
from listings.revisions import holding
from listings.revisions import service as revisions
from listings.revisions.holding import column_names, find_refusal, in_both_languages

_RELEASED = Message("The class of the data allows the offer again.")


async def recheck_resource(session: AsyncSession, resource: DataResource) -> None:
    """Stop, or let go, every product that was published on a resource."""
    for row in await products.list_published_on(session, resource.id):
        await recheck(session, row, resource)


async def recheck(session: AsyncSession, row: DataProduct, resource: DataResource) -> NotListable | None:
    """Stop a product, or revisions of it, that hold what may not be offered; let go what may.

    The product is stopped for what buyers rely on. A newer revision that nobody has read yet is held back by itself, as
    is an older one that somebody may still hold a pin or a cursor of.

    :return: why the product may not be offered, None when it may.
    """
    before = await revisions.find_newest_passed(session, row.id)
    refused = await hold(session, row, resource)
    await revisions.publish_if_another(session, row.id, before)
    return refused


async def hold(session: AsyncSession, row: DataProduct, resource: DataResource) -> NotListable | None:
    """As :func:`recheck`, for a caller that tells by itself which revision buyers read then."""
    rules = await rulebook.in_force(session)
    found = await revisions.list_readable(session, row.id)
    by_names = {
        names: await find_refusal(session, row, resource, rules, names)
        for names in {one.id: column_names(one) for one in found}.values()
    }
    refusals = {one.id: by_names[column_names(one)] for one in found}
    stopped = await _held(session, [one.id for one in found])
    held = {one for one in stopped if refusals[one] is not None}
    current = await revisions.find_newest_promised(session, row.id, besides=held)
    if current is None:
        return None
    names = column_names(current)
    declared = declared_classes(products.get_described_columns(row).values())
    row.classification = (await gradings.get_classes(session, resource)).offered(names, declared)
    refused = refusals[current.id]
    await revision_columns.request_sample(session, row.id)
    if await _stop_exactly(session, CLASS_STOP, row.id, refused):
        await events.publish(
            session,
            EventKind.PRODUCT_SUSPENDED if refused else EventKind.PRODUCT_REINSTATED,
            subject_id=row.id,
            organisations=(row.operator_id, row.owner_id),
            payload={"status": row.status.value},
        )
    for one in found:
        # For what buyers rely on the product is stopped as a whole.
        reason = None if one.id == current.id and one.id not in held else refusals[one.id]
        if (reason is not None) != (one.id in stopped):
            await _stop_exactly(session, holding.STOP, one.id, reason)
    await session.flush()
    return refused


async def _held(session: AsyncSession, revision_ids: Sequence[UUID]) -> set[UUID]:
    """Those of some revisions that are stopped for their own class."""
    placed = await stops.active(session, revision_ids)
    return {stop.subject_id for stop in placed if stop.subject_kind == holding.STOP}


async def recheck_product(session: AsyncSession, product_id: UUID) -> NotListable | None:
    """As :func:`recheck`, of a product by its id."""
    row = await products.find_product(session, product_id)
    if row is None or row.published_at is None:
        return None
    return await recheck(session, row, await resources.get_resource(session, row.resource_id))


async def _stop_exactly(
    session: AsyncSession, kind: str, subject_id: UUID, refused: NotListable | None
) -> bool:
    """Have one stop of this kind when there is a reason, and none when there is none.

    :return: whether that changed something.
    """
    placed = [stop for stop in await stops.active(session, [subject_id]) if stop.subject_kind == kind]
    if refused is not None and not placed:
        await stops.place(
            session,
            SYSTEM,
            subject_kind=kind,
            subject_id=subject_id,
            reason=in_both_languages(refused.detail),
        )
        return True
    if refused is None and placed:
        await stops.lift(
            session, SYSTEM, subject_kind=kind, subject_id=subject_id, reason=in_both_languages(_RELEASED)
        )
        return True
    return False
