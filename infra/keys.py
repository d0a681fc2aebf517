"""The tokens of the service: signed with Ed25519 keys that lie outside the database, see :mod:`infra.key_folder`.

Every process that shares the folder follows a rotation, a revocation or a deletion within :data:`REREAD_SECONDS`.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from infra import key_folder
from infra.key_folder import ACCEPTED, KeyFolderError, KeyRecord, KeyStatus

ALGORITHM = "EdDSA"
"""The one signature algorithm (RFC 8037); nothing a token says about itself can choose another."""

MAX_TOKEN_LENGTH = 8 * 1024
"""Longest token looked at, in characters."""

LEEWAY_SECONDS = 5
"""How far the clock of another node may be off when times in a token are compared."""

REREAD_SECONDS = 1.0
"""How often, at most, the folder is looked at for the sake of keys already known."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,128}")
# A token of ours says exactly this about itself. Anything more (jku, jwk, x5u, crit, …) is of other making.
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})
# RFC 7519: whole seconds since 1970, in years that a date can have; texts.
_TIME_CLAIMS = ("iat", "exp", "nbf")
_TEXT_CLAIMS = ("sub", "jti", "client_id")
_LAST_SECOND = 253_402_300_799
_REQUIRED_CLAIMS = ("iss", "aud", "iat", "exp")


