"""Credentials of sources, and sources that are fetched by the clock, over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, delete, get, post, put
from litestar.datastructures import State
from litestar.params import PathParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.messages import preferred_language
from infra.schema import Output
from listings.uploads import credentials, scheduling
from listings.uploads.schemas import (
    CREDENTIAL_NAME,
    SourceCredentialPut,
    SourceCredentialRead,
    UploadRead,
)
from listings.uploads.source_schemas import ProductSourcePut, ProductSourceRead

Name = Annotated[str, PathParameter(pattern=CREDENTIAL_NAME, description="Of your choosing")]


class SourceCredentialList(Output):
    """Credentials of an organisation."""

    items: list[SourceCredentialRead]


class SourceCredentialController(Controller):
    """What is shown to sources that files are fetched from."""

    path = "/v1/source-credentials"
    tags = ["Products"]
    guards = [requires(Permission.REVISION_UPLOAD)]

    @get(operation_id="listSourceCredentials", summary="List credentials of sources")
    async def list_all(self, session: AsyncSession, actor: Actor) -> SourceCredentialList:
        """Those of your organisation, without their secrets, which nobody is shown."""
        rows = await credentials.list_all(session, actor)
        return SourceCredentialList(items=[SourceCredentialRead.model_validate(row) for row in rows])

    @put("/{name:str}", operation_id="setSourceCredential", summary="Set credentials of a source")
    async def put(
        self, session: AsyncSession, actor: Actor, name: Name, data: SourceCredentialPut
    ) -> SourceCredentialRead:
        """Kept encrypted, and sent to the endpoint alone; replaces what was kept under the name."""
        return SourceCredentialRead.model_validate(await credentials.put(session, actor, name, data))

    @delete("/{name:str}", operation_id="deleteSourceCredential", summary="Delete credentials of a source")
    async def remove(self, session: AsyncSession, actor: Actor, name: Name) -> None:
        """What is fetched with them fails from now on."""
        await credentials.remove(session, actor, name)


class ProductSourceController(Controller):
    """A product's source that is fetched by the clock."""

    path = "/v1/products/{product_id:uuid}/source"
    tags = ["Products"]
    guards = [requires(Permission.REVISION_UPLOAD)]

    @put(operation_id="setProductSource", summary="Set the source of a product")
    async def put(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        state: State,
        product_id: UUID,
        data: ProductSourcePut,
    ) -> ProductSourceRead:
        """It is fetched at these times by an upload each, on your behalf; contents that have not changed make no
        revision. Replaces what your organisation set before.
        """
        row = await scheduling.put(session, actor, state.settings, product_id, data)
        return ProductSourceRead.of(row, _language(request))

    @get(operation_id="getProductSource", summary="Get the source of a product")
    async def read(
        self, request: Request[Any, Any, Any], session: AsyncSession, actor: Actor, product_id: UUID
    ) -> ProductSourceRead:
        """What your organisation set, and how its last fetch ended."""
        return ProductSourceRead.of(await scheduling.access(session, actor, product_id), _language(request))

    @delete(operation_id="deleteProductSource", summary="Delete the source of a product")
    async def remove(self, session: AsyncSession, actor: Actor, product_id: UUID) -> None:
        """It is fetched no more; a fetch under way goes on."""
        await scheduling.remove(session, actor, product_id)

    @post(
        "/resumption",
        status_code=200,
        operation_id="resumeProductSource",
        summary="Resume the source of a product",
    )
    async def resume(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        state: State,
        product_id: UUID,
    ) -> ProductSourceRead:
        """After it was paused, since fetching failed time and again or whoever set it may not upload any more: from now
        on it is fetched on your behalf.
        """
        row = await scheduling.resume(session, actor, state.settings, product_id)
        return ProductSourceRead.of(row, _language(request))

    @post("/runs", operation_id="runProductSource", summary="Fetch the source of a product now")
    async def run(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        state: State,
        product_id: UUID,
        idempotency: Idempotency,
    ) -> UploadRead:
        """Besides its times; the answer is the upload that fetches it."""

        async def made() -> UploadRead:
            row = await scheduling.run_now(session, actor, state.settings, product_id)
            return UploadRead.of(row, _language(request))

        return await idempotency.run(UploadRead, made)


def _language(request: Request[Any, Any, Any]) -> str:
    return preferred_language(request.headers.get("accept-language"))
