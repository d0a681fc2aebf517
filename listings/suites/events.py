"""What suites hear of."""

from infra.auth import SYSTEM
from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from listings.suites import service


async def measured(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A quality check has ended: buyers may read another revision now, on which an open edition is tried."""
    await service.retry_trial(session, SYSTEM, event.subject_id)


SUBSCRIBERS = (Subscriber("listings.suites", frozenset({EventKind.REVISION_MEASURED}), measured),)
