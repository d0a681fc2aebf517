"""What a product is made of, besides its text. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from infra.messages import Message
from listings.gradings.domain import ColumnClasses
from listings.products.errors import PurposeNotAuthorised
from listings.resources.domain import Classification, ListingRules, require_listable
from listings.resources.errors import NotListable


class DeliveryClass(StrEnum):
    """How data reaches the buyer."""

    RECORDS_API = "records_api"


def require_purposes(wanted: Collection[str], authorised: Collection[str]) -> None:
    """Refuse to offer a product for what its authorisation does not give.

    :raises PurposeNotAuthorised: names the purposes that are too many.
    """
    beyond = sorted(set(wanted) - set(authorised))
    if beyond:
        raise PurposeNotAuthorised(
            Message("The authorisation does not cover: {purposes}.", purposes=", ".join(beyond)),
            remedy=Message(
                "Name some of {authorised}, or have the owner authorise more.",
                authorised=", ".join(sorted(authorised)),
            ),
            authorised=sorted(authorised),
        )


DELIVERS_RECORDS = frozenset({DeliveryClass.RECORDS_API})
"""Classes by which raw records leave. Others (models, verification answers) come with their behaviour."""


def require_delivery(delivery_classes: Iterable[DeliveryClass], *, raw_data_stays: bool) -> None:
    """Refuse to offer raw records of a resource whose records may not leave (原始数据不出域, 数据二十条).

    :raises NotListable: a delivery class hands records out.
    """
    leaving = sorted(DELIVERS_RECORDS & set(delivery_classes))
    if raw_data_stays and leaving:
        raise NotListable(
            Message(
                "Raw records of the resource may not leave (原始数据不出域), and delivery by {delivery_class} hands"
                " them out.",
                delivery_class=leaving[0],
            ),
            remedy=Message(
                "No delivery class that keeps records inside is offered yet. Have the owner register what is computed"
                " from them, such as statistics or indicators, as a resource of its own, and list that."
            ),
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
    """As :func:`listings.products.listable.require_offerable`, from what is known of the resource.

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
