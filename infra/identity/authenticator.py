"""Authenticates each request against the database: credentials in, actor out.

So a removed member, a deleted program or a revoked token is nobody from the next request on, on every node, and the
organisation's status takes effect at once. The metered data plane does not come this way: it is entered by licence.
"""

import hmac
from collections.abc import Collection
from uuid import UUID

from infra.auth import Actor, Role
from infra.db import transaction
from infra.identity import credential_repository, credentials, oauth, second_factors
from infra.identity.credential_repository import CredentialHolder
from infra.identity.errors import CsrfTokenMissing, SessionEnded, TokenNotAccepted
from infra.identity.runtime import Identity
from infra.keys import TokenRefused
from infra.messages import Message
from infra.second_factor import SecondFactorStatus


class IdentityAuthenticator:
    """The :class:`infra.guards.Authenticator` of the service."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def authenticate(
        self, *, session_cookie: str | None, csrf_token: str | None, bearer: str | None, unsafe: bool
    ) -> Actor | None:
        """The actor, or None when no credentials were sent; a bearer token goes before a cookie.

        :raises SessionEnded, TokenNotAccepted: the credentials sent are invalid.
        :raises CsrfTokenMissing: something is to change, by cookie, without its CSRF token.
        """
        if bearer is not None:
            return await self._program(bearer)
        if session_cookie is not None:
            return await self._person(session_cookie, csrf_token, unsafe=unsafe)
        return None

    async def _person(self, token: str, csrf_token: str | None, *, unsafe: bool) -> Actor:
        async with transaction(self._identity.sessions) as session:
            holder = await credential_repository.session_holder(
                session, credentials.digest(token), self._identity.settings.session_idle_minutes
            )
            if holder is not None and holder.touch and holder.session_id is not None:
                await credential_repository.touch_session(session, holder.session_id)
        if holder is None:
            raise SessionEnded(
                Message("The session is unknown, was signed out or has expired."),
                remedy=Message("Sign in again at POST /v1/session."),
            )
        if unsafe and not _same(csrf_token, credentials.csrf_token(token)):
            raise CsrfTokenMissing(
                Message(
                    "A request that changes data and is authenticated by cookie must carry the CSRF token."
                ),
                remedy=Message("Send the header X-CSRF-Token with the csrf_token of GET /v1/session."),
            )
        roles = frozenset(Role(role) for role in holder.roles)
        status = second_factors.status_of(
            self._identity,
            roles,
            holder.organisation_kind,
            awaits_code=holder.awaits_code,
            enrolled=holder.enrolled,
        )
        return _actor_of(holder, roles, holder.session_id, status)

    async def _program(self, token: str) -> Actor:
        try:
            claims = oauth.read_token(self._identity, token)
        except TokenRefused as error:
            raise _not_accepted(error.reason) from error
        ids = oauth.token_ids(claims)
        async with transaction(self._identity.sessions) as session:
            holder = await credential_repository.program_holder(session, UUID(claims["client_id"]), ids)
        if holder is None:
            raise _not_accepted("revoked")
        # What the program may do now, and of that no more than the token was issued for.
        return _actor_of(holder, set(holder.roles) & set(claims["scope"].split()), ids.secret_id)


def _actor_of(
    holder: CredentialHolder,
    roles: Collection[str],
    credential_id: UUID | None,
    status: SecondFactorStatus = SecondFactorStatus.NOT_ENROLLED,
) -> Actor:
    return Actor(
        kind="program" if holder.session_id is None else "person",
        id=holder.id,
        organisation_id=holder.organisation_id,
        organisation_kind=holder.organisation_kind,
        roles=frozenset(Role(role) for role in roles),
        organisation_status=holder.status,
        credential_id=credential_id,
        second_factor=status,
    )


def _same(offered: str | None, expected: str) -> bool:
    return hmac.compare_digest((offered or "").encode(), expected.encode())


def _not_accepted(reason: str) -> TokenNotAccepted:
    return TokenNotAccepted(
        Message("The access token is invalid: {reason}.", reason=reason),
        remedy=Message("Get a new one at POST /oauth/token."),
        reason=reason,
    )
