"""OAuth 2 for programs: client credentials (RFC 6749), introspection (RFC 7662), revocation (RFC 7009)."""

import base64
import binascii
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor, OrganisationKind, Role
from infra.db import AsyncSession, new_id, now
from infra.identity import clients, credential_repository
from infra.identity.attempts import Origin
from infra.identity.credential_repository import CredentialHolder, TokenIds
from infra.identity.domain import granted_scope
from infra.identity.errors import OAuthError, SourceThrottled
from infra.identity.runtime import Identity, TokenKind
from infra.keys import TokenRefused
from infra.organisation_status import OrganisationStatus

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 -- the media type of RFC 9068


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How a program names itself."""

    client_id: str
    secret: str
    by_header: bool


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A program that named itself.

    :param secret_ends_at: when the secret it did so by runs out; None while no other has replaced it.
    """

    holder: CredentialHolder
    secret_id: UUID
    secret_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A fresh access token.

    :param expires_in: seconds it is good for.
    """

    token: str
    expires_in: int
    scope: str


def read_credentials(
    authorization: str | None, client_id: str | None, client_secret: str | None
) -> ClientCredentials:
    """The credentials of a request, sent by header or in the form, but not both (RFC 6749, section 2.3).

    :raises OAuthError: there are none, two kinds of them, or a header that cannot be read.
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        if client_secret is not None:
            raise OAuthError(
                "invalid_request", "Send the credentials in the header or in the form, not both."
            )
        try:
            name, separator, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise OAuthError("invalid_client", "The header cannot be read.", by_header=True) from error
        name, secret = unquote_plus(name), unquote_plus(secret)
        if not separator or (client_id is not None and client_id != name):
            raise OAuthError("invalid_client", "The header cannot be read.", by_header=True)
        return ClientCredentials(name, secret, by_header=True)
    if not client_id or not client_secret:
        raise OAuthError("invalid_client", "Send client_id and client_secret.", by_header=bool(authorization))
    return ClientCredentials(client_id, client_secret, by_header=False)


async def authenticate_client(
    session: AsyncSession, identity: Identity, origin: Origin, credentials: ClientCredentials
) -> AuthenticatedClient:
    """Who a program stands for, and by which secret.

    :raises OAuthError: it is unknown, its secret is wrong, or its network has guessed too often.
    """
    try:
        await identity.throttle.check_guess(origin)
    except SourceThrottled as error:
        raise OAuthError(
            "temporarily_unavailable",
            "Too many wrong secrets came from your network.",
            retry_after=error.retry_after,
        ) from error
    try:
        client_id = UUID(credentials.client_id)
    except ValueError:
        client_id = UUID(int=0)
    holder = await credential_repository.program_holder(session, client_id, None)
    secret = await clients.find_secret(session, client_id, credentials.secret)
    if holder is None or secret is None:
        await identity.throttle.wrong_guess(origin)
        raise OAuthError(
            "invalid_client",
            "The program is unknown or its secret is wrong.",
            by_header=credentials.by_header,
        )
    return AuthenticatedClient(holder, secret.id, secret.expires_at)


async def issue(
    session: AsyncSession,
    identity: Identity,
    origin: Origin,
    credentials: ClientCredentials,
    *,
    grant_type: str,
    scope: str,
) -> AccessToken:
    """An access token for a program (RFC 6749, section 4.4; claims of RFC 9068).

    It ends with the secret it was issued for: whoever stole that one has nothing left after a rotation.

    :param scope: roles the token is to be narrowed to, parted by spaces; empty for all of the program's.
    :raises OAuthError: it is refused.
    """
    authenticated = await authenticate_client(session, identity, origin, credentials)
    client = authenticated.holder
    if grant_type != "client_credentials":
        raise OAuthError("unsupported_grant_type", "Only client_credentials is offered.")
    roles = granted_scope(scope, client.roles)
    if roles is None:
        raise OAuthError("invalid_scope", f"The program's scope is: {' '.join(sorted(client.roles))}.")
    issued_at = int((await now(session)).timestamp())
    lifetime = identity.settings.access_token_minutes * 60
    if authenticated.secret_ends_at is not None:
        lifetime = min(lifetime, max(1, int(authenticated.secret_ends_at.timestamp()) - issued_at))
    token_id = new_id()
    claims = {
        "iss": identity.issuer,
        "aud": identity.audience,
        "sub": str(client.id),
        "client_id": str(client.id),
        "organisation_id": str(client.organisation_id),
        "iat": issued_at,
        "exp": issued_at + lifetime,
        "jti": str(token_id),
        "scope": " ".join(roles),
        "secret_id": str(authenticated.secret_id),
    }
    await audit.record(
        session,
        _actor(client),
        action="access_token.issued",
        subject_kind="client",
        subject_id=client.id,
        detail={"token_id": str(token_id), "scope": claims["scope"]},
    )
    return AccessToken(identity.keys.sign(claims, ACCESS_TOKEN_TYPE), lifetime, " ".join(roles))


