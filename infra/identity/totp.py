"""Time-based one-time passwords (RFC 6238) and recovery codes: pure, with the time handed in."""

import base64
import hmac
import re
import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20
DIGITS = 6
STEP_SECONDS = 30
DRIFT_STEPS = 1
"""How many steps the clock of an authenticator may be off, either way."""

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10


def new_secret() -> str:
    """A secret as an authenticator app takes it: 160 random bits in base32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def otpauth_uri(secret: str, *, account: str, issuer: str) -> str:
    """The address that an app reads from a QR code."""
    return _totp(secret).get_provisioning_uri(account, issuer)


def code_at(secret: str, seconds: int) -> str:
    """The code that an app shows at a moment (seconds since 1970, UTC)."""
    return _totp(secret).generate(seconds).decode()


def matching_step(secret: str, code: str, seconds: int) -> int | None:
    """The time step whose code this is, the newest of them; None where it belongs to none near now.

    :param code: normalised, see :func:`normalised_code`.
    :param seconds: now, since 1970 (UTC).
    """
    totp, now = _totp(secret), seconds // STEP_SECONDS
    matching = None
    for step in range(max(0, now - DRIFT_STEPS), now + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate(step * STEP_SECONDS), code.encode()):
            matching = step
    return matching


def new_recovery_codes() -> list[str]:
    """Codes to be kept on paper: 80 random bits each, in groups of four."""
    return ["-".join(re.findall("....", _random_code())) for _ in range(RECOVERY_CODES)]


def normalised_code(text: str) -> str:
    """A code as it is compared: without spaces and hyphens, in lower case."""
    return re.sub(r"[\s-]", "", text).lower()


def is_totp(code: str) -> bool:
    """Whether a normalised code has the form of an authenticator's, rather than of a recovery code."""
    return len(code) == DIGITS


def _random_code() -> str:
    return base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()


def _totp(secret: str) -> TOTP:
    # What every authenticator app computes: SHA-1, six digits, thirty seconds.
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 -- RFC 6238
