"""What a product is made of, besides its text."""

from collections.abc import Collection
from enum import StrEnum

from infra.messages import Message
from listings.products.errors import PurposeNotAuthorised


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
