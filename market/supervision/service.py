"""Use cases of supervision."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.agreements.facts import AgreementDetails
from contracts.chain import ChainOfLinks
from contracts.licences import service as licences
from contracts.licences.facts import LicenceDetails
from contracts.review import service as reviews
from contracts.review.tables import ContractReview
from contracts.terms import Terms
from infra.audit import service as audit
from infra.audit.tables import AuditEntry
from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.identity import service as identity
from infra.identity.schemas import PartyNames
from infra.paging import MAX_LIMIT, PageRequest
from infra.stops import service as stops
from infra.stops.tables import Stop
from infra.units import UnitVector
from listings.authorisations import service as authorisations
from listings.authorisations.tables import Authorisation
from listings.products import service as products
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.tables import DataResource
from listings.revisions import service as revisions
from listings.rights import service as rights
from listings.rights.tables import ResourceRight
from market.settlement.invoices import service as invoices
from market.settlement.invoices.tables import Invoice
from pricing.plans import service as plans
from pricing.plans.tables import PricePlanRow

_WHOLE = PageRequest(limit=MAX_LIMIT, after=None)


@dataclass(frozen=True, slots=True)
class Quality:
    """What the data that buyers read now was measured at."""

    revision_id: UUID
    revision_number: int
    rows: int
    score: str
    grade: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used under a contract so far."""

    units: UnitVector
    open_period_no: int


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything there is about one contract; lists hold at most 200 entries."""

    agreement: AgreementDetails
    licence: LicenceDetails | None
    product: DataProduct
    resource: DataResource
    rights: Sequence[ResourceRight]
    authorisation: Authorisation
    price_plan: PricePlanRow
    quality: Quality | None
    usage: Usage
    invoices: Sequence[Invoice]
    stops: Sequence[Stop]
    stop_names: PartyNames
    reviews: Sequence[ContractReview]
    decisions: Sequence[AuditEntry]


async def get_contract_file(session: AsyncSession, actor: Actor, agreement_id: UUID) -> Dossier:
    """Everything there is about one contract.

    :raises NotFound: there is no such agreement.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id)
    details = await agreements.get_details(session, agreement)
    terms = Terms.of(agreement.document)
    licence = await _licence(session, actor, details.licence_id)
    authorisation = await authorisations.access_authorisation(session, actor, terms.authorisation_id)
    held, _ = await rights.list_rights(session, actor, terms.resource_id, _WHOLE)
    bills, _ = await invoices.list_invoices(session, actor, _WHOLE, agreement_id=agreement.id)
    own = [agreement.id, *([details.licence_id] if details.licence_id else [])]
    chain = ChainOfLinks.from_terms(agreement.id, terms)
    stopped = await stops.history(session, {*own, *chain.ids()})
    return Dossier(
        agreement=details,
        licence=licence,
        product=await products.access_product(session, actor, terms.product_id),
        resource=await resources.access_resource(session, actor, terms.resource_id),
        rights=held,
        authorisation=authorisation,
        price_plan=await plans.access_price_plan(session, actor, terms.price_plan_id),
        quality=await _quality(session, terms.product_id),
        usage=_usage(licence),
        invoices=bills,
        stops=stopped,
        stop_names=await identity.party_names(session, (stop.placed_by_organisation for stop in stopped)),
        reviews=await reviews.list_reviews(session, agreement.id),
        decisions=await audit.list_about(session, own, MAX_LIMIT),
    )


async def _licence(session: AsyncSession, actor: Actor, licence_id: UUID | None) -> LicenceDetails | None:
    if licence_id is None:
        return None
    return await licences.get_details(session, await licences.access_licence(session, actor, licence_id))


async def _quality(session: AsyncSession, product_id: UUID) -> Quality | None:
    try:
        revision, report = await revisions.get_current_report(session, product_id)
    except NotFound:
        return None
    return Quality(revision.id, revision.number, revision.rows, str(report.score), report.grade)


def _usage(licence: LicenceDetails | None) -> Usage:
    if licence is None:
        return Usage(UnitVector(), 0)
    return Usage(licence.counter.used, licence.counter.period_no)
