"""Use cases of supervision."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.agreements import service as agreements
from contracts.chain import ChainOfLinks
from contracts.licences import service as licences
from contracts.review import service as reviews
from contracts.review.tables import ContractReview
from contracts.terms import Terms
from infra.audit import service as audit
from infra.audit.tables import AuditEntry
from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.paging import MAX_LIMIT, PageRequest
from infra.stops import service as stops
from infra.stops.tables import Stop
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

    calls: int
    rows: int
    open_period_no: int


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything there is about one contract; lists hold at most 200 entries."""

    agreement: agreements.VisibleAgreement
    licence: licences.VisibleLicence | None
    product: DataProduct
    resource: DataResource
    rights: Sequence[ResourceRight]
    authorisation: Authorisation
    resource_ids: Sequence[UUID]
    price_plan: PricePlanRow
    quality: Quality | None
    usage: Usage
    invoices: Sequence[Invoice]
    stops: Sequence[Stop]
    reviews: Sequence[ContractReview]
    decisions: Sequence[AuditEntry]


async def contract_file(session: AsyncSession, actor: Actor, agreement_id: UUID) -> Dossier:
    """Everything there is about one contract.

    :raises NotFound: there is no such agreement.
    """
    agreement = await agreements.access_agreement(session, actor, agreement_id)
    terms = Terms.of(agreement.document)
    licence_id = await licences.licence_of(session, agreement.id)
    licence = await licences.access_licence(session, actor, licence_id) if licence_id else None
    authorisation = await authorisations.access_authorisation(session, actor, terms.authorisation_id)
    covered = await authorisations.resource_ids(session, [authorisation])
    held, _ = await rights.list_rights(session, actor, terms.resource_id, _WHOLE)
    bills, _ = await invoices.list_invoices(session, actor, _WHOLE, agreement_id=agreement.id)
    links = [*ChainOfLinks.from_terms(agreement.id, terms).ids(), *([licence_id] if licence_id else [])]
    return Dossier(
        agreement=agreement,
        licence=licence,
        product=await products.access_product(session, actor, terms.product_id),
        resource=await resources.access_resource(session, actor, terms.resource_id),
        rights=held,
        authorisation=authorisation,
        resource_ids=covered[authorisation.id],
        price_plan=await plans.access_price_plan(session, actor, terms.price_plan_id),
        quality=await _quality(session, terms.product_id),
        usage=await _usage(session, licence),
        invoices=bills,
        stops=await stops.history(session, links),
        reviews=await reviews.reviews_of(session, agreement.id),
        decisions=await audit.list_about(
            session, [agreement.id, *([licence_id] if licence_id else [])], MAX_LIMIT
        ),
    )


async def _quality(session: AsyncSession, product_id: UUID) -> Quality | None:
    try:
        revision, report = await revisions.current_report(session, product_id)
    except NotFound:
        return None
    return Quality(revision.id, revision.number, revision.rows, str(report.score), report.grade)


async def _usage(session: AsyncSession, licence: licences.VisibleLicence | None) -> Usage:
    if licence is None:
        return Usage(0, 0, 0)
    counter = (await licences.standing(session, licence)).counter
    return Usage(counter.used_calls, counter.used_rows, counter.period_no)
