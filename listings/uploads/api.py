"""Uploads over HTTP: announced as JSON, sent by tus 1.0 (https://tus.io/protocols/resumable-upload), asked as JSON."""

from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, head, patch, post
from litestar.datastructures import State
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import HeaderParameter, QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import Malformed, UnsupportedType
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.messages import Message, preferred_language
from infra.openapi import raw_body
from infra.paging import PageRequest
from infra.schema import Page
from listings.revisions.spool import require_size
from listings.revisions.uploads import UploadContext
from listings.uploads import service
from listings.uploads.receiving import receive
from listings.uploads.schemas import UploadCreate, UploadRead
from listings.uploads.states import UploadStatus
from listings.uploads.tables import Upload

TUS_VERSION = "1.0.0"
MEDIA_TYPE = "application/offset+octet-stream"

Offset = Annotated[
    int, HeaderParameter(name="Upload-Offset", ge=0, description="How many bytes have come before these.")
]
Length = Annotated[
    int | None,
    HeaderParameter(
        name="Upload-Length",
        ge=1,
        description="Of the whole file; needed once, where it was announced without.",
    ),
]
PartOperation = raw_body(
    "Bytes of the file, from Upload-Offset on, as many as come",
    MEDIA_TYPE,
    Schema(type=OpenAPIType.STRING, format="binary"),  # type: ignore[arg-type]
)


class UploadController(Controller):
    """Files that become revisions in the background."""

    path = "/v1"
    tags = ["Products"]

    @post(
        "/products/{product_id:uuid}/uploads",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="createUpload",
        summary="Announce an upload",
    )
    async def create(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        state: State,
        product_id: UUID,
        data: UploadCreate,
        idempotency: Idempotency,
    ) -> Response[UploadRead]:
        """Its bytes go to `Location` in any number of PATCH requests, as any tus 1.0 client sends them.

        After the last byte a worker makes a revision of the file and asks for its quality check;
        `GET /v1/uploads/{upload_id}` says how far that is.
        """

        async def made() -> UploadRead:
            return UploadRead.of(
                await service.create(session, actor, state.settings, product_id, data), _language(request)
            )

        answer = await idempotency.run(UploadRead, made)
        return Response(
            answer, headers={"Location": f"/v1/uploads/{answer.id}", "Tus-Resumable": TUS_VERSION}
        )

    @get(
        "/uploads",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="listUploads",
        summary="List uploads",
    )
    async def list_own(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        only_open: Annotated[
            bool, QueryParameter(name="open", description="Only those that have not ended")
        ] = False,
        of_product: Annotated[
            UUID | None, QueryParameter(name="product_id", description="Only those of one product")
        ] = None,
    ) -> Page[UploadRead]:
        """Those of your organisation, newest first."""
        rows, following = await service.list_uploads(
            session, actor, page, only_open=only_open, product_id=of_product
        )
        return Page(items=[UploadRead.of(row, _language(request)) for row in rows], next_cursor=following)

    @get(
        "/uploads/{upload_id:uuid}",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="getUpload",
        summary="Get an upload",
    )
    async def read(
        self, request: Request[Any, Any, Any], session: AsyncSession, actor: Actor, upload_id: UUID
    ) -> UploadRead:
        """How far it is, and what became of it: a revision, or the problem that the file has."""
        return UploadRead.of(await service.access_upload(session, actor, upload_id), _language(request))

    @head(
        "/uploads/{upload_id:uuid}",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="getUploadOffset",
        summary="Get how many bytes have come",
    )
    async def offset(self, session: AsyncSession, actor: Actor, upload_id: UUID) -> Response[None]:
        """`Upload-Offset` is where the next bytes begin (tus 1.0)."""
        row = await service.access_upload(session, actor, upload_id)
        return Response(None, headers=_headers(row) | {"Cache-Control": "no-store"})

    @patch(
        "/uploads/{upload_id:uuid}",
        status_code=204,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_class=PartOperation,
        # The bytes are streamed to disk and counted there.
        request_max_body_size=None,
        operation_id="sendUploadBytes",
        summary="Send bytes of an upload",
    )
    async def send(
        self,
        request: Request[Any, Any, Any],
        state: State,
        actor: Actor,
        upload_id: UUID,
        upload_offset: Offset,
        upload_length: Length = None,
    ) -> Response[None]:
        """As many as you like at once (tus 1.0). Cut off in the middle, ask with HEAD how many have come, and go on."""
        _require_media_type(request)
        _require_announced_size(request, upload_offset, state.settings.max_upload_bytes)
        context = UploadContext(state.sessions, state.settings, state.store, state.budget)
        row = await receive(
            context, actor, upload_id, request.stream(), offset=upload_offset, length=upload_length
        )
        return Response(None, status_code=204, headers=_headers(row))

    @delete(
        "/uploads/{upload_id:uuid}",
        status_code=204,
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="cancelUpload",
        summary="Cancel an upload",
    )
    async def cancel(self, session: AsyncSession, actor: Actor, upload_id: UUID) -> Response[None]:
        """In any phase before it has ended; nothing of it is registered. The record of it stays."""
        await service.cancel(session, actor, upload_id)
        return Response(None, status_code=204, headers={"Tus-Resumable": TUS_VERSION})


def _headers(row: Upload) -> dict[str, str]:
    headers = {"Tus-Resumable": TUS_VERSION, "Upload-Offset": str(row.received_bytes)}
    if row.size_bytes is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(row.size_bytes)
    if row.status is UploadStatus.RECEIVING:
        headers["Upload-Expires"] = format_datetime(row.expires_at.astimezone(UTC), usegmt=True)
    return headers


def _require_media_type(request: Request[Any, Any, Any]) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise UnsupportedType(
            Message("The body must be called {media_type}.", media_type=MEDIA_TYPE),
            remedy=Message("Send the header Content-Type: {media_type}.", media_type=MEDIA_TYPE),
        )
    version = request.headers.get("tus-resumable", TUS_VERSION)
    if version != TUS_VERSION:
        raise Malformed(
            Message("This service speaks tus {version}.", version=TUS_VERSION),
            remedy=Message("Send Tus-Resumable: {version}, or leave the header out.", version=TUS_VERSION),
        )


def _require_announced_size(request: Request[Any, Any, Any], offset: int, limit: int) -> None:
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit():
        require_size(offset + int(announced), limit)


def _language(request: Request[Any, Any, Any]) -> str:
    return preferred_language(request.headers.get("accept-language"))
