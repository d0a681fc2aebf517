"""Data contracts over HTTP."""

import json
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, put
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import UnsupportedType
from infra.guards import requires
from infra.messages import Message
from listings.data_contracts import service
from listings.data_contracts.parsing import MAX_BYTES
from listings.data_contracts.rendering import to_yaml
from listings.suites.api import suite_written
from listings.suites.schemas import SuiteWritten

YAML = "application/yaml"
JSON = "application/json"

Proposed = Annotated[
    bool,
    QueryParameter(description="With the quality suite that the open edition names, to those who see it"),
]
BasedOn = Annotated[
    str | None,
    QueryParameter(
        description="Digest of the quality suite that the contract replaces, where it does not say in suiteDigest",
        max_length=64,
        pattern="^[0-9a-f]{64}$",
    ),
]


@dataclass
class ContractBody(Operation):
    """A body that is read as it is: YAML, or JSON with that media type."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            description="The data contract (ODCS, any version 3)",
            content={
                JSON: OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT)),
                YAML: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
            },
            required=True,
        )


class DataContractController(Controller):
    """What a product promises of its data, in the Open Data Contract Standard (ODCS) v3.1."""

    path = "/v1/products/{product_id:uuid}/data-contract"
    tags = ["Products"]

    @get(
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getDataContract",
        summary="Get the data contract of a product",
    )
    async def read(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        product_id: UUID,
        proposed: Proposed = False,
    ) -> Response[dict[str, Any]]:
        """As JSON, or as YAML when `Accept` names `application/yaml` first.

        Columns, quality rules and service levels; for everybody once the product is on the market, without rules that
        tell of personal columns or of other products. Quality rules are library metrics and SQL where these say the
        same, and else rules of the engine greatExpectations.
        """
        document = await service.get_contract(session, actor, product_id, proposed=proposed)
        if _prefers_yaml(request.headers.get("accept", "")):
            text = to_yaml(document)
            return Response(text, media_type=YAML)  # type: ignore[arg-type]
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        return Response(text, media_type=JSON)  # type: ignore[arg-type]

    @put(
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_class=ContractBody,
        request_max_body_size=MAX_BYTES,
        operation_id="setDataContract",
        summary="Set the quality suite of a product by a data contract",
    )
    async def write(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        product_id: UUID,
        based_on: BasedOn = None,
    ) -> SuiteWritten:
        """The quality rules become the product's suite, as setQualitySuite does; the rest is passed over.

        Every rule that cannot be carried out is refused with its path and line. The contract that getDataContract
        shows changes nothing.
        """
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in (JSON, YAML, "application/x-yaml", "text/yaml"):
            raise UnsupportedType(
                Message("A data contract is YAML or JSON."),
                remedy=Message("Send the header Content-Type: {media_type}.", media_type=YAML),
            )
        contract = await service.read(await request.body(), is_json=media_type == JSON)
        return suite_written(await service.set_contract(session, actor, product_id, contract, based_on))


def _prefers_yaml(accept: str) -> bool:
    """Whether YAML is asked for before JSON."""
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    wanted = [name for name in named if name in (JSON, YAML, "application/x-yaml", "text/yaml", "*/*")]
    return bool(wanted) and wanted[0] not in (JSON, "*/*")
