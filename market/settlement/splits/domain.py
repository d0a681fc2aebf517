"""The split of revenue, pure: the parties' shares, and how an amount is divided among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pricing.money import Money, allocate


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
    """An agreement's shares in the order that decides ties: owner, operator, platform.

    :param weights: share by role, in basis points.
    """
    parties = (
        (SplitRole.OWNER, owner_id),
        (SplitRole.OPERATOR, operator_id),
        (SplitRole.PLATFORM, None),
    )
    return tuple(Share(role, party, Decimal(weights.get(role.value, 0))) for role, party in parties)


def split_revenue(total: Money, shares: Sequence[Share]) -> list[tuple[Share, Money]]:
    """Divide revenue among the shares, to the last minor unit; parts of nothing are left out.

    Largest remainder, ties to the share listed first (`pricing.money.allocate`).

    :raises MoneyError: there is no share.
    """
    parts = allocate(total, [share.share for share in shares])
    assert sum(part.minor for part in parts) == total.minor
    return [(share, part) for share, part in zip(shares, parts, strict=True) if part.minor]
