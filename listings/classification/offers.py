"""Products and their data after a class has changed: what may not be offered any more is stopped, and let go again."""

from uuid import UUID

from infra.auth import SYSTEM
from infra.db import AsyncSession
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.messages import Message, translate
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.stops import service as stops
from listings.gradings import service as gradings
from listings.products import service as products
from listings.products.dictionary import declared_classes
from listings.products.listable import require_offerable
from listings.products.states import CLASS_STOP
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.errors import NotListable
from listings.resources.tables import DataResource
from listings.revisions import columns as revision_columns
from listings.revisions import service as revisions
from listings.revisions.tables import ProductRevision

REVISION_STOP = "revision_class"
"""The same of a single revision that buyers do not read at present, but may still hold a pin or a cursor of."""

_RELEASED = Message("The class of the data allows the offer again.")


async def recheck_resource(session: AsyncSession, resource: DataResource) -> None:
    """Stop, or let go, every product that was published on a resource."""
    for row in await products.list_published_on(session, resource.id):
        await recheck(session, row, resource)


async def recheck(session: AsyncSession, row: DataProduct, resource: DataResource) -> NotListable | None:
    """Stop a product, or revisions of it, that hold what may not be offered; let go what may.

    :return: why the product may not be offered, None when it may.
    """
    rules = await rulebook.in_force(session)
    current = await revisions.find_newest_promised(session, row.id)
    if current is None:
        return None
    names = [column["name"] for column in current.columns]
    declared = declared_classes(products.get_described_columns(row).values())
    row.classification = (await gradings.get_classes(session, resource)).offered(names, declared)
    refused = await _refusal(session, row, resource, rules, current)
    await revision_columns.request_sample(session, row.id)
    changed = await _stop_exactly(session, CLASS_STOP, row.id, refused)
    if changed:
        await events.publish(
            session,
            EventKind.PRODUCT_SUSPENDED if refused else EventKind.PRODUCT_REINSTATED,
            subject_id=row.id,
            organisations=(row.operator_id, row.owner_id),
            payload={"status": row.status.value},
        )
    for earlier in await revisions.list_passed(session, row.id):
        if earlier.id != current.id:
            reason = await _refusal(session, row, resource, rules, earlier)
            await _stop_exactly(session, REVISION_STOP, earlier.id, reason)
    await session.flush()
    return refused


async def recheck_product(session: AsyncSession, product_id: UUID) -> NotListable | None:
    """As :func:`recheck`, of a product by its id."""
    row = await products.find_product(session, product_id)
    if row is None or row.published_at is None:
        return None
    return await recheck(session, row, await resources.get_resource(session, row.resource_id))


async def _refusal(
    session: AsyncSession, row: DataProduct, resource: DataResource, rules: Rules, revision: ProductRevision
) -> NotListable | None:
    try:
        await require_offerable(
            session,
            resource,
            rules,
            row.delivery_classes,
            [column["name"] for column in revision.columns],
            declared_classes(products.get_described_columns(row).values()),
        )
    except NotListable as refused:
        return refused
    return None


def _in_both_languages(text: str) -> str:
    """A reason for all who will read it, whichever language they ask for."""
    return " ".join(translate(text, language) for language in ("zh", "en"))


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
            reason=_in_both_languages(refused.detail),
        )
        return True
    if refused is None and placed:
        await stops.lift(
            session, SYSTEM, subject_kind=kind, subject_id=subject_id, reason=_in_both_languages(_RELEASED)
        )
        return True
    return False
