"""What others read of an agreement."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.agreements.states import AgreementStatus
from contracts.agreements.tables import Agreement, AgreementSignature
from contracts.terms import Terms
from infra.identity.schemas import PartyNames
from listings.editions.tables import ProductEdition


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """What the floors above need of an agreement."""

    id: UUID
    status: AgreementStatus
    terms: Terms
    digest: str
    licence_id: UUID | None


@dataclass(frozen=True, slots=True)
class AgreementDetails:
    """An agreement with everything an answer shows of it.

    :param licence_id: the licence it gave rise to, None while it is not concluded.
    :param stopped: reasons of the stops now active on the agreement itself.
    :param edition: of the product, which it was ordered on; None of agreements from before there were editions.
    :param names: of its parties.
    """

    agreement: Agreement
    signatures: Sequence[AgreementSignature]
    licence_id: UUID | None
    stopped: Sequence[str]
    edition: ProductEdition | None
    names: PartyNames
