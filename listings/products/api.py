"""Products over HTTP."""

from email.message import Message as HeaderBlock
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post, put
from litestar.datastructures import State
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession, transaction
from infra.errors import Malformed, UnsupportedType
from infra.idempotency import Idempotency
from infra.messages import Message
from infra.openapi import raw_body
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from listings.products import revisions, service, uploads
from listings.products.schemas import (
    DictionaryPut,
    PricePlanPut,
    ProductCreate,
    ProductRead,
    ProductText,
    QuoteAsk,
    RevisionRead,
    WithNote,
)
from listings.products.spool import require_size
from listings.products.states import ProductStatus
from pricing.quotes.schemas import QuoteRead
from quality.schemas import ReportRead

FileName = Annotated[
    str | None,
    QueryParameter(
        max_length=200, description="Name of the file, a hint to its format; or by Content-Disposition"
    ),
]
StateFilter = Annotated[
    ProductStatus | None, QueryParameter(name="status", description="Only products in this state")
]


UploadOperation = raw_body(
    "The file: CSV, TSV, JSON Lines, Parquet or Arrow",
    "application/octet-stream",
    Schema(type=OpenAPIType.STRING, format="binary"),  # type: ignore[arg-type]
)


def file_name(request: Request[Any, Any, Any], filename: str | None) -> str:
    """What the file is called: the query parameter, else Content-Disposition, else `data`; never a path.

    :raises UnsupportedType: the body is a form, so it is not the file itself.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise UnsupportedType(
            Message("The body is a form."),
            remedy=Message("Send the file itself as the body, as curl --data-binary @file does."),
        )
    message = HeaderBlock()
    message["content-disposition"] = request.headers.get("content-disposition", "attachment")
    name = filename or message.get_filename() or "data"
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable())[:200] or "data"


def require_declared_size(request: Request[Any, Any, Any], limit: int) -> None:
    """Refuse a file that says itself that it is too large, before taking any of it.

    :raises Malformed: Content-Length is no number.
    :raises UploadTooLarge: it is above the limit.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise Malformed(Message("Content-Length is no number."))
    require_size(int(declared), limit)


