"""What goes in and out of cancellations over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Input, Output, Reason, Sha256Hex
from listings.authorisations.states import AuthorisationStatus
from listings.products.states import ProductStatus
from market.cancellations.service import Consequences


class StoppedAuthorisation(Output):
    """An authorisation that stops."""

    id: UUID
    operator_id: UUID
    operator_name: PartyName | None
    status: AuthorisationStatus
    valid_until: datetime


class StoppedProduct(Output):
    """A product that can be ordered no more."""

    id: UUID
    title_zh: str
    title_en: str
    status: ProductStatus


class StoppedLicence(Output):
    """A licence whose calls are refused."""

    id: UUID
    agreement_id: UUID
    product_id: UUID
    buyer_id: UUID
    buyer_name: PartyName | None
    valid_until: datetime


class CancellationPreview(Output):
    """What stops when the registration of a resource is cancelled."""

    authorisations: list[StoppedAuthorisation]
    products: list[StoppedProduct]
    licences: list[StoppedLicence]
    digest: str = Field(description="Confirms exactly this: send it with the cancellation")

    @classmethod
    def of(cls, found: Consequences, names: PartyNames) -> "CancellationPreview":
        """Map what was found."""
        return cls(
            authorisations=[
                StoppedAuthorisation(
                    id=row.id,
                    operator_id=row.operator_id,
                    operator_name=names.get(row.operator_id),
                    status=row.status,
                    valid_until=row.valid_until,
                )
                for row in found.authorisations
            ],
            products=[StoppedProduct.model_validate(row) for row in found.products],
            licences=[
                StoppedLicence(
                    id=row.id,
                    agreement_id=row.agreement_id,
                    product_id=row.product_id,
                    buyer_id=row.buyer_id,
                    buyer_name=names.get(row.buyer_id),
                    valid_until=row.valid_until,
                )
                for row in found.licences
            ],
            digest=found.digest,
        )


class CancellationCreate(Input):
    """A cancellation, all that it stops having been seen."""

    confirmed_digest: Sha256Hex = Field(description="Of the preview")
    reason: Reason
