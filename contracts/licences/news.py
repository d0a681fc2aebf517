"""Tell the parties of licences what happens to these, and to what they rest on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.licences import repository
from contracts.licences.tables import Licence
from infra.db import AsyncSession
from infra.events import service as events
from infra.events.kinds import EventKind

TOLD_TO_LICENSEES = {
    EventKind.REVISION_ANNOUNCED: EventKind.LICENCE_REVISION_ANNOUNCED,
    EventKind.REVISION_EFFECTIVE: EventKind.LICENCE_REVISION_EFFECTIVE,
    EventKind.REVISION_PURGED: EventKind.LICENCE_REVISION_PURGED,
    EventKind.REVISION_RECALLED: EventKind.LICENCE_REVISION_RECALLED,
    EventKind.REVISION_REINSTATED: EventKind.LICENCE_REVISION_REINSTATED,
    EventKind.REVISION_SUSPENDED: EventKind.LICENCE_REVISION_SUSPENDED,
    EventKind.REVISION_WITHDRAWN: EventKind.LICENCE_REVISION_WITHDRAWN,
}
"""What happened to a revision → what the parties of each licence of its product are told."""


async def publish(session: AsyncSession, licence: Licence, kind: EventKind, more: Mapping[str, Any]) -> None:
    """Tell the parties of a licence what happened to it."""
    await events.publish(
        session,
        kind,
        subject_id=licence.id,
        organisations=(licence.buyer_id, licence.operator_id, licence.owner_id),
        payload={"agreement_id": str(licence.agreement_id), "product_id": str(licence.product_id), **more},
    )


async def publish_stopped(session: AsyncSession, link_id: UUID, cause: EventKind) -> None:
    """Tell the parties of every licence below a link, or of the licence itself, that it has stopped.

    Licences whose term has ended are left out. They have stopped with the commit that stopped the link; only the news
    of it travels.

    :param cause: what happened to the link.
    """
    for licence in await repository.list_below(session, link_id):
        await publish(session, licence, EventKind.LICENCE_STOPPED, {"cause": cause.value})


async def publish_resumed(session: AsyncSession, link_id: UUID, cause: EventKind) -> None:
    """Tell the parties of the licences below a link that was mended which of them go on.

    A licence that something else stops is left out, and so is one whose term has ended.

    :param cause: what happened to the link.
    """
    for licence in await repository.list_live_below(session, link_id):
        await publish(session, licence, EventKind.LICENCE_RESUMED, {"cause": cause.value})


async def publish_to_licensees(
    session: AsyncSession, link_id: UUID, kind: EventKind, payload: Mapping[str, Any]
) -> None:
    """Tell the parties of every licence below a link, a product or a resource, what happened to it or a part of it.

    Licences whose term has ended are left out.
    """
    for licence in await repository.list_below(session, link_id):
        pinned = str(licence.revision_id) if licence.revision_id else None
        await publish(session, licence, kind, {**payload, "pinned_revision_id": pinned})


async def publish_resource_changed(
    session: AsyncSession, resource_id: UUID, changed: Mapping[str, Any]
) -> None:
    """Tell the parties of every licence that rests on a resource what was changed in its registration."""
    told = {"resource_id": str(resource_id), **changed}
    await publish_to_licensees(session, resource_id, EventKind.LICENCE_RESOURCE_CHANGED, told)


async def publish_promise_missed(session: AsyncSession, product_id: UUID, missed: Mapping[str, Any]) -> None:
    """Tell the parties of every licence of a product which promise it missed."""
    told = {**missed, "product_id": str(product_id)}
    await publish_to_licensees(session, product_id, EventKind.LICENCE_PROMISE_MISSED, told)
