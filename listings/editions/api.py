"""Editions over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.paging import PageRequest
from infra.schema import Page
from listings.editions import reviews, service
from listings.editions.schemas import (
    EditionRead,
    EditionSummary,
    EditionUpdate,
    ExplanationCreate,
    RemarkRead,
    ReviewRead,
)
from listings.editions.states import EditionStatus
from listings.editions.tables import ProductEdition
from listings.products import service as products
from listings.products.schemas import DictionaryUpdate

EditionFilter = Annotated[
    EditionStatus | None, QueryParameter(name="status", description="Only editions of this status")
]


async def edition_read(session: AsyncSession, row: ProductEdition) -> EditionRead:
    """Render an edition with what it changes and what was said of it."""
    base, document = await service.get_compared(session, row)
    file = await reviews.get_file(session, row)
    told = [
        ReviewRead(
            **review.model_dump(exclude={"id", "edition_id", "document", "revision_id"}),
            remarks=[
                RemarkRead(
                    id=one.row.id,
                    field=one.row.field,
                    remark=one.row.remark,
                    answer=one.answer,
                    explanation=one.explanation,
                )
                for one in file.remarks[review.id]
            ],
        )
        for review in file.reviews
    ]
    return EditionRead.build(row, base, document, told)


class ProductEditionController(Controller):
    """Editions of a product."""

    path = "/v1/products/{product_id:uuid}/editions"
    tags = ["Editions"]

    @post(
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="createEdition",
        summary="Begin an edition of a published product",
    )
    async def create(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, product_id: UUID
    ) -> EditionRead:
        """A copy of the edition in force, to be changed and submitted; the one in force goes on serving until then."""

        async def effect() -> EditionRead:
            return await edition_read(session, await service.create(session, actor, product_id))

        return await idempotency.run(EditionRead, effect)

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listProductEditions",
        summary="List the editions of a product",
    )
    async def list_of_product(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        product_id: UUID,
        only: EditionFilter = None,
    ) -> Page[EditionSummary]:
        """Drafts included, newest first; to regulators those that were ever submitted. Buyers use the catalogue."""
        await products.access_product(session, actor, product_id)
        rows, following = await service.list_editions(session, actor, product_id, only, page)
        return Page(items=[EditionSummary.of(row) for row in rows], next_cursor=following)


class EditionController(Controller):
    """Editions: drafted by operators, and answered for when a reviewer has remarks."""

    path = "/v1/editions"
    tags = ["Editions"]

    @get(guards=[requires(Permission.PRODUCT_READ)], operation_id="listEditions", summary="List editions")
    async def list_editions(
        self, session: AsyncSession, actor: Actor, page: PageRequest, only: EditionFilter = None
    ) -> Page[EditionSummary]:
        """Of all products you can access, newest first; `status=submitted` are those that wait for a reviewer."""
        rows, following = await service.list_editions(session, actor, None, only, page)
        return Page(items=[EditionSummary.of(row) for row in rows], next_cursor=following)

    @get(
        "/{edition_id:uuid}",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getEdition",
        summary="Get an edition",
    )
    async def read(self, session: AsyncSession, actor: Actor, edition_id: UUID) -> EditionRead:
        """Its document, what it changes, and every review with its remarks and their answers."""
        return await edition_read(session, await service.access_edition(session, actor, edition_id))

    @patch(
        "/{edition_id:uuid}",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="updateEdition",
        summary="Update a draft edition",
    )
    async def update(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionUpdate
    ) -> EditionRead:
        """Members that are left out stay as they are."""
        return await edition_read(session, await service.update(session, actor, edition_id, data))

    @put(
        "/{edition_id:uuid}/dictionary",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="setEditionDictionary",
        summary="Replace the dictionary of a draft edition",
    )
    async def set_dictionary(
        self, session: AsyncSession, actor: Actor, edition_id: UUID, data: DictionaryUpdate
    ) -> EditionRead:
        """Columns left out are titled by their names. What was marked as personal apart from it stays so."""
        return await edition_read(session, await service.set_dictionary(session, actor, edition_id, data))

    @post(
        "/{edition_id:uuid}/remarks/{remark_id:uuid}/explanation",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="explainRemark",
        summary="Explain why a field stays as it is",
    )
    async def explain(
        self,
        session: AsyncSession,
        actor: Actor,
        edition_id: UUID,
        remark_id: UUID,
        data: ExplanationCreate,
    ) -> EditionRead:
        """Answers a remark of the last review without changing the field; also of a product's first edition."""
        return await edition_read(
            session, await reviews.explain(session, actor, edition_id, remark_id, data.explanation)
        )
