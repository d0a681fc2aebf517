"""What publication hears of: a report may have replaced one that a waiver was requested of."""

from infra.db import AsyncSession
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.events.subscribers import Subscriber
from infra.jobs import JobContext
from listings.products import service as products
from listings.publication import waivers
from listings.revisions import service as revisions


async def replaced(_: JobContext, session: AsyncSession, event: Event) -> None:
    """A check has ended, or an edition took effect or fell with its product: close requests about replaced reports."""
    product_id = event.subject_id
    if event.kind is EventKind.REVISION_MEASURED:
        facts = await revisions.find_facts(session, event.subject_id)
        if facts is None:
            return
        product_id = facts.product_id
    product = await products.lock_product(session, product_id)
    if product is not None:
        await waivers.supersede_replaced(session, product)


SUBSCRIBERS = (
    Subscriber(
        "listings.publication",
        frozenset(
            {EventKind.REVISION_MEASURED, EventKind.PRODUCT_EDITION_PUBLISHED, EventKind.PRODUCT_WITHDRAWN}
        ),
        replaced,
    ),
)
