"""The folder of signing keys, and the life of a key in it.

The folder (0700) holds one ``<kid>.pem`` (0600) for each key that signs or may sign, and ``ring.json`` (0600), which
says from when each key signs and until when what it signed is accepted. Everything else follows from the clock, so that
each process that shares the folder goes from one key to the next at the same moment, and nobody has to tell it:

    published → signing → former (what it signed is accepted) → retired (its private half is destroyed)

``kid`` is the key's RFC 7638 thumbprint, so that a file cannot be mistaken for another key's. ``ring.json`` is replaced
as a whole, after the file of a new key is there and before the file of an ended one goes: a crash in between leaves a
folder that works. The public halves of retired and revoked keys are kept: audit heads and agreements outlive tokens.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.utils import base64url_decode, base64url_encode

from infra.digest import json_digest
from infra.private_files import exclusive, open_to_everybody, write_private

MAX_TOKEN_SECONDS = 7 * 86_400
"""The longest life of a token: so long after a key signed for the last time, what it signed may still be sent."""

PUBLISH_SECONDS = 600
"""How long a new key is published before it signs: longer than others may keep the published keys (300 s)."""

GRACE_SECONDS = 60
"""For nodes whose clocks are behind, and that go on signing with the former key for as long."""

_RING = "ring.json"
_FIRST_FORM = "current"  # of folders that knew no times: the kid of the key that signs


class KeyFolderError(Exception):
    """The key folder cannot be used as it is, or not for this; the message says what to do."""


class KeyStatus(StrEnum):
    """Where a key stands in its life."""

    PUBLISHED = "published"
    SIGNING = "signing"
    FORMER = "former"
    RETIRED = "retired"
    REVOKED = "revoked"


ACCEPTED = frozenset({KeyStatus.PUBLISHED, KeyStatus.SIGNING, KeyStatus.FORMER})
"""Whose tokens verify, and who stand in the published key set."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key. Times are seconds since 1970 (UTC).

    :param x: its public half, base64url.
    :param accepted_until: when the last token that it signed has expired; None while no other follows it.
    :param revoked_at: from then on nothing that it signed is accepted.
    """

    kid: str
    x: str
    signs_from: int
    accepted_until: int | None = None
    revoked_at: int | None = None

    @property
    def public(self) -> Ed25519PublicKey:
        """The key that verifies."""
        return Ed25519PublicKey.from_public_bytes(base64url_decode(self.x))


def status_of(records: Sequence[KeyRecord], moment: float) -> dict[str, KeyStatus]:
    """Where each key stands at a moment, by kid. At most one of them signs."""
    signing = max(
        (record for record in records if record.revoked_at is None and record.signs_from <= moment),
        key=lambda record: (record.signs_from, record.accepted_until is None),
        default=None,
    )
    return {record.kid: _status(record, signing, moment) for record in records}


def _status(record: KeyRecord, signing: KeyRecord | None, moment: float) -> KeyStatus:
    if record.revoked_at is not None:
        return KeyStatus.REVOKED
    if record is signing:
        return KeyStatus.SIGNING
    if record.signs_from > moment:
        return KeyStatus.PUBLISHED
    if record.accepted_until is None or record.accepted_until > moment:
        return KeyStatus.FORMER
    return KeyStatus.RETIRED


def thumbprint(key: Ed25519PublicKey) -> str:
    """The RFC 7638 thumbprint (SHA-256, base64url) of a public key, in the form of RFC 8037 for OKP keys."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": public_text(key)}
    return base64url_encode(json_digest(members)).decode()


