"""What enforcement hears of."""

from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from listings.enforcement import service


async def withdrawn(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A product was taken off the market: a procedure against it ends, or goes no further."""
    await service.follow(session, event.subject_id)


SUBSCRIBERS = (Subscriber("listings.enforcement", frozenset({EventKind.PRODUCT_WITHDRAWN}), withdrawn),)
