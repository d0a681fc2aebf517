"""The catalogue over HTTP, open to everybody."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import QueryParameter

from infra.auth import public
from infra.db import AsyncSession
from infra.paging import PageRequest
from infra.schema import Page
from listings.catalogue import service
from listings.catalogue.domain import MAX_QUERY
from listings.catalogue.schemas import CatalogueItem, CatalogueProduct
from listings.products.domain import personal_columns
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


class CatalogueController(Controller):
    """Products on the market."""

    path = "/v1/catalogue"
    tags = ["Catalogue"]

    @get(opt=OPEN, summary="Search the catalogue")
    async def search(
        self, session: AsyncSession, page: PageRequest, q: Query = "", theme: Theme = None
    ) -> Page[CatalogueItem]:
        """Products on the market, newest first. 空气质量 finds 城市环境空气质量小时监测, `qual` finds `quality`."""
        rows, following = await service.search(session, q, theme, page)
        names = await service.parties(session, rows)
        return Page(items=[CatalogueItem.of(row, names) for row in rows], next_cursor=following)

    @get("/{product_id:uuid}", opt=OPEN, summary="One product of the catalogue")
    async def read(self, session: AsyncSession, product_id: UUID) -> CatalogueProduct:
        """Everything to read before an order: dictionary, masked sample, quality, price."""
        listing = await service.listing(session, product_id)
        names = await service.parties(session, [listing.product])
        return CatalogueProduct.of_listing(listing, names)

    @get("/{product_id:uuid}/quality-report", opt=OPEN, summary="Quality report of a product")
    async def quality_report(self, session: AsyncSession, product_id: UUID) -> ReportRead:
        """The report of the revision that buyers read now; values of personal columns are withheld."""
        listing = await service.listing(session, product_id)
        return ReportRead.of(listing.report, personal_columns(listing.dictionary))