def public_text(key: Ed25519PublicKey) -> str:
    """The public half, base64url."""
    return base64url_encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def prepare(folder: Path, moment: float) -> None:
    """Make the folder and its first key when there is none yet; bring one of the first form to today's.

    :raises KeyFolderError: the folder cannot be made, or is open to everybody.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if open_to_everybody(folder):
            raise KeyFolderError(f"The key folder {folder} is open to every user; run: chmod 700 {folder}")
        with exclusive(folder):
            if (folder / _RING).exists():
                return
            if (folder / _FIRST_FORM).exists():
                _convert(folder, int(moment))
            else:
                _write(folder, [_new_key(folder, 0)])
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be used: {error.strerror or error}.") from error


def stamp(folder: Path) -> tuple[int, ...]:
    """What changes whenever a key is added, rotated, revoked or its file deleted.

    :raises KeyFolderError: the folder is gone.
    """
    try:
        outer, ring = folder.stat(), (folder / _RING).stat()
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} is gone or unreadable; restore it.") from error
    return (outer.st_ino, outer.st_mtime_ns, ring.st_ino, ring.st_mtime_ns)


def read(folder: Path) -> list[KeyRecord]:
    """Every key that the folder knows, the oldest first.

    :raises KeyFolderError: ``ring.json`` is gone, damaged or open to everybody.
    """
    path = folder / _RING
    try:
        if open_to_everybody(path):
            raise KeyFolderError(f"The file {path} is open to every user; run: chmod 600 {path}")
        records = [KeyRecord(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise KeyFolderError(f"The file {path} cannot be read; restore it from a backup.") from error
    return sorted(records, key=lambda record: record.signs_from)


def private_keys(folder: Path) -> dict[str, Ed25519PrivateKey]:
    """The private halves that lie in the folder, by kid.

    :raises KeyFolderError: one is open to everybody, damaged, or under another's name.
    """
    return {path.stem: _read_key(path) for path in sorted(folder.glob("*.pem"))}


def rotate(folder: Path, moment: float, *, publish_seconds: int = PUBLISH_SECONDS) -> KeyRecord:
    """Make a new key, published now and signing after a while; whatever ran out is retired.

    :raises KeyFolderError: another key waits to sign already.
    """
    signs_from = int(moment) + publish_seconds
    with exclusive(folder):
        records = read(folder)
        for kid, status in status_of(records, moment).items():
            if status is KeyStatus.PUBLISHED:
                raise KeyFolderError(
                    f"The key {kid} is published already and signs soon: see `market keys list`. If it was stolen,"
                    f" run: market keys revoke {kid}"
                )
        new = _new_key(folder, signs_from)
        _write(folder, [*_ending(records, signs_from), new])
        _drop_retired(folder, records, moment)
    return new


def revoke(folder: Path, kid: str, moment: float) -> KeyRecord:
    """Accept nothing any more that a key signed or signs; where it was the one that signs, another does at once.

    :return: the key that signs from now on.
    :raises KeyFolderError: there is no such key, or it was revoked before.
    """
    with exclusive(folder):
        records = read(folder)
        found = next((record for record in records if record.kid == kid), None)
        if found is None or found.revoked_at is not None:
            raise KeyFolderError(
                f"There is no key {kid} that could be revoked: `market keys list` names them all."
            )
        status = status_of(records, moment)
        by_status = {status[record.kid]: record for record in records}
        signing = by_status[KeyStatus.SIGNING]
        if found is signing:
            waiting = by_status.get(KeyStatus.PUBLISHED)
            signing = replace(waiting, signs_from=int(moment)) if waiting else _new_key(folder, int(moment))
        elif status[kid] is KeyStatus.PUBLISHED:
            signing = replace(signing, accepted_until=None)
        left = [record for record in records if record.kid not in {kid, signing.kid}]
        left.append(signing)
        _write(folder, [*left, replace(found, revoked_at=int(moment))])
        (folder / f"{kid}.pem").unlink(missing_ok=True)
    return signing


def retire(folder: Path, moment: float) -> list[str]:
    """Destroy the private halves of the keys whose last token has expired; answers their kids."""
    with exclusive(folder):
        return _drop_retired(folder, read(folder), moment)


def _ending(records: Sequence[KeyRecord], signs_from: int) -> list[KeyRecord]:
    until = signs_from + GRACE_SECONDS + MAX_TOKEN_SECONDS
    return [
        replace(record, accepted_until=until) if record.accepted_until is None else record
        for record in records
    ]


def _drop_retired(folder: Path, records: Sequence[KeyRecord], moment: float) -> list[str]:
    ended = {KeyStatus.RETIRED, KeyStatus.REVOKED}
    dropped = []
    for kid, status in status_of(records, moment).items():
        path = folder / f"{kid}.pem"
        if status in ended and path.exists():
            path.unlink()
            dropped.append(kid)
    return dropped


def _convert(folder: Path, moment: int) -> None:
    current = (folder / _FIRST_FORM).read_text().strip()
    kept = {kid: public_text(key.public_key()) for kid, key in private_keys(folder).items()}
    if current not in kept:
        raise KeyFolderError(f"The key folder {folder} names {current} as current and does not hold it.")
    former = [
        KeyRecord(kid, x, 0, moment + MAX_TOKEN_SECONDS) for kid, x in sorted(kept.items()) if kid != current
    ]
    _write(folder, [*former, KeyRecord(current, kept[current], 1)])
    (folder / _FIRST_FORM).unlink()


def _new_key(folder: Path, signs_from: int) -> KeyRecord:
    key = Ed25519PrivateKey.generate()
    kid = thumbprint(key.public_key())
    write_private(folder / f"{kid}.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return KeyRecord(kid, public_text(key.public_key()), signs_from)


def _write(folder: Path, records: Sequence[KeyRecord]) -> None:
    text = json.dumps([asdict(record) for record in records], indent=2)
    write_private(folder / _RING, text.encode() + b"\n")


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
