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
        told = {"code": event.payload["code"], "changes": changes}
        await service.publish_resource_changed(session, event.subject_id, told)


SUBSCRIBERS = (
    Subscriber("listings.authorisations", frozenset({EventKind.REGISTRATION_COMPLETED}), resource_registered),
)
