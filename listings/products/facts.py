"""What other slices and the floors above need to know of products and revisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from listings.ingest.result import Column
from listings.products.domain import DeliveryClass
from listings.resources.domain import Classification


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """One immutable revision.

    :ivar object_key: of the Parquet file in the object store.
    :ivar columns: in the data's order.
    """

    id: UUID
    product_id: UUID
    number: int
    object_key: str
    sha256: str
    columns: tuple[Column, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product that can be ordered now, with everything a contract copies from it.

    :ivar columns: names of the columns on offer, in the data's order.
    :ivar authorised_columns: None when the authorisation covers all columns.
    :ivar scenarios: codes the authorisation covers; `regions` and `purposes` likewise.
    :ivar shares: split of revenue in basis points by ``owner``, ``operator`` and ``platform``; they sum to 10000.
    :ivar links: ids of every link of the chain above a contract: a stop on any of them stops its licences.
    """

    id: UUID
    title_zh: str
    title_en: str
    operator_id: UUID
    owner_id: UUID
    resource_id: UUID
    right_id: UUID
    authorisation_id: UUID
    authorisation_valid_from: datetime
    authorisation_valid_until: datetime
    authorised_columns: tuple[str, ...] | None
    scenarios: tuple[str, ...]
    regions: tuple[str, ...]
    purposes: tuple[str, ...]
    shares: Mapping[str, int]
    plan_id: UUID
    delivery_class: DeliveryClass
    classification: Classification
    personal_information: bool
    columns: tuple[str, ...]
    revision: RevisionFacts
    links: tuple[UUID, ...]
