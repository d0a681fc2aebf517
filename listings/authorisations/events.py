"""What authorisations hear of the resources that they cover."""

from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from listings.authorisations import service


async def resource_registered(_: JobContext, session: AsyncSession, event: Event) -> None:
    """What is registered of a resource was changed: tell every side of the authorisations that cover it."""
    if changes := event.payload.get("changes"):
        for row in await service.list_of_resource(session, event.subject_id):
            await service.publish_event(
                session,
                row,
                EventKind.AUTHORISATION_RESOURCE_CHANGED,
                resource_id=str(event.subject_id),
                code=event.payload["code"],
                changes=changes,
            )


SUBSCRIBERS = (
    Subscriber("listings.authorisations", frozenset({EventKind.REGISTRATION_COMPLETED}), resource_registered),
)
