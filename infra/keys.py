"""Signing keys, and the tokens signed with them: Ed25519 in PEM files, outside the database.

The folder (0700) holds one ``<kid>.pem`` (0600) for each key and a file ``current`` that names the one that
signs. ``kid`` is the key's RFC 7638 thumbprint, so a file cannot be mistaken for another key's. A key that no
longer signs stays for verification until an operator deletes its file; every process that shares the folder
follows a rotation or a deletion within :data:`REREAD_SECONDS`.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.utils import base64url_encode

from infra.digest import json_digest
from infra.private_files import exclusive, open_to_everybody, write_private

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


class KeyFolderError(Exception):
    """The key folder cannot be used as it is; the message says what to do."""


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
    current: str
    private: Ed25519PrivateKey
    public: Mapping[str, Ed25519PublicKey]


def thumbprint(key: Ed25519PublicKey) -> str:
    """The RFC 7638 thumbprint (SHA-256, base64url) of a public key, in the form of RFC 8037 for OKP keys."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _public_text(key)}
    return _base64url(json_digest(members))


class TokenTooLong(ValueError):
    """The claims do not fit a token."""


class KeyRing:
    """The keys of one service: one that signs, and all that verify.

    :param folder: where the keys lie. Use :meth:`load`, which makes the first key where there is none.
    :param monotonic: seconds from any fixed point; a test may pass its own.
    """

    def __init__(self, folder: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._keys = self._read()

    @classmethod
    def load(cls, folder: Path) -> "KeyRing":
        """Open the key folder; make it and its first key when there is none yet.

        :raises KeyFolderError: the folder cannot be made or read, or a key is open to everybody or damaged.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if open_to_everybody(folder):
                raise KeyFolderError(
                    f"The key folder {folder} is open to every user; run: chmod 700 {folder}"
                )
            with exclusive(folder):
                if not (folder / "current").exists():
                    _write_new_key(folder)
        except OSError as error:
            raise KeyFolderError(
                f"The key folder {folder} cannot be used: {error.strerror or error}."
            ) from error
        return cls(folder)

    def rotate(self) -> str:
        """Make a new key and sign with it from now on; older ones still verify. Answers the new kid."""
        with exclusive(self._folder):
            kid = _write_new_key(self._folder)
        self._reread()
        return kid

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
        keys = self._keys
        token = jwt.encode(dict(claims), keys.private, ALGORITHM, headers={"typ": typ, "kid": keys.current})
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
        """The public keys as a JSON Web Key Set (RFC 7517, RFC 8037), the current one first."""
        self._follow()
        keys = self._keys
        kids = sorted(keys.public, key=lambda kid: (kid != keys.current, kid))
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": _public_text(keys.public[kid]),
                    "kid": kid,
                    "use": "sig",
                    "alg": ALGORITHM,
                }
                for kid in kids
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
        if kid not in self._keys.public:
            self._follow(known=False)
        key = self._keys.public.get(kid)
        if key is None:
            raise TokenRefused("unknown-key")
        return key

    def _follow(self, *, known: bool = True) -> None:
        """Take over what changed in the folder.

        Looks at most every :data:`REREAD_SECONDS`; an unknown kid looks at once, which costs a stat and reads
        the files only when they changed, so that made-up kids cannot keep the process reading.
        """
        elapsed = self._monotonic() - self._looked_at
        if known and elapsed < REREAD_SECONDS:
            return
        # Two changes within one tick of the file system's clock look like one: after a while read regardless.
        if self._stamp() != self._keys.stamp or (not known and elapsed >= REREAD_SECONDS):
            self._reread()
        else:
            self._looked_at = self._monotonic()

    def _reread(self) -> None:
        self._keys = self._read()
        self._looked_at = self._monotonic()

    def _stamp(self) -> tuple[int, ...]:
        try:
            folder, current = self._folder.stat(), (self._folder / "current").stat()
        except OSError as error:
            raise KeyFolderError(
                f"The key folder {self._folder} is gone or unreadable; restore it."
            ) from error
        return (folder.st_ino, folder.st_mtime_ns, current.st_ino, current.st_mtime_ns)

    def _read(self) -> _Snapshot:
        stamp = self._stamp()
        private = {path.stem: _read_key(path) for path in sorted(self._folder.glob("*.pem"))}
        current = (self._folder / "current").read_text().strip()
        if current not in private:
            raise KeyFolderError(
                f"The key folder {self._folder} names {current} as current and does not hold it."
            )
        public = {kid: key.public_key() for kid, key in private.items()}
        return _Snapshot(stamp, current, private[current], public)


def _check_types(claims: Mapping[str, Any]) -> None:
    for name in _TIME_CLAIMS:
        moment = claims.get(name, 0)
        if type(moment) is not int or not 0 <= moment <= _LAST_SECOND:
            raise TokenRefused("malformed")
    if not all(isinstance(claims.get(name, ""), str) for name in _TEXT_CLAIMS):
        raise TokenRefused("malformed")


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        if open_to_everybody(path):
            raise KeyFolderError(f"The signing key {path} is open to every user; run: chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise KeyFolderError(f"The signing key {path} cannot be read; restore it from a backup.") from error
    if not isinstance(key, Ed25519PrivateKey) or thumbprint(key.public_key()) != path.stem:
        raise KeyFolderError(f"The file {path} does not hold the Ed25519 key it is named after.")
    return key


def _write_new_key(folder: Path) -> str:
    """Make a key, then let ``current`` name it: a crash between the two leaves a folder that works."""
    key = Ed25519PrivateKey.generate()
    kid = thumbprint(key.public_key())
    write_private(folder / f"{kid}.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(folder / "current", kid.encode())
    return kid


def _public_text(key: Ed25519PublicKey) -> str:
    return _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _base64url(content: bytes) -> str:
    return base64url_encode(content).decode()