class TokenRefused(Exception):
    """A token is invalid.

    :ivar reason: ``malformed``, ``too-long``, ``wrong-type``, ``unknown-key``, ``bad-signature``,
        ``expired``, ``not-yet-valid``, ``wrong-issuer`` or ``wrong-audience``: safe to tell the bearer.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Snapshot:
    """What the folder held when it was last read."""

    stamp: tuple[int, ...]
    records: Sequence[KeyRecord]
    private: Mapping[str, Ed25519PrivateKey]
    public: Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True)
class _Standing:
    """What follows from a snapshot at a moment: who signs, and who verifies, the signing one first."""

    signing: str
    accepted: tuple[str, ...]


class TokenTooLong(ValueError):
    """The claims do not fit a token."""


class KeyRing:
    """The keys of one service: one that signs, and all that verify.

    :param folder: where the keys lie. Use :meth:`load`, which makes the first key where there is none.
    :param monotonic: seconds from any fixed point; a test may pass its own.
    :param clock: seconds since 1970; a test may pass its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._clock = clock
        self._revision = 0
        self._looked_at = monotonic()
        self._standing = _Standing("", ())
        self._reread()

    @classmethod
    def load(cls, folder: Path) -> "KeyRing":
        """Open the key folder; make it and its first key when there is none yet.

        :raises KeyFolderError: the folder cannot be made or read, or a key is open to everybody or damaged.
        """
        key_folder.prepare(folder, time.time())
        return cls(folder)

    def revision(self) -> int:
        """A number that changes whenever another set of keys is accepted, for whoever keeps verified tokens."""
        self._follow()
        return self._revision

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """A signed token (JWS compact form).

        :param claims: must hold ``iss``, ``aud`` (one text each), ``iat`` and ``exp`` (whole seconds since
            1970, UTC).
        :param typ: what kind of token it is, such as ``at+jwt``; :meth:`verify` asks for the same text.
        :raises TokenTooLong: the token would be longer than what is verified.
        :raises ValueError: a claim is missing.
        """
        missing = [name for name in _REQUIRED_CLAIMS if name not in claims]
        if missing:
            raise ValueError(f"token claims lack {', '.join(missing)}")
        self._follow()
        kid = self._standing.signing
        token = jwt.encode(dict(claims), self._keys.private[kid], ALGORITHM, headers={"typ": typ, "kid": kid})
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenTooLong(f"token of {len(token)} characters, {MAX_TOKEN_LENGTH} are allowed")
        return token

    def verify(self, token: str, *, typ: str, issuer: str, audience: str) -> dict[str, Any]:
        """The claims of a valid token.

        Whether it was revoked since is for the caller to know.

        :param typ: the exact kind of token expected.
        :param issuer: the exact ``iss`` expected.
        :param audience: the exact and only ``aud`` expected.
        :raises TokenRefused: anything is wrong with it.
        """
        key = self._key_for(token, typ)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=issuer,
                audience=audience,
                leeway=LEEWAY_SECONDS,
                options={"require": list(_REQUIRED_CLAIMS), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("expired") from error
        except jwt.ImmatureSignatureError as error:
            raise TokenRefused("not-yet-valid") from error
        except jwt.InvalidIssuerError as error:
            raise TokenRefused("wrong-issuer") from error
        except jwt.InvalidAudienceError as error:
            raise TokenRefused("wrong-audience") from error
        except jwt.InvalidSignatureError as error:
            raise TokenRefused("bad-signature") from error
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            # A claim of another type than its RFC gives it: PyJWT looks at some of them before it asks what they are.
            raise TokenRefused("malformed") from error
        _check_types(claims)
        return claims

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JSON Web Key Set (RFC 7517, RFC 8037), the signing one first.

        A key that is to sign soon stands in it already; one whose last token has expired does not any more.
        """
        self._follow()
        x = {record.kid: record.x for record in self._keys.records}
        return {"keys": [_jwk(kid, x[kid]) for kid in self._standing.accepted]}

    def historical_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The keys that sign no more tokens, in the form of the historical keys of OpenID Federation 1.0.

        They verify audit heads and agreements that were signed while they did: until ``exp``, and for a revoked key
        until ``revoked_at``, both in seconds since 1970.
        """
        self._follow()
        return {
            "keys": [
                {
                    **_jwk(record.kid, record.x),
                    "exp": record.accepted_until if record.revoked_at is None else record.revoked_at,
                    **({} if record.revoked_at is None else {"revoked": {"revoked_at": record.revoked_at}}),
                }
                for record in self._keys.records
                if record.kid not in self._standing.accepted
                and record.signs_from < (record.revoked_at or self._clock())
            ]
        }

    def _key_for(self, token: str, typ: str) -> Ed25519PublicKey:
        """The public key a token names, once its outside has been checked."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenRefused("too-long")
        # One spelling for one token: padding and other alphabets, which PyJWT lets through, are refused.
        if not _COMPACT.fullmatch(token):
            raise TokenRefused("malformed")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenRefused("malformed") from error
        if header.keys() != _HEADER_NAMES or header["alg"] != ALGORITHM:
            raise TokenRefused("malformed")
        if header["typ"] != typ:
            raise TokenRefused("wrong-type")
        kid = header["kid"]
        self._follow()
        if kid not in self._standing.accepted:
            self._follow(known=False)
        if kid not in self._standing.accepted:
            raise TokenRefused("unknown-key")
        return self._keys.public[kid]

    def _follow(self, *, known: bool = True) -> None:
        """Take over what changed in the folder.

        Looks at most every :data:`REREAD_SECONDS`; an unknown kid looks at once, which costs a stat and reads
        the files only when they changed, so that made-up kids cannot keep the process reading.
        """
        elapsed = self._monotonic() - self._looked_at
        if known and elapsed < REREAD_SECONDS:
            return
        # Two changes within one tick of the file system's clock look like one: after a while read regardless.
        if key_folder.stamp(self._folder) != self._keys.stamp or (not known and elapsed >= REREAD_SECONDS):
            self._reread()
        else:
            self._looked_at = self._monotonic()
            self._settle()

    def _reread(self) -> None:
        stamp = key_folder.stamp(self._folder)
        private = key_folder.private_keys(self._folder)
        records = key_folder.read(self._folder)
        public = {record.kid: record.public for record in records}
        self._keys = _Snapshot(stamp, records, private, public)
        self._looked_at = self._monotonic()
        self._settle()

    def _settle(self) -> None:
        """Work out who signs and who verifies at this moment."""
        keys = self._keys
        status = key_folder.status_of(keys.records, self._clock())
        # One whose file was deleted is not accepted; a file without a record is of a rotation that did not finish.
        accepted = [kid for kid, stands in status.items() if stands in ACCEPTED and kid in keys.private]
        signing = [kid for kid in accepted if status[kid] is KeyStatus.SIGNING]
        if not signing:
            raise KeyFolderError(
                f"The key folder {self._folder} does not hold the key that signs; restore it, or run:"
                " market keys list, and market keys revoke with the key that signs"
            )
        accepted.sort(key=lambda kid: (status[kid] is not KeyStatus.SIGNING, kid))
        standing = _Standing(signing[0], tuple(accepted))
        if standing.accepted != self._standing.accepted:
            self._revision += 1
        self._standing = standing


def _jwk(kid: str, x: str) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": ALGORITHM}


def _check_types(claims: Mapping[str, Any]) -> None:
    for name in _TIME_CLAIMS:
        moment = claims.get(name, 0)
        if type(moment) is not int or not 0 <= moment <= _LAST_SECOND:
            raise TokenRefused("malformed")
    if not all(isinstance(claims.get(name, ""), str) for name in _TEXT_CLAIMS):
        raise TokenRefused("malformed")