def read_token(identity: Identity, token: str) -> dict[str, Any]:
    """The claims of a valid access token; revocation is not checked here.

    :raises TokenRefused: it is invalid.
    """
    claims = identity.keys.verify(
        token, typ=ACCESS_TOKEN_TYPE, issuer=identity.issuer, audience=identity.audience
    )
    if not isinstance(claims.get("scope"), str):
        raise TokenRefused("malformed")
    try:
        UUID(claims["client_id"])
        token_ids(claims)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise TokenRefused("malformed") from error
    return claims


def token_ids(claims: dict[str, Any]) -> TokenIds:
    """What the token of these claims ends with."""
    return TokenIds(UUID(claims["jti"]), UUID(claims["secret_id"]))


async def introspect(
    session: AsyncSession, identity: Identity, origin: Origin, credentials: ClientCredentials, token: str
) -> dict[str, Any] | None:
    """The claims of a token that is active at this moment, or None (RFC 7662): an access token or a licence's.

    The platform's programs may ask about any token, others about those of their own organisation. Whoever asks knows
    nothing of organisations, so a token is active for a verified one only.

    :raises OAuthError: the asking program is not known.
    """
    asking = (await authenticate_client(session, identity, origin, credentials)).holder
    kind, claims = _read_any(identity, token)
    if claims is None:
        return None
    token_id = UUID(claims["jti"])
    if kind is not None:
        organisation_id = await kind.organisation_of(session, token_id)
    else:
        holder = await credential_repository.program_holder(
            session, UUID(claims["client_id"]), token_ids(claims)
        )
        verified = holder is not None and holder.status is OrganisationStatus.VERIFIED
        organisation_id = holder.organisation_id if holder is not None and verified else None
    if organisation_id is None:
        return None
    if asking.organisation_id != organisation_id and not _actor(asking).oversees(OrganisationKind.PLATFORM):
        return None
    return {name: value for name, value in claims.items() if name != "secret_id"}


async def revoke(
    session: AsyncSession, identity: Identity, origin: Origin, credentials: ClientCredentials, token: str
) -> None:
    """End an access token or a licence's before its time (RFC 7009); an invalid token is no error.

    :raises OAuthError: the program is not known, or the token was not issued to it.
    """
    asking = (await authenticate_client(session, identity, origin, credentials)).holder
    kind, claims = _read_any(identity, token)
    if claims is None:
        return
    if claims["client_id"] != str(asking.id):
        raise OAuthError("unauthorized_client", "The token was issued to another program.")
    token_id = UUID(claims["jti"])
    if kind is not None:
        await kind.revoke(session, _actor(asking), token_id)
        return
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    await credential_repository.revoke_token(session, asking.id, token_id, expires_at)
    await audit.record(
        session,
        _actor(asking),
        action="access_token.revoked",
        subject_kind="client",
        subject_id=asking.id,
        detail={"token_id": str(token_id)},
    )


def _read_any(identity: Identity, token: str) -> tuple[TokenKind | None, dict[str, Any] | None]:
    """The claims of a valid token and its kind, None for an access token; no claims for what is no valid token."""
    for kind in (None, *identity.token_kinds):
        with contextlib.suppress(TokenRefused):
            return kind, read_token(identity, token) if kind is None else kind.read(token)
    return None, None


def _actor(client: CredentialHolder) -> Actor:
    return Actor(
        kind="program",
        id=client.id,
        organisation_id=client.organisation_id,
        organisation_kind=client.organisation_kind,
        roles=frozenset(Role(role) for role in client.roles),
        organisation_status=client.status,
    )
