"""Whether columns of a resource may be offered, and of which class the offer then is."""

from collections.abc import Iterable, Mapping, Sequence

from infra.db import AsyncSession
from infra.messages import Message
from infra.rulebook.domain import Rules
from listings.gradings import service as gradings
from listings.gradings.domain import ColumnClasses
from listings.products.domain import DeliveryClass, require_delivery
from listings.resources import service as resources
from listings.resources.domain import Classification, ListingRules, listing_rules, require_listable
from listings.resources.errors import NotListable
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


def class_of_offer(
    raw_data_stays: bool,
    classes: ColumnClasses,
    assessed: str | None,
    listed: ListingRules,
    delivery_classes: Iterable[str],
    columns: Sequence[str] | None,
    declared: Mapping[str, Classification | None] | None = None,
) -> Classification:
    """As `require_offerable`, from what is known of the resource. Pure.

    :param classes: of its columns.
    :param assessed: digest of its risk assessment, while that is valid.
    """
    require_delivery((DeliveryClass(code) for code in delivery_classes), raw_data_stays=raw_data_stays)
    core = classes.core(columns, declared) if columns is not None and listed.core_data_refused else []
    if core and classes.resource is not Classification.CORE:
        raise core_columns(core)
    classification = classes.offered(columns, declared)
    require_listable(classification, assessed, listed)
    return classification


def core_columns(columns: Sequence[str]) -> NotListable:
    """Why columns of core data are offered to nobody."""
    return NotListable(
        Message(
            "Core data (核心数据) may never be listed, and these columns are: {columns}.",
            columns=", ".join(columns[:20]),
        ),
        remedy=Message(
            "Upload a file without them. For another class of a column ask for a re-grading with reasons:"
            " POST /v1/resources/{resource_id}/column-gradings; a regulator decides."
        ),
        columns=list(columns[:100]),
    )
