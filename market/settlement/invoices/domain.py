"""Invoices, pure: payment references, document numbers, due dates, and who gets which share."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pricing.money import Money, MoneyError, allocate

MAX_SERIES = 99_999
MAX_NUMBER = 999_999_999


class SplitRole(StrEnum):
    """As what a party takes its share of revenue."""

    OPERATOR = "operator"
    OWNER = "owner"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Share:
    """One party's share of an agreement's revenue.

    :param organisation_id: who takes it; None for the platform itself.
    :param share: a weight; the agreement's shares are proportions of their sum.
    """

    role: SplitRole
    organisation_id: UUID | None
    share: Decimal

    def document(self) -> dict[str, str | None]:
        """The share as JSON: what an invoice keeps."""
        party = str(self.organisation_id) if self.organisation_id else None
        return {"role": self.role.value, "organisation_id": party, "share": f"{self.share:f}"}


def read_shares(documents: Sequence[Mapping[str, Any]]) -> tuple[Share, ...]:
    """Shares as `Share.document` wrote them."""
    return tuple(
        Share(
            SplitRole(item["role"]),
            UUID(item["organisation_id"]) if item["organisation_id"] else None,
            Decimal(item["share"]),
        )
        for item in documents
    )


def shares_of(weights: Mapping[str, int], *, owner_id: UUID, operator_id: UUID) -> tuple[Share, ...]:
    """An agreement's split in the order that decides ties: owner, operator, platform.

    :param weights: share by role, in basis points.
    """
    parties = (
        (SplitRole.OWNER, owner_id),
        (SplitRole.OPERATOR, operator_id),
        (SplitRole.PLATFORM, None),
    )
    return tuple(Share(role, party, Decimal(weights.get(role.value, 0))) for role, party in parties)


def split(total: Money, shares: Sequence[Share]) -> list[tuple[Share, Money]]:
    """Divide revenue among the shares, to the last minor unit; parts of nothing are left out.

    Largest remainder, ties to the share listed first (`pricing.money.allocate`).
    Raises `MoneyError` where there is no share.
    """
    parts = allocate(total, [share.share for share in shares])
    assert sum(part.minor for part in parts) == total.minor
    return [(share, part) for share, part in zip(shares, parts, strict=True) if part.minor]


def payment_reference(series_no: int, number: int) -> str:
    """Creditor reference (ISO 11649) of an invoice: RF, two check digits, series of 5 and number of 9 digits.

    Digits only after the check digits, so that it can be typed on any bank form.
    """
    if not (1 <= series_no <= MAX_SERIES and 1 <= number <= MAX_NUMBER):
        raise MoneyError(f"series {series_no} or number {number} is beyond what a payment reference holds")
    body = f"{series_no:05}{number:09}"
    return f"RF{98 - _mod97(body + 'RF00'):02}{body}"


def reference_is_sound(reference: str) -> bool:
    """Whether the check digits of a creditor reference fit (ISO 7064 mod 97-10)."""
    return _mod97(reference[4:] + reference[:4]) == 1


def _mod97(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97


def document_number(series_no: int, number: int) -> str:
    """Number printed on the invoice: the operator's series and the running number in it."""
    return f"{series_no:05}-{number:09}"


def due_at(issued_at: datetime, term_days: int) -> datetime:
    """End of the payment term."""
    return issued_at + timedelta(days=term_days)


def digest(document: Mapping[str, Any]) -> bytes:
    """SHA-256 of an invoice's content as canonical JSON; amounts and quantities in it are text."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).digest()
