"""Use cases of the catalogue: products on the market, for everybody to read, to quote and to order."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from infra.stops import service as stops
from listings.authorisations import service as authorisations
from listings.authorisations.domain import Grant
from listings.catalogue.errors import NotInCatalogue, NotTradeable, PurposeNotOffered
from listings.catalogue.facts import AuthorisationChain, Listing, ProductFacts, QualityPoint
from listings.catalogue.schemas import QuoteRequest
from listings.editions import service as editions
from listings.editions.tables import ProductEdition
from listings.freshness import service as freshness
from listings.products import service as products
from listings.products.dictionary import declared_classes
from listings.products.domain import DeliveryClass
from listings.products.listable import require_offerable
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.resources import registering
from listings.resources import service as resources
from listings.revisions import history
from listings.revisions import service as revisions
from listings.revisions.disclosure import get_disclosure
from listings.revisions.history import PastRevision
from listings.rights import service as rights
from listings.samples import service as samples
from pricing.plans import service as plans
from pricing.quotes import domain as pricing
from pricing.quotes.context import quote_context
from quality.runs import service as quality

TREND = 12
"""Revisions whose quality a product's page shows."""


async def get_listing(session: AsyncSession, product_id: UUID) -> Listing:
    """A product on the market, to be read before an order.

    :raises NotFound: there is no such product, or it is not on the market now.
    """
    row = await get_on_market(session, product_id)
    rules = await rulebook.in_force(session)
    facts = await get_tradeable_product(session, product_id, rules)
    revision, report = await revisions.get_current_report(session, product_id)
    disclosure = await get_disclosure(session, row, revision)
    resource = await resources.get_resource(session, row.resource_id)
    return Listing(
        product=row,
        resource=resource,
        registration=registering.status_of(resource, await now(session)),
        edition=await _edition_of(session, row),
        promise=await freshness.get_promise(session, row),
        facts=facts,
        revision=revision,
        dictionary=[entry for entry in disclosure.dictionary if entry.name in facts.columns],
        sample=[
            {name: value for name, value in line.items() if name in facts.columns}
            for line in await samples.get_shown(session, row, revision, disclosure)
        ],
        report=report,
        plan=await plans.get_plan(session, facts.plan_id),
        chain=await _chain(session, facts),
        trend=await _trend(session, product_id),
        public_is_free=rules.truth("pricing.public_purposes_are_free"),
        notice=await revisions.find_notice(session, product_id),
    )


async def get_on_market(session: AsyncSession, product_id: UUID) -> DataProduct:
    """A product on the market.

    :raises NotFound: there is no such product, or it is not on the market now.
    """
    row = await products.find_on_market(session, product_id)
    if row is None:
        raise _not_in_catalogue()
    return row


async def _chain(session: AsyncSession, facts: ProductFacts) -> AuthorisationChain:
    grant = await authorisations.get_live_grant(session, facts.authorisation_id, facts.resource_id)
    right = await rights.find_right(session, grant.right_id)
    return AuthorisationChain(
        owner_id=grant.owner_id,
        right_kind=right.kind,
        right_basis=right.basis,
        legal_basis=right.legal_basis,
        right_valid_until=right.valid_until,
        authorising_body_id=grant.authorising_body_id,
        operator_id=grant.operator_id,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
    )


async def _trend(session: AsyncSession, product_id: UUID) -> list[QualityPoint]:
    """The quality of the newest revisions that buyers read or could have read, oldest first."""
    points = []
    for row in (await revisions.list_passed(session, product_id))[:TREND]:
        report = await quality.find_report(session, row.id)
        if report is not None and report.passed and not await revisions.is_revision_withheld(session, row.id):
            points.append(
                QualityPoint(
                    row.id, row.number, row.uploaded_at, report.measured_at, report.grade, report.score
                )
            )
    return sorted(points, key=lambda point: point.number)


async def list_editions(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductEdition], str | None]:
    """One page of the editions of a product on the market that took effect, newest first.

    :raises NotFound: there is no such product, or it is not on the market now.
    """
    if await products.find_on_market(session, product_id) is None:
        raise _not_in_catalogue()
    return await editions.list_published(session, product_id, page)


async def get_edition(session: AsyncSession, product_id: UUID, number: int) -> ProductEdition:
    """An edition of a product on the market.

    :raises NotFound: there is no such product on the market now, or none of its editions has this number.
    """
    if await products.find_on_market(session, product_id) is None:
        raise _not_in_catalogue()
    row = await editions.find_published(session, product_id, number)
    if row is None:
        raise NotFound(
            Message("The product has no edition {number}.", number=number),
            remedy=Message("GET /v1/catalogue/{product_id}/editions lists them.", product_id=product_id),
        )
    return row


