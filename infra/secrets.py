"""Secrets at rest: encrypted by a key that is not in the database.

The master key (32 bytes, base64) comes from ``MARKET_MASTER_KEY`` or from a 0600 file in the data folder,
made at the first start. To change it, put a new one in front and keep the old ones behind it, parted by commas
(setting) or lines (file): the first encrypts, all of them decrypt.
"""

import base64
import binascii
import secrets
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.private_files import exclusive, open_to_everybody, write_private

KEY_BYTES = 32
_FILE_NAME = "master.key"


class MasterKeyError(Exception):
    """The master key is missing, open to everybody or no key; the message says what to do."""


class CannotDecrypt(Exception):
    """A stored secret was encrypted with another key, for another purpose, or was changed."""


class SecretBox:
    """Encrypts and decrypts with keys derived from the master key.

    :param keys: master keys of 32 bytes each, the newest first.
    """

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise MasterKeyError(f"A master key is {KEY_BYTES} bytes.")
        self._keys = tuple(keys)
        self._boxes: dict[str, MultiFernet] = {}

    @classmethod
    def load(cls, folder: Path, setting: str | None = None) -> "SecretBox":
        """The box of an installation.

        :param folder: the data folder; holds, or is given, the file ``master.key`` when there is no setting.
        :param setting: the value of ``MARKET_MASTER_KEY``.
        :raises MasterKeyError: neither gives a usable key.
        """
        if setting is not None:
            return cls(_parse(setting.replace(",", "\n"), "MARKET_MASTER_KEY"))
        path = folder / _FILE_NAME
        try:
            with exclusive(folder):
                if not path.exists():
                    write_private(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            if open_to_everybody(path):
                raise MasterKeyError(f"The master key {path} is open to every user; run: chmod 600 {path}")
            return cls(_parse(path.read_text(encoding="ascii", errors="replace"), str(path)))
        except OSError as error:
            raise MasterKeyError(
                f"The master key {path} cannot be used: {error.strerror or error}."
            ) from error

    def encrypt(self, plain: str, purpose: str) -> str:
        """Encrypt text.

        :param purpose: what it is, such as ``identity_evidence.number``; decryption must name the same.
        """
        return self._box(purpose).encrypt(plain.encode()).decode()

    def decrypt(self, sealed: str, purpose: str) -> str:
        """Decrypt what :meth:`encrypt` made.

        :raises CannotDecrypt: it was made with another key or for another purpose, or was changed since.
        """
        try:
            return self._box(purpose).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise CannotDecrypt(
                f"A stored {purpose} does not open with the present master key; add the one that sealed it."
            ) from error

    def derive(self, label: bytes) -> bytes:
        """32 bytes for another use, from the newest master key (HKDF-SHA256, RFC 5869).

        Two labels never give related bytes. A new master key gives new bytes.
        """
        return _hkdf(self._keys[0], b"derived:" + label)

    def _box(self, purpose: str) -> MultiFernet:
        # A key for each purpose, so that a sealed value moved into another column does not open there.
        box = self._boxes.get(purpose)
        if box is None:
            keys = (_hkdf(key, b"at-rest:" + purpose.encode()) for key in self._keys)
            box = self._boxes[purpose] = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        return box


_installed: SecretBox | None = None


def install(box: SecretBox) -> None:
    """Let :class:`EncryptedText` columns of this process use the box. Called once, at start."""
    global _installed
    _installed = box


class EncryptedText(sa.types.TypeDecorator[str]):
    """A text column that is encrypted in the database and plain in the program.

    It cannot be searched or compared in SQL: the same text is sealed differently each time.

    :param purpose: ``table.column``; the key that seals the column is derived from it.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Seal on the way into the database."""
        return None if value is None else _box().encrypt(value, self.purpose)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """Open on the way out."""
        return None if value is None else _box().decrypt(value, self.purpose)


def _box() -> SecretBox:
    if _installed is None:
        raise RuntimeError(
            "infra.secrets.install was not called: encrypted columns have no key in this process"
        )
    return _installed


def _hkdf(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"data-market:v1:" + info).derive(key)


def _parse(text: str, where: str) -> list[bytes]:
    try:
        keys = [base64.b64decode(line, validate=True) for line in text.split()]
    except (binascii.Error, ValueError) as error:
        raise MasterKeyError(f"{where} is not base64.") from error
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise MasterKeyError(
            f"{where} must hold {KEY_BYTES} bytes in base64; `openssl rand -base64 32` makes them."
        )
    return keys
