"""What goes in and out of agreements over HTTP."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from contracts.agreements.facts import AgreementDetails
from contracts.agreements.states import AgreementStatus
from contracts.agreements.tables import Agreement, AgreementSignature
from contracts.parties import Parties, named_parties
from infra.identity.schemas import PartyName, PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Instant, LongText, Output, Sha256Hex, ShortText
from infra.unit_schemas import UnitQuotas
from listings.authorisations.domain import Scenario
from listings.authorisations.schemas import RegionCode
from pricing.regulated.purposes import PurposeClass


class OrderCreate(Input):
    """An order for a product."""

    product_id: UUID
    columns: list[ShortText] | None = Field(
        None, min_length=1, max_length=2000, description="Columns wanted; all when left out"
    )
    purposes: list[PurposeClass] = Field(
        min_length=1, max_length=3, description="What the data will be used for"
    )
    scenarios: list[Scenario] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Fields of use; all of the authorisation's when left out",
    )
    regions: list[RegionCode] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Divisions it will be used for, within the authorisation's; all of these when left out",
    )
    purpose_statement: LongText = Field(
        description="The use in plain words, for the operator and the regulator"
    )
    valid_from: Instant | None = Field(None, description="Begin of the term; now when left out")
    valid_until: Instant = Field(description="End of the term, not included")
    revision: Literal["latest"] | UUID = Field(
        "latest",
        description="`latest`: whatever revision is current at each call; or the id of the one that is read throughout",
    )
    quotas: UnitQuotas = Field(
        {},
        description="Limits over the whole term, by metered unit; a unit that is left out is not limited",
        examples=[{"calls": 1000, "rows": 50_000}],
    )


class SignatureCreate(Input):
    """A signature under the document whose digest is named."""

    digest: Sha256Hex


class SignatureRead(Output):
    """One side's signature."""

    organisation_id: UUID
    organisation_name: PartyName
    signed_by: UUID
    signed_at: datetime
    witness: str = Field(description="JWS of the platform over signer, digest and time")
    rules: list[RuleVersionRead] = Field(description="Rulebook versions that it was signed under")

    @classmethod
    def of(cls, row: AgreementSignature, names: PartyNames) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), organisation_name=names[row.organisation_id])


class AgreementSummary(Parties):
    """An agreement in a list."""

    id: UUID
    status: AgreementStatus
    product_id: UUID
    requested_at: datetime
    finalized_at: datetime | None

    @classmethod
    def of(cls, row: Agreement, names: PartyNames) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), **named_parties(row, names))


class AgreementEdition(Output):
    """The edition of the product that an agreement was ordered on, which holds for it whatever comes later."""

    id: UUID
    number: int
    digest: str = Field(description="SHA-256 of its document, as in the terms")
    effective_at: datetime
    superseded_at: datetime | None = Field(
        description="Since when the product has a later edition, for orders to come; null while it has none"
    )
    document: dict[str, Any] = Field(description="What it says: titles, descriptions, dictionary, offer")


class AgreementRead(Parties):
    """An agreement with its terms."""

    id: UUID
    status: AgreementStatus
    product_id: UUID
    document: dict[str, Any] = Field(description="The terms, as they are signed")
    digest: str = Field(description="SHA-256 of the document as JSON with sorted keys and no white space")
    edition: AgreementEdition | None = Field(
        description="The product as it was ordered; null for agreements from before there were editions"
    )
    signatures: list[SignatureRead]
    licence_id: UUID | None = Field(description="The licence it gave rise to, once both sides have signed")
    stopped: list[str] = Field(description="Reasons of the stops now active on the agreement itself")
    requested_at: datetime
    finalized_at: datetime | None
    terminated_at: datetime | None
    rules: list[RuleVersionRead] = Field(description="Rulebook versions that it was ordered under")

    @classmethod
    def of(cls, details: AgreementDetails) -> Self:
        """Map an agreement with its signatures, its licence and the stops on it."""
        row, names = details.agreement, details.names
        return cls(
            **row.model_dump(),
            **named_parties(row, names),
            signatures=[SignatureRead.of(signature, names) for signature in details.signatures],
            edition=AgreementEdition.model_validate(details.edition) if details.edition else None,
            licence_id=details.licence_id,
            stopped=list(details.stopped),
        )
