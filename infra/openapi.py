"""What the OpenAPI document says of every route beyond its own words: who may call it, and how it can fail.

Both are worked out from what the route is made of, so that they cannot be forgotten.
"""

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import SecurityRequirement, SecurityScheme
from litestar.routes import HTTPRoute

from infra import errors
from infra.auth import SESSION_COOKIE
from infra.errors import PROBLEM_MEDIA_TYPE, MarketError
from infra.problems import Problem

SECURITY_SCHEMES = {
    "session": SecurityScheme(
        type="apiKey",
        name=SESSION_COOKIE,
        security_scheme_in="cookie",
        description="A person's session from `POST /v1/session`; changes need its `X-CSRF-Token` too.",
    ),
    "token": SecurityScheme(
        type="http", scheme="bearer", bearer_format="JWT", description="A program's token from `POST /oauth/token`."
    ),
    "licence": SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="A licence from `POST /v1/licences/{licence_id}/tokens`.",
    ),
}

_SIGNED_IN: list[SecurityRequirement] = [{"session": []}, {"token": []}]
_LICENSED: list[SecurityRequirement] = [{"licence": []}]
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def describe(app: Litestar) -> None:
    """Complete every route's description. A route adds problems by ``opt={"problems": [PaymentRequired, …]}``."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                handler.security = _security(handler)
                described = {kind.status: _spec(kind) for kind in _problems(handler, bool(route.path_parameters))}
                handler.responses = {**described, **(handler.responses or {})}


def _security(handler: HTTPRouteHandler) -> list[SecurityRequirement]:
    if handler.opt.get("bearer") == "licence":
        return _LICENSED
    return [] if "public" in handler.opt else _SIGNED_IN


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
            errors.TooLarge,
            errors.UnsupportedType,
        }
    return kinds


def _spec(kind: type[MarketError]) -> ResponseSpec:
    return ResponseSpec(Problem, generate_examples=False, description=kind.title, media_type=PROBLEM_MEDIA_TYPE)
