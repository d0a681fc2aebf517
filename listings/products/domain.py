"""What a product is made of, besides its text."""

from enum import StrEnum


class DeliveryClass(StrEnum):
    """How data reaches the buyer."""

    RECORDS_API = "records_api"
