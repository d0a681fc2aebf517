"""Refunds by bank, pure: the reference that their transfer carries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.identifiers import find_references, with_check_digits

_REFERENCE = re.compile("RB[0-9]{18}")


@dataclass(frozen=True, slots=True)
class Payee:
    """Whom a transfer is made to.

    :param account: number or IBAN, as the payee wrote it.
    """

    name: str
    account: str


def refund_reference(refund_id: UUID) -> str:
    """What a refund's transfer carries as its end-to-end id: RB, two check digits (ISO 7064 mod 97-10), 16 digits."""
    return with_check_digits("RB", f"{refund_id.int % 10**16:016}")


def refund_references(texts: Sequence[str]) -> list[str]:
    """References of refunds in the texts, each once, wherever a bank put blanks."""
    return find_references(_REFERENCE, texts)