class ProductController(Controller):
    """Data products: made by operators, reviewed by regulators."""

    path = "/v1/products"
    tags = ["Products"]

    @post(guards=[requires(Permission.PRODUCT_MANAGE)], summary="Make a product")
    async def create(
        self, session: AsyncSession, actor: Actor, idempotency: Idempotency, data: ProductCreate
    ) -> ProductRead:
        """Make a draft of a resource you are authorised to operate."""

        async def effect() -> ProductRead:
            return ProductRead.of(await service.create(session, actor, data))

        return await idempotency.run(ProductRead, effect)

    @get(guards=[requires(Permission.PRODUCT_READ)], summary="Products you may know of")
    async def list_visible(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        only: StateFilter = None,
    ) -> Page[ProductRead]:
        """Your own, or for a regulator all that were ever submitted; newest first. Buyers use the catalogue."""
        rows, following = await service.list_visible(session, actor, only, page)
        return Page(items=[ProductRead.of(row) for row in rows], next_cursor=following)

    @get("/{product_id:uuid}", guards=[requires(Permission.PRODUCT_READ)], summary="One product")
    async def read(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRead:
        """A product you may know of."""
        return ProductRead.of(await service.access_product(session, actor, product_id))

    @put("/{product_id:uuid}", guards=[requires(Permission.PRODUCT_MANAGE)], summary="Describe a draft anew")
    async def describe(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ProductText
    ) -> ProductRead:
        """Replace titles, descriptions, themes and update promise of a draft."""
        return ProductRead.of(await service.describe(session, actor, product_id, data))

    @put(
        "/{product_id:uuid}/dictionary",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        summary="Set the data dictionary of a draft",
    )
    async def set_dictionary(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: DictionaryPut
    ) -> ProductRead:
        """Say what columns mean and which are personal; replaces what was said before."""
        return ProductRead.of(await service.set_dictionary(session, actor, product_id, data))

    @put(
        "/{product_id:uuid}/price-plan",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        summary="Attach a price plan to a draft",
    )
    async def attach_plan(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: PricePlanPut
    ) -> ProductRead:
        """The plan is one of yours; agreements copy it."""
        return ProductRead.of(await service.attach_plan(session, actor, product_id, data.plan_id))

    @post(
        "/{product_id:uuid}/quotes",
        status_code=200,
        guards=[requires(Permission.QUOTE)],
        summary="What a use would cost",
    )
    async def quote(self, session: AsyncSession, product_id: UUID, data: QuoteAsk) -> QuoteRead:
        """Price a use of a published product over one billing period, line by line, with explanations."""
        return QuoteRead.of(await service.quote(session, product_id, data))


class ProductReviewController(Controller):
    """From draft to publication and off the market again."""

    path = "/v1/products/{product_id:uuid}"
    tags = ["Products"]

    @post(
        "/submission",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        summary="Submit a product for review",
    )
    async def submit(self, session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRead:
        """It needs a revision that passed its quality check, a sample and a price plan; all gaps are named."""
        return ProductRead.of(await service.submit(session, actor, product_id))

    @post(
        "/approval",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        summary="Approve and publish a product",
    )
    async def approve(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: WithNote
    ) -> ProductRead:
        """By a regulator, whose organisation is no party to it."""
        return ProductRead.of(await service.approve(session, actor, product_id, data.note))

    @post(
        "/return",
        status_code=200,
        guards=[requires(Permission.PRODUCT_REVIEW)],
        summary="Return a product to its operator",
    )
    async def send_back(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """By a regulator, with reasons the operator can act on; it is a draft again."""
        return ProductRead.of(await service.send_back(session, actor, product_id, data.reason))

    @post(
        "/suspension",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        summary="Suspend a product",
    )
    async def suspend(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """By its operator or a regulator: every licence to it stops at once."""
        return ProductRead.of(await service.suspend(session, actor, product_id, data.reason))

    @post(
        "/reinstatement",
        status_code=200,
        guards=[requires(Permission.PRODUCT_SUSPEND)],
        summary="Lift your suspension of a product",
    )
    async def reinstate(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """It is on the market again once no other organisation's suspension remains."""
        return ProductRead.of(await service.reinstate(session, actor, product_id, data.reason))

    @post(
        "/withdrawal",
        status_code=200,
        guards=[requires(Permission.PRODUCT_MANAGE)],
        summary="Take a product off the market",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ReasonBody
    ) -> ProductRead:
        """No new orders; what was agreed before goes on to its end."""
        return ProductRead.of(await service.withdraw(session, actor, product_id, data.reason))


class RevisionController(Controller):
    """Revisions: immutable, numbered, checked."""

    path = "/v1"
    tags = ["Products"]

    @post(
        "/products/{product_id:uuid}/revisions",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_class=UploadOperation,
        # The file is streamed to disk and counted there.
        request_max_body_size=None,
        summary="Upload a file as the next revision",
    )
    async def upload(
        self,
        request: Request[Any, Any, Any],
        state: State,
        actor: Actor,
        product_id: UUID,
        filename: FileName = None,
    ) -> RevisionRead:
        """The body is the file: CSV or TSV (UTF-8 or GB18030), JSON Lines, Parquet or Arrow.

        It becomes an immutable Parquet revision, and its quality check is queued. By the operator of the product
        or the owner of its resource. The bytes of the newest revision again answer with that revision.
        """
        require_declared_size(request, state.settings.max_upload_bytes)
        workshop = uploads.Workshop(state.sessions, state.settings, state.store)
        name = file_name(request, filename)
        revision_id = await uploads.take_in(workshop, actor, product_id, name, request.stream())
        async with transaction(state.sessions) as session:
            row, standing = await revisions.access_revision(session, actor, revision_id)
            return RevisionRead.of(row, standing)

    @get(
        "/products/{product_id:uuid}/revisions",
        guards=[requires(Permission.PRODUCT_READ)],
        summary="Revisions of a product",
    )
    async def list_of(
        self, session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
    ) -> Page[RevisionRead]:
        """With schema, profile and the standing of the quality check; newest first."""
        rows, standings, following = await revisions.list_of(session, actor, product_id, page)
        return Page(items=[RevisionRead.of(row, standings[row.id]) for row in rows], next_cursor=following)

    @get("/revisions/{revision_id:uuid}", guards=[requires(Permission.PRODUCT_READ)], summary="One revision")
    async def read(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> RevisionRead:
        """A revision of a product you may know of."""
        row, standing = await revisions.access_revision(session, actor, revision_id)
        return RevisionRead.of(row, standing)

    @get(
        "/revisions/{revision_id:uuid}/quality-report",
        guards=[requires(Permission.PRODUCT_READ)],
        summary="Quality report of a revision",
    )
    async def quality_report(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> ReportRead:
        """To everybody once the product is published; before, to those who may know of the product.

        Values of personal columns are withheld from everybody else.
        """
        return ReportRead.of(*await revisions.quality_report(session, actor, revision_id))
