"""Revisions with what their product may not offer: held back by a stop of their own, while the last good one serves."""

from collections.abc import Sequence

from infra.auth import SYSTEM
from infra.db import AsyncSession
from infra.messages import Message, translate
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.stops import service as stops
from listings.products import service as products
from listings.products.dictionary import declared_classes
from listings.products.listable import require_offerable
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.errors import NotListable
from listings.resources.tables import DataResource
from listings.revisions.tables import ProductRevision

STOP = "revision_class"
"""Kind of the stops on revisions whose class does not allow their offer."""


def column_names(row: ProductRevision) -> tuple[str, ...]:
    """The columns of a revision, in its order."""
    return tuple(column["name"] for column in row.columns)


async def find_refusal(
    session: AsyncSession, product: DataProduct, resource: DataResource, rules: Rules, columns: Sequence[str]
) -> NotListable | None:
    """Why these columns may not be offered by a product; None when they may."""
    try:
        await require_offerable(
            session,
            resource,
            rules,
            product.delivery_classes,
            columns,
            declared_classes(products.get_described_columns(product).values()),
        )
    except NotListable as refused:
        return refused
    return None


async def hold_unofferable(session: AsyncSession, product: DataProduct, row: ProductRevision) -> None:
    """Stop a new revision of a published product whose columns may not be offered, before anybody reads it."""
    if product.published_at is None:
        return
    resource = await resources.get_resource(session, product.resource_id)
    refused = await find_refusal(
        session, product, resource, await rulebook.in_force(session), column_names(row)
    )
    if refused is not None:
        await stops.place(
            session, SYSTEM, subject_kind=STOP, subject_id=row.id, reason=in_both_languages(refused.detail)
        )


def in_both_languages(text: str | Message) -> str:
    """A reason for all who will read it, whichever language they ask for."""
    return " ".join(translate(text, language) for language in ("zh", "en"))
