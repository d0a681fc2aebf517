"""The catalogue over HTTP, open to everybody."""

from hashlib import sha256
from typing import Annotated, Any, cast
from uuid import UUID

from litestar import Controller, MediaType, Response, get, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, Parameter, QueryParameter

from infra.auth import Permission
from infra.db import AsyncSession
from infra.guards import public, requires
from infra.identity import service as identity
from infra.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from infra.schema import Page
from listings.catalogue import searching, service
from listings.catalogue.cursors import CURSOR_PATTERN, MAX_CURSOR
from listings.catalogue.entries import CatalogueSort, Facet, PriceKind
from listings.catalogue.schemas import (
    CatalogueEdition,
    CatalogueEditionItem,
    CatalogueProduct,
    CatalogueResults,
    QuoteRequest,
)
from listings.catalogue.terms import MAX_QUERY
from listings.editions import service as editions
from listings.freshness.domain import Freshness
from listings.products.domain import DeliveryClass
from listings.revisions.schemas import CatalogueRevisionRead
from pricing.plans import service as plans
from pricing.quotes.schemas import QuoteRead

OPEN = public("the catalogue is open to everybody")
Words = Annotated[
    str,
    QueryParameter(
        max_length=MAX_QUERY, description="Words in Chinese or English; a product has all of them"
    ),
]
Codes = Annotated[list[str] | None, QueryParameter(description="Codes of themes")]
Grades = Annotated[list[str] | None, QueryParameter(description="Grades of quality: A, B …")]
Regions = Annotated[list[str] | None, QueryParameter(description="Division codes (GB/T 2260)")]
Sort = Annotated[
    CatalogueSort | None,
    QueryParameter(
        description="By relevance where there are words, otherwise the newest first; Chinese titles by Pinyin"
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_CURSOR,
        description="`next_cursor` of the page before, of the same search.",
        schema_extra={"pattern": CURSOR_PATTERN},
    ),
]


class CatalogueController(Controller):
    """Products on the market."""

    path = "/v1/catalogue"
    tags = ["Catalogue"]

    @get(opt=OPEN, operation_id="searchCatalogue", summary="Search the catalogue")
    async def search(
        self,
        state: State,
        q: Words = "",
        base: Codes = None,
        theme: Codes = None,
        owner: list[UUID] | None = None,
        operator: list[UUID] | None = None,
        grade: Grades = None,
        price: list[PriceKind] | None = None,
        delivery: list[DeliveryClass] | None = None,
        freshness: list[Freshness] | None = None,
        region: Regions = None,
        sort: Sort = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response[CatalogueResults]:
        """Products on the market, with how many there are of each kind. 空气质量 finds 城市环境空气质量小时监测, \
        `qual` finds `quality`, `pm25` finds `PM2.5`, 空氣 finds 空气.

        Of several values of one facet (`grade=A&grade=B`) a product has one, and one of each facet. What is published,
        stopped or changed is so in the next search. While a list is paged through, no product comes twice or is left
        out that keeps its place in the order: by relevance, newest and title as long as nobody changes it itself.
        """
        selected = {
            Facet.BASE: base,
            Facet.THEME: theme,
            Facet.OWNER: owner,
            Facet.OPERATOR: operator,
            Facet.GRADE: grade,
            Facet.PRICE: price,
            Facet.DELIVERY: delivery,
            Facet.FRESHNESS: freshness,
            Facet.REGION: region,
        }
        body: Any = await searching.search(
            state.catalogue,
            q,
            {facet: [str(value) for value in values] for facet, values in selected.items() if values},
            sort,
            limit,
            cursor,
        )
        return Response(body, media_type=MediaType.JSON)

    @get(
        "/{product_id:uuid}",
        opt=OPEN,
        operation_id="getCatalogueProduct",
        summary="Get a product of the catalogue",
        responses={
            304: ResponseSpec(None, generate_examples=False, description="Not changed since that answer")
        },
    )
    async def read(
        self,
        session: AsyncSession,
        product_id: UUID,
        if_none_match: Annotated[
            str | None,
            HeaderParameter(
                name="If-None-Match", max_length=400, description="`ETag` of the answer you have"
            ),
        ] = None,
    ) -> Response[CatalogueProduct]:
        """Everything to read before an order: dictionary, masked sample, quality, price, terms, and by whose leave.

        With the `ETag` of an answer in `If-None-Match`, 304 says that nothing has changed.
        """
        listing = await service.get_listing(session, product_id)
        parties = {listing.product.operator_id, listing.product.owner_id, *listing.chain.parties}
        names = await identity.party_names(session, parties)
        body: Any = CatalogueProduct.of_listing(listing, names).model_dump_json().encode()
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        sent = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
        if sent & {tag, "*"}:
            return Response(cast("Any", None), status_code=304, headers=headers)
        return Response(body, media_type=MediaType.JSON, headers=headers)

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
