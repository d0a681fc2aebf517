"""What goes in and out of amendments over HTTP."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from contracts.amendments.domain import Impact
from infra.identity.schemas import PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import LongText, Output, Reason, Sha256Hex
from listings.authorisations.amendment_states import AmendmentStatus
from listings.authorisations.schemas import AuthorisationChanges, AuthorisationSignatureRead
from listings.authorisations.tables import (
    AuthorisationAmendment,
    AuthorisationSignature,
    AuthorisationVersion,
)
from listings.authorisations.texts import text_digest
from listings.products.tables import DataProduct


class AmendmentCreate(AuthorisationChanges):
    """An amendment to propose, whose preview was looked at."""

    preview_digest: Sha256Hex = Field(description="Of the preview, whose stops are confirmed with it")
    reason: Reason
    legal_basis: LongText = Field(description="The law, plan or decision that it is proposed on")
    document_sha256: Sha256Hex | None = Field(None, description="Digest of the document that shows it")


class StoppedProduct(Output):
    """A product that the amendment stops."""

    id: UUID
    title_zh: str
    title_en: str


class ImpactRead(Output):
    """What the amendment stops: how many, and by name what you can access."""

    products: int
    licences: int
    agreements: int = Field(
        description="Agreements that wait for signatures and could not be concluded any more"
    )
    named_products: list[StoppedProduct]
    named_licences: list[UUID]
    named_agreements: list[UUID]

    @classmethod
    def of(cls, impact: Impact, products: Mapping[UUID, DataProduct], visible: Collection[UUID]) -> Self:
        """Map an impact.

        :param products: those of the authorisation.
        :param visible: ids of the licences and agreements that the caller can access.
        """
        return cls(
            products=len(impact.products),
            licences=len(impact.licences),
            agreements=len(impact.agreements),
            named_products=[
                StoppedProduct.model_validate(products[one])
                for one in sorted(impact.products)
                if one in products
            ],
            named_licences=sorted(impact.licences & set(visible)),
            named_agreements=sorted(impact.agreements & set(visible)),
        )


class PreviewRead(Output):
    """What an amendment would say and stop."""

    text: dict[str, Any] = Field(description="The whole authorisation as amended")
    stops: ImpactRead
    digest: str = Field(description="Names this preview; sent with the proposal as `preview_digest`")


class AmendmentRead(Output):
    """An amendment of an authorisation."""

    id: UUID
    authorisation_id: UUID
    base_version: int = Field(description="The version that it amends")
    status: AmendmentStatus
    text: dict[str, Any] = Field(description="The whole authorisation as amended")
    digest: str = Field(description="SHA-256 of the text, which its sides sign")
    stops: ImpactRead = Field(description="As it was confirmed by whoever proposed it")
    reason: str
    legal_basis: str
    document_sha256: str | None
    proposed_at: datetime
    proposed_by: UUID
    proposed_by_organisation: UUID
    answer_by: datetime = Field(description="When it lapses unless every side has signed it by then")
    signatures: list[AuthorisationSignatureRead]
    waits_for: list[UUID] = Field(description="The organisations whose signature is the next step")
    ended_at: datetime | None
    end_reason: str | None
    rules: list[RuleVersionRead]

    @classmethod
    def of(
        cls,
        row: AuthorisationAmendment,
        stops: ImpactRead,
        signatures: Sequence[AuthorisationSignature],
        waits_for: Sequence[UUID],
        names: PartyNames,
    ) -> Self:
        """Map a row."""
        return cls(
            **row.model_dump(),
            stops=stops,
            signatures=[AuthorisationSignatureRead.of(one, names) for one in signatures],
            waits_for=list(waits_for),
        )


class Amendments(Output):
    """The amendments of an authorisation, newest first."""

    items: list[AmendmentRead]


class VersionRead(Output):
    """One version of an authorisation, as it was signed."""

    number: int
    text: dict[str, Any]
    digest: str
    amendment_id: UUID | None = Field(description="The amendment that made it; null for the first")
    made_at: datetime

    @classmethod
    def of(cls, row: AuthorisationVersion) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), digest=text_digest(row.text))


class Versions(Output):
    """Every version of an authorisation, oldest first."""

    items: list[VersionRead]
