"""The catalogue over HTTP, open to everybody."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter, QueryParameter

from infra.auth import Permission
from infra.db import AsyncSession
from infra.guards import public, requires
from infra.identity import service as identity
from infra.identity.schemas import PartyNames
from infra.paging import PageRequest
from infra.schema import Page
from listings.catalogue import service
from listings.catalogue.schemas import (
    CatalogueEdition,
    CatalogueEditionItem,
    CatalogueItem,
    CatalogueProduct,
    QuoteRequest,
)
from listings.editions import service as editions
from listings.products.dictionary import personal_columns
from listings.products.search import MAX_QUERY
from listings.products.tables import DataProduct
from listings.revisions.schemas import CatalogueRevisionRead
from pricing.plans import service as plans
from pricing.quotes.schemas import QuoteRead
from quality.schemas import ReportRead

OPEN = public("the catalogue is open to everybody")
Query = Annotated[
    str,
    QueryParameter(
        max_length=MAX_QUERY, description="Words in Chinese or English; a product has all of them"
    ),
]
Theme = Annotated[
    str | None, QueryParameter(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Code of a theme")
]


async def _names(session: AsyncSession, rows: Sequence[DataProduct]) -> PartyNames:
    parties = {party for row in rows for party in (row.operator_id, row.owner_id)}
    return await identity.party_names(session, parties)


class CatalogueController(Controller):
    """Products on the market."""

    path = "/v1/catalogue"
    tags = ["Catalogue"]

    @get(opt=OPEN, operation_id="searchCatalogue", summary="Search the catalogue")
    async def search(
        self, session: AsyncSession, page: PageRequest, q: Query = "", theme: Theme = None
    ) -> Page[CatalogueItem]:
        """Products on the market, newest first. 空气质量 finds 城市环境空气质量小时监测, `qual` finds `quality`."""
        rows, following = await service.search(session, q, theme, page)
        names = await _names(session, rows)
        return Page(items=[CatalogueItem.of(row, names) for row in rows], next_cursor=following)

    @get(
        "/{product_id:uuid}",
        opt=OPEN,
        operation_id="getCatalogueProduct",
        summary="Get a product of the catalogue",
    )
    async def read(self, session: AsyncSession, product_id: UUID) -> CatalogueProduct:
        """Everything to read before an order: dictionary, masked sample, quality, price."""
        listing = await service.get_listing(session, product_id)
        names = await _names(session, [listing.product])
        return CatalogueProduct.of_listing(listing, names)

    @get(
        "/{product_id:uuid}/quality-report",
        opt=OPEN,
        operation_id="getCatalogueQualityReport",
        summary="Get the quality report of a product",
    )
    async def quality_report(self, session: AsyncSession, product_id: UUID) -> ReportRead:
        """The report of the revision that buyers read now; values of personal columns are withheld."""
        listing = await service.get_listing(session, product_id)
        return ReportRead.of(listing.report, personal_columns(listing.dictionary))

    @get(
        "/{product_id:uuid}/revisions",
        opt=OPEN,
        operation_id="listCatalogueRevisions",
        summary="List the revisions of a product on the market",
    )
    async def revisions(
        self, session: AsyncSession, product_id: UUID, page: PageRequest
    ) -> Page[CatalogueRevisionRead]:
        """Number, rows, what differs from the one before, and where each stands; newest first.

        One that was announced says from when on it is the latest.
        """
        found, following = await service.list_revisions(session, product_id, page)
        return Page(items=[CatalogueRevisionRead.of(past) for past in found], next_cursor=following)


class CatalogueEditionController(Controller):
    """The history of products on the market."""

    path = "/v1/catalogue/{product_id:uuid}/editions"
    tags = ["Catalogue"]

    @get(opt=OPEN, operation_id="listCatalogueEditions", summary="List the editions of a product")
    async def list_editions(
        self, session: AsyncSession, product_id: UUID, page: PageRequest
    ) -> Page[CatalogueEditionItem]:
        """Those that took effect, newest first, each with what it changed. An agreement names its own."""
        rows, following = await service.list_editions(session, product_id, page)
        bases = await editions.get_bases(session, rows)
        items = [CatalogueEditionItem.of(row, bases.get(row.id)) for row in rows]
        return Page(items=items, next_cursor=following)

    @get(
        "/{number:int}",
        opt=OPEN,
        operation_id="getCatalogueEdition",
        summary="Get an edition of a product",
    )
    async def read(
        self,
        session: AsyncSession,
        product_id: UUID,
        number: Annotated[int, Parameter(ge=1, le=1_000_000)],
    ) -> CatalogueEdition:
        """Everything it says, its dictionary and its price included, also when a later one is in force."""
        row = await service.get_edition(session, product_id, number)
        bases = await editions.get_bases(session, [row])
        plan = await plans.get_plan(session, UUID(row.document["plan_id"]))
        return CatalogueEdition.of_edition(row, bases.get(row.id), plan)


class QuoteController(Controller):
    """What a product on the market would cost."""

    path = "/v1/products/{product_id:uuid}/quotes"
    tags = ["Products"]

    @post(
        status_code=200,
        guards=[requires(Permission.QUOTE)],
        operation_id="quoteProduct",
        summary="Quote a use of a product",
    )
    async def quote(self, session: AsyncSession, product_id: UUID, data: QuoteRequest) -> QuoteRead:
        """Price a use of a published product over one billing period, line by line, with explanations."""
        return QuoteRead.of(await service.quote(session, product_id, data))
