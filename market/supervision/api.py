"""Supervision over HTTP."""

from uuid import UUID

from litestar import Controller, get

from contracts.agreements.schemas import AgreementRead
from contracts.licences.schemas import LicenceRead
from contracts.review.schemas import ReviewRead, StopRead
from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from listings.authorisations.api import authorisation_read
from listings.products.api import product_read
from listings.resources.api import resource_read
from listings.rights.api import right_reads
from market.audit.service import read_entries
from market.settlement.invoices.api import invoice_summaries
from market.supervision import service
from market.supervision.schemas import ContractFile, QualityBrief, UsageBrief
from pricing.plans.schemas import PricePlanRead


class SupervisionController(Controller):
    """The regulator's whole picture."""

    path = "/v1/supervision"
    tags = ["Supervision"]

    @get(
        "/contracts/{agreement_id:uuid}",
        guards=[requires(Permission.SUPERVISE)],
        operation_id="getContractFile",
        summary="Get the file of a contract",
    )
    async def get_contract_file(
        self, session: AsyncSession, actor: Actor, agreement_id: UUID
    ) -> ContractFile:
        """Rights, authorisation, quality, price, contract, usage, money, stops and decisions, on one page."""
        file = await service.get_contract_file(session, actor, agreement_id)
        return ContractFile(
            agreement=AgreementRead.of(file.agreement),
            licence=LicenceRead.of(file.licence) if file.licence else None,
            product=await product_read(session, file.product),
            resource=await resource_read(session, file.resource),
            rights=await right_reads(session, file.rights),
            authorisation=await authorisation_read(session, file.authorisation),
            price_plan=PricePlanRead.of(file.price_plan, file.agreement.names),
            quality=QualityBrief.model_validate(file.quality) if file.quality else None,
            usage=UsageBrief.model_validate(file.usage),
            invoices=await invoice_summaries(session, file.invoices),
            stops=[StopRead.of(stop, file.stop_names) for stop in file.stops],
            reviews=[ReviewRead.model_validate(review) for review in file.reviews],
            decisions=await read_entries(session, file.decisions),
        )
