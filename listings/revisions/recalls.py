"""Use cases of taking a revision out of service: suspended, with a way back, or recalled for good.

Either takes effect with its commit: no call is admitted from the revision any more, on any node, since admission looks
for stops on the revision of each call. What processes remember of it they look up anew when notified, and after
`market.delivery.service.REVISION_SECONDS` at the latest.
"""

from uuid import UUID

from infra.auth import Actor, OrganisationKind
from infra.db import AsyncSession
from infra.errors import Forbidden
from infra.events.kinds import EventKind
from infra.messages import Message
from infra.stops import service as stops
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.revisions import repository
from listings.revisions.errors import RevisionRecalledAlready
from listings.revisions.service import (
    SUBJECT,
    find_newest_passed,
    no_such_revision,
    publish_event,
    publish_if_current,
    publish_successor,
)
from listings.revisions.tables import ProductRevision


async def suspend(session: AsyncSession, actor: Actor, revision_id: UUID, reason: str) -> None:
    """The operator or a regulator takes a revision out of service; the newest good one before it takes its place.

    Without one, calls are refused. Licensees are told.

    :raises NotFound: the actor cannot access it.
    :raises Forbidden: the actor is neither.
    """
    row, product = await _to_stop(session, actor, revision_id)
    await _take_out(session, actor, row, product, reason, EventKind.REVISION_SUSPENDED)


async def recall(session: AsyncSession, actor: Actor, revision_id: UUID, reason: str) -> None:
    """The operator or a regulator takes a revision out of service for good, also for licences pinned to it.

    What is still wanted of it is uploaded again, as another revision. Licensees are told.

    :raises NotFound: the actor cannot access it.
    :raises Forbidden: the actor is neither.
    :raises RevisionRecalledAlready: it was recalled before.
    """
    row, product = await _to_stop(session, actor, revision_id)
    await products.lock_visible(session, actor, product.id)
    if any(stop.final for stop in await stops.active(session, [row.id])):
        raise RevisionRecalledAlready(
            Message("The revision was recalled before, for good."),
            remedy=Message(
                "Nothing is left to do: it is not read any more. Other data is uploaded as a revision."
            ),
        )
    await _take_out(session, actor, row, product, reason, EventKind.REVISION_RECALLED, final=True)


async def _take_out(
    session: AsyncSession,
    actor: Actor,
    row: ProductRevision,
    product: DataProduct,
    reason: str,
    kind: EventKind,
    *,
    final: bool = False,
) -> None:
    current = await find_newest_passed(session, product.id)
    await stops.place(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason, final=final)
    successor = await find_newest_passed(session, product.id)
    await publish_event(
        session,
        row,
        product,
        kind,
        reason=reason,
        served_revision_id=str(successor.id) if successor else None,
    )
    await repository.notify(session, product.id)
    if current is not None and current.id == row.id:
        await publish_successor(session, row.id)


async def reinstate(session: AsyncSession, actor: Actor, revision_id: UUID, reason: str) -> None:
    """Lift the stops of the actor's own organisation; the suspension ends once no other organisation's remains.

    :raises Forbidden: the actor is neither the operator nor a regulator.
    :raises NotStopped: the actor's organisation has not stopped it, or it was recalled for good.
    """
    row, product = await _to_stop(session, actor, revision_id)
    await stops.lift(session, actor, subject_kind=SUBJECT, subject_id=row.id, reason=reason)
    if not await stops.active(session, [row.id]):
        await publish_event(session, row, product, EventKind.REVISION_REINSTATED, reason=reason)
        await repository.notify(session, product.id)
        await publish_if_current(session, row.id)


async def _to_stop(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> tuple[ProductRevision, DataProduct]:
    row = await repository.get(session, revision_id)
    product = await products.find_visible(session, actor, row.product_id) if row else None
    if row is None or product is None:
        raise no_such_revision()
    if product.operator_id != actor.organisation_id and not actor.oversees(OrganisationKind.REGULATOR):
        raise Forbidden(
            Message("Only the operator of the product and a regulator can suspend its data."),
            remedy=Message(
                "Ask the operator named in operator_id to do it; the owner can suspend the resource."
            ),
        )
    return row, product
