"""Whether columns of a resource may be offered, and of which class the offer then is."""

from collections.abc import Iterable, Mapping, Sequence

from infra.db import AsyncSession
from infra.rulebook.domain import Rules
from listings.gradings import service as gradings
from listings.products.domain import class_of_offer
from listings.resources import service as resources
from listings.resources.domain import Classification, listing_rules
from listings.resources.tables import DataResource


async def require_offerable(
    session: AsyncSession,
    resource: DataResource,
    rules: Rules,
    delivery_classes: Iterable[str],
    columns: Sequence[str] | None,
    declared: Mapping[str, Classification | None] | None = None,
) -> Classification:
    """Refuse to offer what its class or its place forbids.

    :param columns: those that are offered; None while that is not known, when it is all of the resource.
    :param declared: classes that the operator's dictionary states.
    :return: the class of the offer, the strictest of its columns.
    :raises NotListable: a column is core data, an assessment is missing, or raw records may not leave.
    """
    return class_of_offer(
        resource.raw_data_stays,
        await gradings.get_classes(session, resource),
        await resources.find_valid_assessment(session, resource.id),
        listing_rules(rules),
        delivery_classes,
        columns,
        declared,
    )
