"""What licences hear of the links above them."""

from uuid import UUID

from contracts.licences import news
from contracts.licences.news import TOLD_TO_LICENSEES
from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext


async def link_stopped(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A link of the chain was stopped: tell whose licences stopped with it."""
    await news.publish_stopped(session, event.subject_id, event.kind)


async def link_mended(_: JobContext, session: AsyncSession, event: Event) -> None:
    """The last stop on a link of the chain was lifted: tell whose licences go on."""
    await news.publish_resumed(session, event.subject_id, event.kind)


async def revision_changed(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A revision was announced or taken out of service: tell everybody whose licence reads the product."""
    await news.publish_to_licensees(
        session,
        UUID(event.payload["product_id"]),
        TOLD_TO_LICENSEES[event.kind],
        {**event.payload, "revision_id": str(event.subject_id)},
    )


async def promise_missed(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A product missed a promise: tell everybody whose licence reads it."""
    await news.publish_promise_missed(session, event.subject_id, event.payload)


async def resource_registered(_: JobContext, session: AsyncSession, event: Event) -> None:
    """What is registered of a resource was changed: tell everybody whose licence rests on it."""
    if changes := event.payload.get("changes"):
        told = {"code": event.payload["code"], "changes": changes}
        await news.publish_resource_changed(session, event.subject_id, told)


SUBSCRIBERS = (
    Subscriber("contracts.licences.promises", frozenset({EventKind.PRODUCT_PROMISE_MISSED}), promise_missed),
    Subscriber(
        "contracts.licences.registrations",
        frozenset({EventKind.REGISTRATION_COMPLETED}),
        resource_registered,
    ),
    Subscriber("contracts.licences.revisions", frozenset(TOLD_TO_LICENSEES), revision_changed),
    Subscriber(
        "contracts.licences",
        frozenset(
            {
                EventKind.AGREEMENT_SUSPENDED,
                EventKind.AGREEMENT_TERMINATED,
                EventKind.AUTHORISATION_REVOKED,
                EventKind.AUTHORISATION_SUSPENDED,
                EventKind.LICENCE_SUSPENDED,
                EventKind.ORGANISATION_SUSPENDED,
                EventKind.PRODUCT_SUSPENDED,
                EventKind.REGISTRATION_CANCELLED,
                EventKind.REGISTRATION_EXPIRED,
                EventKind.RESOURCE_SUSPENDED,
                EventKind.RIGHT_ENDED,
                EventKind.RIGHT_SUSPENDED,
            }
        ),
        link_stopped,
    ),
    Subscriber(
        "contracts.licences.resumed",
        frozenset(
            {
                EventKind.AGREEMENT_REINSTATED,
                EventKind.AUTHORISATION_REINSTATED,
                EventKind.LICENCE_REINSTATED,
                EventKind.ORGANISATION_REINSTATED,
                EventKind.PRODUCT_REINSTATED,
                EventKind.REGISTRATION_REINSTATED,
                EventKind.RESOURCE_REINSTATED,
                EventKind.RIGHT_REINSTATED,
            }
        ),
        link_mended,
    ),
)