async def _edition_of(session: AsyncSession, row: DataProduct) -> ProductEdition:
    assert row.edition_id is not None, "a published product has its edition"
    edition = await editions.find_edition(session, row.edition_id)
    assert edition is not None
    return edition


async def list_revisions(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[list[PastRevision], str | None]:
    """One page of the revisions of a product on the market, newest first.

    :raises NotFound: there is no such product, or it is not on the market now.
    """
    row = await products.find_on_market(session, product_id)
    if row is None:
        raise _not_in_catalogue()
    return await history.list_history(session, row, page)


async def quote(session: AsyncSession, product_id: UUID, data: QuoteRequest) -> pricing.Quote:
    """What a use of a product on the market would cost over one billing period.

    :raises NotFound, NotTradeable: see `get_tradeable_product`.
    :raises PurposeNotOffered: it is not offered for the purpose.
    """
    rules = await rulebook.in_force(session)
    facts = await get_tradeable_product(session, product_id, rules)
    if data.purpose.value not in facts.purposes:
        raise PurposeNotOffered(
            Message("The product is offered for: {purposes}.", purposes=", ".join(facts.purposes)),
            remedy=Message("Name one of these purposes."),
        )
    plan = await plans.get_plan(session, facts.plan_id)
    context = quote_context(rules, data.purpose)
    return pricing.quote(plan, data.units, context)


async def get_tradeable_product(
    session: AsyncSession, product_id: UUID, rules: Rules, *, share: bool = False
) -> ProductFacts:
    """A product that can be ordered now, with everything a contract copies from it.

    :param rules: in force; what was listed by former rules must still be listable.
    :param share: keep its authorisation as it is until the transaction ends.
    :raises NotInCatalogue: there is no such product in the catalogue.
    :raises NotFound: none of its data can be read now.
    :raises NotTradeable: it has been stopped, or the authorisation covers no purpose of it any more.
    :raises AuthorisationNotLive: the authorisation has lapsed, or something it rests on is stopped.
    :raises NotListable: the rules in force do not allow what it offers any more.
    """
    row = await products.find_product(session, product_id)
    if row is None or row.status is not ProductStatus.PUBLISHED or row.plan_id is None:
        raise _not_in_catalogue()
    grant = await authorisations.get_live_grant(session, row.authorisation_id, row.resource_id, share=share)
    if await stops.active(session, [row.id]):
        raise NotTradeable(
            Message("The product has been stopped."),
            remedy=Message("Ask again when the stop has been lifted."),
        )
    edition = await _edition_of(session, row)
    revision = await revisions.get_current_revision(session, row.id)
    resource = await resources.get_resource(session, row.resource_id)
    # What the data holds and the authorisation, perhaps amended since it was uploaded, still covers.
    columns = tuple(
        column.name for column in revision.columns if grant.columns is None or column.name in grant.columns
    )
    declared = declared_classes(products.get_described_columns(row).values())
    classification = await require_offerable(
        session, resource, rules, row.delivery_classes, columns, declared
    )
    return ProductFacts(
        id=row.id,
        title_zh=row.title_zh,
        title_en=row.title_en,
        operator_id=row.operator_id,
        owner_id=row.owner_id,
        resource_id=row.resource_id,
        right_id=grant.right_id,
        authorisation_id=row.authorisation_id,
        authorisation_valid_from=grant.valid_from,
        authorisation_valid_until=grant.valid_until,
        authorised_columns=grant.columns,
        scenarios=tuple(scenario.value for scenario in grant.scenarios),
        regions=grant.regions,
        purposes=_purposes(row, grant),
        shares=asdict(grant.shares),
        plan_id=row.plan_id,
        edition_id=edition.id,
        edition_digest=edition.digest,
        delivery_classes=tuple(DeliveryClass(code) for code in row.delivery_classes),
        classification=classification,
        personal_information=resource.personal_information,
        columns=columns,
        revision=revision,
        links=(row.id, *grant.links),
    )


def _purposes(row: DataProduct, grant: Grant) -> tuple[str, ...]:
    """What it is offered for, as far as the authorisation still covers that.

    :raises NotTradeable: none of it is covered any more.
    """
    authorised = {purpose.value for purpose in grant.purposes}
    purposes = tuple(code for code in row.purposes if code in authorised)
    if not purposes:
        raise NotTradeable(
            Message("The authorisation covers none of the purposes that the product is offered for."),
            remedy=Message(
                "Ask the operator, who can offer it for others by a new edition:"
                " POST /v1/products/{product_id}/editions.",
                product_id=row.id,
            ),
        )
    return purposes


def _not_in_catalogue() -> NotInCatalogue:
    return NotInCatalogue(
        Message("There is no such product in the catalogue."),
        remedy=Message("Search for it with GET /v1/catalogue."),
    )
