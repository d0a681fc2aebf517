"""Devices that a person has signed in on, known by a cookie.

Whoever floods an account with wrong passwords must not keep its owner out. So a browser that got in once carries proof
of it, and its attempts are counted apart from everybody else's. The proof opens nothing: the password is asked for all
the same. It is bound to one account, and a change of password ends every one given before.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct
from struct import error as StructError  # noqa: N812
from uuid import UUID

DEVICE_COOKIE = "market_device"
DEVICE_PATH = "/v1"
DEVICE_DAYS = 180

_LABEL = b"known device"
_FORM = Struct("!16s16sq32s")  # account's id, device, microseconds since 1970, MAC


@dataclass(frozen=True, slots=True)
class Device:
    """What a cookie of ours says.

    :param id: 16 random bytes that name the device.
    :param since: when the password was last given on it.
    """

    person_id: UUID
    id: bytes
    since: datetime

    def knows(self, accounts: Mapping[UUID, datetime], moment: datetime) -> bool:
        """Whether the device is known for one of some accounts.

        :param accounts: when the password of each was last changed.
        """
        changed = accounts.get(self.person_id)
        return changed is not None and changed <= self.since > moment - timedelta(days=DEVICE_DAYS)


class DeviceCookies:
    """Makes the cookies, and reads those it made.

    :param key: 32 secret bytes, the same in every process.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, person_id: UUID, since: datetime, known: Device | None) -> str:
        """A cookie's value. A device that was known for the account keeps its name."""
        device = known.id if known is not None and known.person_id == person_id else secrets.token_bytes(16)
        moment = (since - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
        mac = self._mac(person_id.bytes, device, moment)
        return base64.urlsafe_b64encode(_FORM.pack(person_id.bytes, device, moment, mac)).decode()

    def read(self, value: str | None) -> Device | None:
        """The device, or None for anything this did not make."""
        try:
            person, device, moment, mac = _FORM.unpack(base64.urlsafe_b64decode((value or "").encode()))
        except (binascii.Error, UnicodeError, StructError):
            return None
        if not hmac.compare_digest(mac, self._mac(person, device, moment)):
            return None
        since = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment)
        return Device(UUID(bytes=person), device, since)

    def _mac(self, person: bytes, device: bytes, moment: int) -> bytes:
        return hmac.digest(
            self._key, _LABEL + person + device + moment.to_bytes(8, "big", signed=True), "sha256"
        )
