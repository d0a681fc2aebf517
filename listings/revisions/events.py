"""What revisions hear of their quality checks."""

from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from listings.revisions import service


async def measured(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A quality check has ended: tell the product's parties when buyers read another revision from now on."""
    await service.publish_if_current(session, event.subject_id)


SUBSCRIBERS = (Subscriber("listings.revisions", frozenset({EventKind.REVISION_MEASURED}), measured),)
