"""Licence tokens: JWTs by RFC 9068 and RFC 8725, signed with EdDSA, verified from memory.

A token says what its licence opens: product, columns, purposes, scenarios, regions, quotas. It never says that the
licence is *live*, nor that the token was not *ended*: both are asked of the database at each admission, so that a stop,
a revocation and the end of who holds the token take effect at the next call. What is cached here only saves the check
of the signature.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, time
from typing import Any
from uuid import UUID

from contracts.licences.errors import InvalidLicenceToken
from contracts.terms import LATEST
from infra.keys import KeyRing, TokenRefused
from infra.messages import Message

TOKEN_TYPE = "at+jwt"  # noqa: S105 -- a media type
CACHE_SIZE = 10_000
CACHE_SECONDS = 30
"""A verified token is verified again after this long. Another set of keys is felt at once: see `KeyRing.revision`."""


@dataclass(frozen=True, slots=True)
class LicenceClaims:
    """What a verified token says.

    :ivar expires_at: seconds since 1970 (UTC).
    :ivar revision_id: the revision that the licence is pinned to; None for the latest.
    :ivar scenarios: None in tokens from before these travelled, which live for a week at most; ``regions`` likewise.
    """

    licence_id: UUID
    token_id: UUID
    agreement_id: UUID
    product_id: UUID
    columns: tuple[str, ...]
    purposes: tuple[str, ...]
    scenarios: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    expires_at: int
    client_id: str | None
    revision_id: UUID | None = None


def audience(issuer: str) -> str:
    """Whom licence tokens are for: the data plane of this service."""
    return f"{issuer}/data"


def claims_of(
    *,
    issuer: str,
    token_id: UUID,
    client_id: str,
    licence_id: UUID,
    agreement_id: UUID,
    agreement_digest: str,
    product_id: UUID,
    buyer_id: UUID,
    columns: list[str],
    purposes: list[str],
    scenarios: list[str],
    regions: list[str],
    quotas: Mapping[str, int],
    valid_from: datetime,
    issued_at: datetime,
    expires_at: datetime,
    revision_id: UUID | None = None,
) -> dict[str, Any]:
    """The claims of a new token."""
    return {
        "iss": issuer,
        "aud": audience(issuer),
        "sub": str(buyer_id),
        "client_id": client_id,
        "jti": str(token_id),
        "iat": int(issued_at.timestamp()),
        "nbf": int(valid_from.timestamp()),
        "exp": int(expires_at.timestamp()),
        "licence_id": str(licence_id),
        "agreement_id": str(agreement_id),
        "agreement_digest": agreement_digest,
        "product_id": str(product_id),
        "revision": str(revision_id) if revision_id else LATEST,
        "operations": ["records"],
        "columns": columns,
        "purposes": purposes,
        "scenarios": scenarios,
        "regions": regions,
        "quotas": dict(quotas),
    }


class LicenceVerifier:
    """Verifies licence tokens; caches a bounded number of valid ones, the least recently used goes first."""

    def __init__(self, keys: KeyRing, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._known: OrderedDict[str, tuple[LicenceClaims, float]] = OrderedDict()  # not money: a clock
        self._revision = keys.revision()

    def verify(self, token: str) -> LicenceClaims:
        """What the token says.

        :raises InvalidLicenceToken: it is malformed, forged, expired, not yet valid, or meant for another service.
        """
        if (revision := self._keys.revision()) != self._revision:
            self._known.clear()
            self._revision = revision
        known = self._known.get(token)
        if known is not None and known[1] > monotonic() and known[0].expires_at > time():
            self._known.move_to_end(token)
            return known[0]
        self._known.pop(token, None)
        try:
            claims = read_claims(verified_claims(self._keys, self._issuer, token))
        except TokenRefused as refused:
            raise InvalidLicenceToken(
                Message("The licence token was refused: {reason}.", reason=refused.reason),
                remedy=Message("Get a new one at POST /v1/licences/{licence_id}/tokens."),
                reason=refused.reason,
            ) from refused
        self._known[token] = (claims, monotonic() + CACHE_SECONDS)
        if len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return claims


def verified_claims(keys: KeyRing, issuer: str, token: str) -> dict[str, Any]:
    """The claims of a licence token with a good signature, within its time.

    :raises TokenRefused: it is invalid.
    """
    return keys.verify(token, typ=TOKEN_TYPE, issuer=issuer, audience=audience(issuer))


def read_claims(claims: dict[str, Any]) -> LicenceClaims:
    """What verified claims say.

    :raises TokenRefused: one is missing, or of another type.
    """
    try:
        return LicenceClaims(
            licence_id=UUID(claims["licence_id"]),
            token_id=UUID(claims["jti"]),
            agreement_id=UUID(claims["agreement_id"]),
            product_id=UUID(claims["product_id"]),
            columns=_texts(claims["columns"]),
            purposes=_texts(claims["purposes"]),
            scenarios=_texts(claims["scenarios"]) if "scenarios" in claims else None,
            regions=_texts(claims["regions"]) if "regions" in claims else None,
            expires_at=claims["exp"],
            client_id=claims.get("client_id"),
            revision_id=None if claims.get("revision", LATEST) == LATEST else UUID(claims["revision"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # UUID() of anything but a text fails as whatever that lacks.
        raise TokenRefused("malformed") from error


def _texts(claim: Any) -> tuple[str, ...]:
    if not isinstance(claim, list) or not all(isinstance(item, str) for item in claim):
        raise TypeError("a list of texts")
    return tuple(claim)
