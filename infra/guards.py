"""What routes ask of their caller.

A route names the permission it needs with ``guards=[requires(Permission.X)]`` or is on the public list with
``opt=public("why")``; a test holds every route to one of the two.
"""

from collections.abc import Callable
from typing import Any, Protocol

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from infra import second_factor
from infra.auth import ROLE_PERMISSIONS, SECOND_FACTOR_PERMISSIONS, Actor, Permission, permissions_of
from infra.errors import Forbidden, Unauthenticated, UnsupportedType
from infra.messages import Message, joined
from infra.organisation_status import OrganisationStatus, refusal

SESSION_COOKIE = "market_session"
CSRF_HEADER = "x-csrf-token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator(Protocol):
    """What turns credentials into an actor; implemented by the identity slice, kept in ``app.state``."""

    async def authenticate(
        self, *, session_cookie: str | None, csrf_token: str | None, bearer: str | None, unsafe: bool
    ) -> Actor | None:
        """The actor, or None when no credentials were sent.

        :param unsafe: the request changes something, so a cookie must come with its CSRF token.
        :raises Unauthenticated: the credentials sent are invalid.
        :raises Forbidden: the CSRF token is missing or wrong.
        """


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


def requires(permission: Permission) -> Guard:
    """A guard: the caller must be signed in and hold the permission, and the organisation's status must leave it."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        actor = current_actor(connection.scope)
        if actor.may(permission):
            return
        if permission not in SECOND_FACTOR_PERMISSIONS[actor.second_factor]:
            raise second_factor.refusal(actor.second_factor)
        if permission not in permissions_of(actor.roles, OrganisationStatus.VERIFIED):
            raise Forbidden(
                Message(
                    "This needs the permission {permission!r}, which none of your roles carries.",
                    permission=permission.value,
                ),
                remedy=Message(
                    "These roles carry it: {roles}. Ask an administrator of your organisation for one of them, or,"
                    " where it can give none, an organisation whose people hold it.",
                    roles=joined(
                        sorted(role for role, carried in ROLE_PERMISSIONS.items() if permission in carried),
                        ", ",
                    ),
                ),
            )
        raise refusal(actor.organisation_status, actor.organisation_id)

    guard.permission = permission  # type: ignore[attr-defined]
    return guard


def json_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard for open routes that change something: the body must be called JSON.

    A foreign page can make a browser send a form or plain text here, but JSON only after asking (CORS), which is never
    granted. So nobody is signed in to somebody else's account by following a link. Routes that need a session are
    safe by its CSRF token.

    :raises UnsupportedType: it is called something else, or nothing.
    """
    media_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedType(
            Message("The body must be JSON and be called so."),
            remedy=Message("Send the header Content-Type: application/json."),
        )


def public(why: str) -> dict[str, Any]:
    """Marks a route as open to everybody: ``opt=public("the catalogue is open")``."""
    return {"public": why}


def current_actor(scope: Scope) -> Actor:
    """The caller.

    :raises Unauthenticated: nobody is signed in.
    """
    actor = optional_actor(scope)
    if actor is None:
        raise Unauthenticated(
            Message("This needs a signed-in person or a program's access token."),
            remedy=Message("Sign in at POST /v1/session, or get a token at POST /oauth/token."),
        )
    return actor


def optional_actor(scope: Scope) -> Actor | None:
    """The caller, where a public route shows more to those it knows."""
    return scope.get("actor")  # type: ignore[return-value]


def authentication(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: puts the actor into the scope, before guards run."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and "bearer" not in scope["route_handler"].opt:
            scope["actor"] = await _actor_of(scope)  # type: ignore[typeddict-unknown-key]
        await app(scope, receive, send)

    return middleware


async def _actor_of(scope: HTTPScope) -> Actor | None:
    connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
    authorization = connection.headers.get("authorization", "")
    bearer = authorization[7:].strip() if authorization[:7].lower() == "bearer " else None
    cookie = connection.cookies.get(SESSION_COOKIE)
    if bearer is None and cookie is None:
        return None
    authenticator: Authenticator = connection.app.state.authenticator
    public_route = "public" in scope["route_handler"].opt
    try:
        actor = await authenticator.authenticate(
            session_cookie=cookie,
            csrf_token=connection.headers.get(CSRF_HEADER),
            bearer=bearer,
            unsafe=scope["method"] not in _SAFE_METHODS,
        )
    except (Unauthenticated, Forbidden):
        # A stale cookie must not keep anybody from the sign-in page or the open catalogue; and where a licence token is
        # taken as well, the route's guard looks whether it is one.
        if not {"public", "licence"}.isdisjoint(scope["route_handler"].opt):
            return None
        raise
    # What is shown to those we know is shown to those who have signed in.
    held_back = actor is not None and actor.second_factor in second_factor.HELD_BACK
    return None if public_route and held_back else actor
