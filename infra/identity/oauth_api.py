"""OAuth 2 over HTTP, in the forms its RFCs give: not problem documents but ``{"error": …}``."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body

from infra.auth import Role
from infra.db import AsyncSession
from infra.guards import public
from infra.identity import oauth
from infra.identity.attempts import Origin
from infra.identity.errors import OAuthError
from infra.identity.oauth import ClientCredentials
from infra.identity.runtime import Identity, provide_identity, provide_origin
from infra.identity.schemas import (
    AuthorizationServerRead,
    HistoricalKeySet,
    IntrospectionRead,
    JsonWebKeySet,
    OAuthErrorRead,
    OAuthForm,
    TokenRead,
    TokenReference,
    TokenRequest,
)
from infra.problems import HANDLERS
from infra.query_parameters import IGNORED

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
_RESPONSES = {
    400: ResponseSpec(OAuthErrorRead, generate_examples=False, description="Invalid request"),
    401: ResponseSpec(OAuthErrorRead, generate_examples=False, description="Invalid client"),
    429: ResponseSpec(OAuthErrorRead, generate_examples=False, description="Too many wrong secrets"),
}

TokenRequestBody = Annotated[TokenRequest, Body(media_type=RequestEncodingType.URL_ENCODED)]
TokenReferenceBody = Annotated[TokenReference, Body(media_type=RequestEncodingType.URL_ENCODED)]


def _render(_: Request[Any, Any, Any], error: OAuthError) -> Response[OAuthErrorRead]:
    headers = dict(_NO_STORE)
    if error.status == 401 and error.by_header:
        headers["WWW-Authenticate"] = 'Basic realm="oauth"'
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    body = OAuthErrorRead(error=error.code, error_description=error.description)
    return Response(body, status_code=error.status, headers=headers)


def _unreadable(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code == 400:
        return _render(
            request, OAuthError("invalid_request", "A parameter is missing, repeated or too long.")
        )
    answer: Response[Any] = HANDLERS[HTTPException](request, error)
    return answer


class OAuthController(Controller):
    """Access tokens of programs."""

    opt = {IGNORED: "RFC 6749, 3.2: the server must ignore unrecognized request parameters"}

    path = "/oauth"
    tags = ["OAuth"]
    dependencies = {
        "identity": Provide(provide_identity, sync_to_thread=False),
        "origin": Provide(provide_origin, sync_to_thread=False),
    }
    exception_handlers = {OAuthError: _render, HTTPException: _unreadable}

    @post(
        "/token",
        opt=public("takes the program's own credentials"),
        status_code=200,
        responses=_RESPONSES,
        summary="Issue an access token",
        operation_id="issueToken",
    )
    async def issue_token(
        self,
        session: AsyncSession,
        identity: Identity,
        origin: Origin,
        request: Request[Any, Any, Any],
        data: TokenRequestBody,
    ) -> Response[TokenRead]:
        """Client credentials (RFC 6749, section 4.4), by HTTP Basic or in the form.

        The token is a JWT (RFC 9068) for this interface; licences to call data are other tokens.
        """
        issued = await oauth.issue(
            session,
            identity,
            origin,
            _credentials(request, data),
            grant_type=data.grant_type,
            scope=data.scope or "",
        )
        body = TokenRead(access_token=issued.token, expires_in=issued.expires_in, scope=issued.scope)
        return Response(body, headers=_NO_STORE)

    @post(
        "/introspect",
        opt=public("takes the program's own credentials"),
        status_code=200,
        responses=_RESPONSES,
        summary="Introspect a token",
        operation_id="introspectToken",
    )
    async def introspect_token(
        self,
        session: AsyncSession,
        identity: Identity,
        origin: Origin,
        request: Request[Any, Any, Any],
        data: TokenReferenceBody,
    ) -> Response[IntrospectionRead]:
        """Whether an access token or a licence token is active at this moment, and its claims (RFC 7662)."""
        claims = await oauth.introspect(session, identity, origin, _credentials(request, data), data.token)
        if claims is None:
            return Response(IntrospectionRead(active=False), headers=_NO_STORE)
        body = IntrospectionRead(active=True, token_type="Bearer", **claims)  # noqa: S106 -- a kind of token
        return Response(body, headers=_NO_STORE)

    @post(
        "/revoke",
        opt=public("takes the program's own credentials"),
        status_code=200,
        responses=_RESPONSES,
        summary="Revoke a token",
        operation_id="revokeToken",
    )
    async def revoke_token(
        self,
        session: AsyncSession,
        identity: Identity,
        origin: Origin,
        request: Request[Any, Any, Any],
        data: TokenReferenceBody,
    ) -> None:
        """End an access token or a licence token of the program (RFC 7009); an invalid token is no error.

        It is refused from the next call on. A licence token that was issued to a person is ended at
        `DELETE /v1/licences/{licence_id}/tokens/{token_id}`.
        """
        await oauth.revoke(session, identity, origin, _credentials(request, data), data.token)


class WellKnownController(Controller):
    """Discovery documents for programs."""

    opt = {IGNORED: "clients of RFC 8414 and RFC 7517 may add what keeps caches away"}

    path = "/.well-known"
    tags = ["OAuth"]
    dependencies = {"identity": Provide(provide_identity, sync_to_thread=False)}

    @get(
        "/oauth-authorization-server",
        opt=public("programs find the other addresses here"),
        summary="Authorization server metadata",
        operation_id="getAuthorizationServerMetadata",
    )
    async def get_metadata(self, identity: Identity) -> Response[AuthorizationServerRead]:
        """Where and how programs get tokens (RFC 8414)."""
        base = identity.issuer
        body = AuthorizationServerRead(
            issuer=base,
            token_endpoint=f"{base}/oauth/token",
            jwks_uri=f"{base}/.well-known/jwks.json",
            introspection_endpoint=f"{base}/oauth/introspect",
            revocation_endpoint=f"{base}/oauth/revoke",
            scopes_supported=[role.value for role in Role],
            response_types_supported=[],
            grant_types_supported=["client_credentials"],
            token_endpoint_auth_methods_supported=_AUTH_METHODS,
            introspection_endpoint_auth_methods_supported=_AUTH_METHODS,
            revocation_endpoint_auth_methods_supported=_AUTH_METHODS,
        )
        return Response(body, headers={"Cache-Control": "public, max-age=3600"})

    @get(
        "/jwks.json",
        opt=public("anybody may verify our signatures"),
        summary="JSON Web Key Set",
        operation_id="getJsonWebKeySet",
    )
    async def get_jwks(self, identity: Identity) -> Response[JsonWebKeySet]:
        """The keys that verify access tokens and licences (RFC 7517); look again when a ``kid`` is unknown."""
        body = JsonWebKeySet.model_validate(identity.keys.jwks())
        return Response(body, headers={"Cache-Control": "public, max-age=300"})

    @get(
        "/historical-keys.json",
        opt=public("anybody may verify what former keys signed"),
        summary="Keys that signed before",
        operation_id="getHistoricalKeys",
    )
    async def get_historical_keys(self, identity: Identity) -> Response[HistoricalKeySet]:
        """The keys that sign no tokens any more, in the form of the historical keys of OpenID Federation 1.0.

        They verify the audit heads and agreements that were signed before `exp`. No token is accepted by them.
        """
        body = HistoricalKeySet.model_validate(identity.keys.historical_jwks())
        return Response(body, headers={"Cache-Control": "public, max-age=300"})


def _credentials(request: Request[Any, Any, Any], form: OAuthForm) -> ClientCredentials:
    return oauth.read_credentials(request.headers.get("authorization"), form.client_id, form.client_secret)
