"""Splits over HTTP."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Output
from market.settlement.splits.domain import Share, SplitRole, split_revenue
from pricing.money import Money, MoneyOut


class SplitPart(Output):
    """What one party gets of an invoice once it is paid."""

    party: SplitRole
    organisation_id: UUID | None = Field(description="Null: the platform itself")
    organisation_name: PartyName | None = Field(description="Null: the platform itself")
    amount: MoneyOut

    @classmethod
    def parts_of(cls, total: Money, shares: Sequence[Share], names: PartyNames) -> list[Self]:
        """Render the split of an amount.

        :param names: of the parties that have a share.
        """
        return [
            cls(
                party=share.role,
                organisation_id=share.organisation_id,
                organisation_name=names.get(share.organisation_id) if share.organisation_id else None,
                amount=MoneyOut.of(part),
            )
            for share, part in split_revenue(total, shares)
        ]
