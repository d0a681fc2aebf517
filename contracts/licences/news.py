"""Tell the parties of licences what happens to these, and to what they rest on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.licences import repository
from contracts.licences.tables import Licence
from infra.db import AsyncSession
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.stops import service as stops


async def publish(session: AsyncSession, licence: Licence, kind: EventKind, more: Mapping[str, Any]) -> None:
    """Tell the parties of a licence what happened to it."""
    await events.publish(
        session,
        kind,
        subject_id=licence.id,
        organisations=(licence.buyer_id, licence.operator_id, licence.owner_id),
        payload={"agreement_id": str(licence.agreement_id), "product_id": str(licence.product_id), **more},
    )


async def publish_stopped(session: AsyncSession, link_id: UUID, cause: EventKind) -> int:
    """Tell the parties of every licence below a link, or of the licence itself, that it has stopped; answers how many.

    Licences whose term has ended are left out.

    The licences have stopped with the commit that stopped the link; only the news of it travels.

    :param cause: what happened to the link.
    """
    below = await repository.list_below(session, link_id)
    for licence in below:
        await publish(session, licence, EventKind.LICENCE_STOPPED, {"cause": cause.value})
    return len(below)


async def publish_revision_news(
    session: AsyncSession, product_id: UUID, kind: EventKind, payload: Mapping[str, Any]
) -> int:
    """Tell the parties of every licence of a product what happened to a revision of it; answers how many.

    Licences whose term has ended are left out.
    """
    below = await repository.list_below(session, product_id)
    for licence in below:
        pinned = str(licence.revision_id) if licence.revision_id else None
        await publish(session, licence, kind, {**payload, "pinned_revision_id": pinned})
    return len(below)


async def publish_resumed(session: AsyncSession, link_id: UUID, cause: EventKind) -> int:
    """Tell the parties of the licences below a link that was mended which of them go on; answers how many.

    A licence that something else stops is left out, and so is one whose term has ended.

    :param cause: what happened to the link.
    """
    resumed = 0
    for licence in await repository.list_below(session, link_id):
        counter = await repository.counter(session, licence.id)
        if not await stops.active(session, [licence.id, *counter.links]):
            await publish(session, licence, EventKind.LICENCE_RESUMED, {"cause": cause.value})
            resumed += 1
    return resumed
