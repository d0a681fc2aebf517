"""What supervision shows over HTTP."""

from uuid import UUID

from pydantic import Field

from contracts.agreements.schemas import AgreementRead
from contracts.licences.schemas import LicenceRead
from contracts.review.schemas import ReviewRead, StopRead
from infra.schema import Output
from infra.unit_schemas import UnitAmounts
from listings.authorisations.schemas import AuthorisationRead
from listings.products.schemas import ProductRead
from listings.resources.schemas import ResourceRead
from listings.rights.schemas import RightRead
from market.audit.schemas import AuditEntryRead
from market.settlement.invoices.schemas import InvoiceSummary
from pricing.plans.schemas import PricePlanRead


class QualityBrief(Output):
    """What the data that buyers read now was measured at."""

    revision_id: UUID
    revision_number: int
    rows: int
    score: str
    grade: str


class UsageBrief(Output):
    """What was used under the contract so far."""

    units: UnitAmounts = Field(description="By metered unit")
    open_period_no: int


class ContractFile(Output):
    """The whole file of one contract."""

    agreement: AgreementRead
    licence: LicenceRead | None
    product: ProductRead
    resource: ResourceRead
    rights: list[RightRead] = Field(description="Recorded rights to the resource")
    authorisation: AuthorisationRead
    price_plan: PricePlanRead
    quality: QualityBrief | None = Field(description="Null while no revision has passed its check")
    usage: UsageBrief
    invoices: list[InvoiceSummary]
    stops: list[StopRead] = Field(
        description="Every stop there ever was on a link of the chain, oldest first"
    )
    reviews: list[ReviewRead]
    decisions: list[AuditEntryRead] = Field(
        description="Latest decisions about agreement and licence, newest first"
    )
