"""The chain of links above a licence. Pure."""

from dataclasses import dataclass, fields
from uuid import UUID

from contracts.terms import Terms


@dataclass(frozen=True, slots=True)
class ChainOfLinks:
    """Everything a licence rests on: a stop on any of these stops it."""

    agreement_id: UUID
    product_id: UUID
    authorisation_id: UUID
    right_id: UUID
    resource_id: UUID
    owner_id: UUID
    operator_id: UUID
    buyer_id: UUID

    @classmethod
    def from_terms(cls, agreement_id: UUID, terms: Terms) -> "ChainOfLinks":
        """The chain above the licence of an agreement with these terms."""
        return cls(
            agreement_id=agreement_id,
            product_id=terms.product_id,
            authorisation_id=terms.authorisation_id,
            right_id=terms.right_id,
            resource_id=terms.resource_id,
            owner_id=terms.owner_id,
            operator_id=terms.operator_id,
            buyer_id=terms.buyer_id,
        )

    def ids(self) -> tuple[UUID, ...]:
        """The id of every link, from the agreement upwards."""
        return tuple(getattr(self, link.name) for link in fields(self))
