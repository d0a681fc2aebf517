"""What the OpenAPI document says of every route beyond its own words: who may call it, and how it can fail.

Both are worked out from what the route is made of, so that they cannot be forgotten. Inputs are described by pydantic,
which also checks them, so that the document promises neither more nor less than is taken.
"""

from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar, Request, Response
from litestar._openapi.schema_generation import SchemaCreator
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityRequirement,
    SecurityScheme,
)
from litestar.plugins import OpenAPISchemaPlugin
from litestar.plugins.pydantic import PydanticSchemaPlugin
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition
from pydantic.json_schema import GenerateJsonSchema

from infra import errors
from infra.errors import PROBLEM_MEDIA_TYPE, MarketError
from infra.guards import SESSION_COOKIE
from infra.problems import Problem
from infra.schema import REASON_LENGTH, REASON_PATTERN, Input

SECURITY_SCHEMES = {
    "session": SecurityScheme(
        type="apiKey",
        name=SESSION_COOKIE,
        security_scheme_in="cookie",
        description="A person's session from `POST /v1/session`; changes need its `X-CSRF-Token` too.",
    ),
    "csrf": SecurityScheme(
        type="apiKey",
        name="X-CSRF-Token",
        security_scheme_in="header",
        description="`csrf_token` of the answer of `POST /v1/session` or `GET /v1/session`. On this page it is sent by"
        " itself once you have signed in here.",
    ),
    "token": SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="A program's token from `POST /oauth/token`.",
    ),
    "licence": SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="A licence from `POST /v1/licences/{licence_id}/tokens`.",
    ),
}

_SIGNED_IN: list[SecurityRequirement] = [{"session": []}, {"token": []}]
_CHANGES: list[SecurityRequirement] = [{"session": [], "csrf": []}, {"token": []}]
_LICENSED: list[SecurityRequirement] = [{"licence": []}]
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def describe(app: Litestar) -> None:
    """Complete every route's description. A route adds problems by ``opt={"problems": [QuotaExceeded, …]}``."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            # Litestar keeps a path's methods in no order, and what is described first names what is shared.
            route.route_handler_map = dict(sorted(route.route_handler_map.items()))
            for handler in route.route_handlers:
                handler.security = _security(handler)
                described = _specs(_problems(handler, bool(route.path_parameters)))
                handler.responses = {**described, **_nothing(handler), **(handler.responses or {})}


def _nothing(handler: HTTPRouteHandler) -> dict[int, ResponseSpec]:
    """A 204 has no body, even where a Response object carries its cookies."""
    if handler.status_code != 204:
        return {}
    return {204: ResponseSpec(None, generate_examples=False, description="No content")}


def raw_body(description: str, media_type: str, schema: Schema) -> type[Operation]:
    """``operation_class`` of a route whose body is taken as it is, byte by byte: Litestar finds none to describe."""

    @dataclass
    class RawBody(Operation):
        def __post_init__(self) -> None:
            content = {media_type: OpenAPIMediaType(schema=schema)}
            self.request_body = RequestBody(description=description, content=content, required=True)

    return RawBody


class InputSchemas(OpenAPISchemaPlugin):
    """Describes inputs as pydantic checks them.

    Litestar's own reading of a model loses the bounds of optional members and of list items, and does not say that
    unknown members are refused. Members that refer to other schemas stay Litestar's, which keeps their names.
    """

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether it is an input schema."""
        return isinstance(value, type) and issubclass(value, Input)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """The schema of an input."""
        model: type[Input] = field_definition.annotation
        schema = PydanticSchemaPlugin.for_pydantic_model(field_definition, schema_creator)
        assert schema.properties is not None
        for name, document in model.model_json_schema(schema_generator=_Untitled)["properties"].items():
            if "$ref" not in str(document):
                schema.properties[name] = _Exact(document=_with_length(_textual(document)))
            elif isinstance(optional := schema.properties[name], Schema) and optional.one_of:
                _bound_lists(optional)
        schema.additional_properties = False
        return schema


def _bound_lists(optional: Schema) -> None:
    """Bound the lists among the choices of an optional member, where Litestar bounds characters they have not."""
    lists = [
        choice
        for choice in optional.one_of or ()
        if isinstance(choice, Schema) and choice.type == OpenAPIType.ARRAY
    ]
    for choice in lists:
        choice.min_items, choice.max_items = optional.min_length, optional.max_length
    if lists:
        optional.min_length = optional.max_length = None


@dataclass
class _Exact(Schema):
    """A schema that is written already."""

    document: dict[str, Any] = field(default_factory=dict)

    def to_schema(self) -> dict[str, Any]:
        return self.document


class _Untitled(GenerateJsonSchema):
    """Without a title that only repeats the member's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _textual(document: dict[str, Any]) -> dict[str, Any]:
    """Drop the number that pydantic offers for a Decimal: numbers are text here, and the shared type says so."""
    if document.get("format") == "decimal":
        return {key: value for key, value in document.items() if key != "anyOf"}
    return document


def _with_length(document: dict[str, Any]) -> dict[str, Any]:
    """Let a reason say how long it must be, also where its field describes it in words of its own."""
    parts = [document, *document.get("anyOf", [])]
    if not any(part.get("pattern") == REASON_PATTERN for part in parts):
        return document
    own = document.get("description", "")
    if REASON_LENGTH not in own:
        document = {**document, "description": f"{own} {REASON_LENGTH}".strip()}
    return document


def answer_options(request: Request[Any, Any, Any]) -> Response[None]:
    """The answer to OPTIONS: every method of the path, and not only the ones that Litestar saw first."""
    path = request.scope["path_template"]
    methods = {
        method
        for route in request.app.routes
        if isinstance(route, HTTPRoute) and route.path_format == path
        for method in route.methods
    }
    return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(methods))})


def _security(handler: HTTPRouteHandler) -> list[SecurityRequirement]:
    if handler.opt.get("bearer") == "licence":
        return _LICENSED
    if "public" in handler.opt:
        return []
    signed_in = _CHANGES if handler.http_methods & _CHANGING else _SIGNED_IN
    return [*_LICENSED, *signed_in] if "licence" in handler.opt else signed_in


def _problems(handler: HTTPRouteHandler, has_path_parameters: bool) -> set[type[MarketError]]:
    kinds: set[type[MarketError]] = {errors.Malformed, errors.Unavailable, *handler.opt.get("problems", ())}
    if "public" not in handler.opt:
        kinds |= {errors.Unauthenticated, errors.Forbidden}
    if has_path_parameters:
        kinds.add(errors.NotFound)
    if handler.http_methods & _CHANGING:
        kinds |= {
            errors.Conflict,
            errors.Forbidden,
            errors.Invalid,
            errors.NotFound,
            errors.RequestTimeout,
            errors.TooLarge,
            errors.UnsupportedType,
        }
    return kinds


def _specs(kinds: set[type[MarketError]]) -> dict[int, ResponseSpec]:
    """By status; kinds that share one are named together, the general one first."""
    titles: dict[int, list[str]] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.status, len(kind.__mro__), kind.slug)):
        titles.setdefault(kind.status, []).append(kind.title)
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description="; ".join(dict.fromkeys(named)),
            media_type=PROBLEM_MEDIA_TYPE,
        )
        for status, named in titles.items()
    }
