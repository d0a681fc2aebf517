"""Licence tokens as OAuth's routes know them: to introspect (RFC 7662) and to revoke (RFC 7009)."""

from typing import Any
from uuid import UUID

from contracts.licences import token_service, tokens
from infra.auth import Actor
from infra.db import AsyncSession
from infra.keys import KeyRing

_CLAIMS = ("iss", "aud", "sub", "client_id", "jti", "iat", "exp")


class LicenceTokenKind:
    """An :class:`infra.identity.runtime.TokenKind`."""

    def __init__(self, keys: KeyRing, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def read(self, token: str) -> dict[str, Any]:
        """The registered claims of a valid licence token; `organisation_id` is the buyer.

        :raises TokenRefused: it is invalid, or of another kind.
        """
        claims = tokens.verified_claims(self._keys, self._issuer, token)
        tokens.read_claims(claims)
        return {name: claims[name] for name in _CLAIMS} | {"organisation_id": claims["sub"]}

    async def organisation_of(self, session: AsyncSession, token_id: UUID) -> UUID | None:
        """Whose an active token is; None for one that was ended. That a licence is stopped ends no token."""
        row = await token_service.find_token(session, token_id)
        return row.organisation_id if row is not None and row.ended_at is None else None

    async def revoke(self, session: AsyncSession, actor: Actor, token_id: UUID) -> None:
        """End a token; one that was ended stays as it is."""
        row = await token_service.find_token(session, token_id)
        if row is not None:
            await token_service.end_token(session, actor, row)
