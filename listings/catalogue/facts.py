"""What contracts copy of a product, and what its page in the catalogue is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from listings.editions.tables import ProductEdition
from listings.freshness.domain import Promise
from listings.products.dictionary import DictionaryEntry
from listings.products.domain import DeliveryClass
from listings.products.tables import DataProduct
from listings.resources.domain import Classification
from listings.resources.registration import RegistrationStatus
from listings.resources.tables import DataResource
from listings.revisions.domain import RevisionFacts, SchemaNotice
from listings.revisions.tables import ProductRevision
from listings.rights.domain import RightBasis, RightKind
from pricing.plans.domain import PricePlan
from quality.runs.service import Report


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product that can be ordered now, with everything a contract copies from it.

    :ivar edition_id: the edition in force; `edition_digest` is that of its document.
    :ivar columns: names of the columns on offer, in the data's order.
    :ivar authorised_columns: None when the authorisation covers all columns.
    :ivar scenarios: codes the authorisation covers; `regions` likewise.
    :ivar purposes: codes it is offered for, and the authorisation covers; at least one.
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
    edition_id: UUID
    edition_digest: str
    delivery_classes: tuple[DeliveryClass, ...]
    classification: Classification
    personal_information: bool
    columns: tuple[str, ...]
    revision: RevisionFacts
    links: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class AuthorisationChain:
    """By whose leave a product is on the market.

    :ivar owner_id: the source agency, whose right it is; `right_valid_until` None without end.
    :ivar valid_from: of the authorisation, as `valid_until`.
    """

    owner_id: UUID
    right_kind: RightKind
    right_basis: RightBasis
    legal_basis: str
    right_valid_until: datetime | None
    authorising_body_id: UUID | None
    operator_id: UUID
    valid_from: datetime
    valid_until: datetime

    @property
    def parties(self) -> tuple[UUID, ...]:
        """Its organisations."""
        return (self.owner_id, *filter(None, (self.authorising_body_id,)), self.operator_id)


@dataclass(frozen=True, slots=True)
class QualityPoint:
    """The quality of one revision."""

    revision_id: UUID
    number: int
    uploaded_at: datetime
    measured_at: datetime
    grade: str
    score: Decimal


@dataclass(frozen=True, slots=True)
class Listing:
    """A product on the market with everything to read before an order.

    :ivar registration: how that of its resource stands.
    :ivar dictionary: one entry a column, in the data's order.
    :ivar notice: of a change of its columns that was announced.
    :ivar sample: first rows, personal information masked.
    :ivar trend: quality of the newest revisions that passed, oldest first.
    :ivar public_is_free: by the rules in force, use for public purposes costs nothing.
    """

    product: DataProduct
    resource: DataResource
    registration: RegistrationStatus
    promise: Promise
    edition: ProductEdition
    facts: ProductFacts
    revision: ProductRevision
    dictionary: list[DictionaryEntry]
    sample: list[dict[str, Any]]
    report: Report
    plan: PricePlan
    chain: AuthorisationChain
    trend: list[QualityPoint]
    public_is_free: bool
    notice: SchemaNotice | None
