"""A price plan, and what makes one acceptable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.messages import Message
from pricing.models import CHARGES
from pricing.models.rating import Charge
from pricing.models.reading import ChargeReader, Fault, PlanLimits
from pricing.money import CURRENCIES
from pricing.plans.errors import InvalidPricePlan


@dataclass(frozen=True, slots=True)
class PricePlan:
    """One immutable price version: what an operator asks, in one currency, by at most one charge per metric.

    `supersedes` is the version it replaces. Agreements keep the version they were made with.
    """

    id: UUID
    organisation_id: UUID
    name_zh: str | None
    name_en: str | None
    currency: str
    charges: tuple[Charge, ...]
    supersedes: UUID | None = None


def read_charges(documents: object, currency: object, limits: PlanLimits) -> tuple[Charge, ...]:
    """Read and check the charges of a plan.

    `documents` is a list of objects with JSON values and exact decimals as text, each with a `model`;
    `currency` an ISO 4217 code. Raises `InvalidPricePlan` with every fault found, each with its place.
    """
    faults: list[Fault] = []
    if currency not in CURRENCIES:
        faults.append(
            Fault(
                "currency",
                Message(
                    "{currency!r} is not an ISO 4217 currency code that can be settled", currency=currency
                ),
            )
        )
    if not isinstance(documents, Sequence) or isinstance(documents, str) or not documents:
        raise InvalidPricePlan(
            [*faults, Fault("charges", Message("must be a list with at least one charge"))]
        )
    if len(documents) > limits.max_charges:
        raise InvalidPricePlan(
            [
                *faults,
                Fault(
                    "charges",
                    Message(
                        "are {count}; at most {limit} are allowed",
                        count=len(documents),
                        limit=limits.max_charges,
                    ),
                ),
            ]
        )
    charges: list[Charge] = []
    for index, document in enumerate(documents):
        charge = _read_charge(document, f"charges.{index}", limits, faults)
        if charge is not None:
            charges.append(charge)
    if not faults:
        faults.extend(_doubled(charges))
    if faults:
        raise InvalidPricePlan(faults)
    return tuple(charges)


def _read_charge(document: object, place: str, limits: PlanLimits, faults: list[Fault]) -> Charge | None:
    if not isinstance(document, Mapping):
        faults.append(Fault(place, Message("must be an object")))
        return None
    model: Any = document.get("model")
    if not isinstance(model, str) or model not in CHARGES:
        faults.append(Fault(f"{place}.model", Message("must be one of {values}", values=", ".join(CHARGES))))
        return None
    reader = ChargeReader(document, place, limits, faults)
    charge = CHARGES[model].read(reader)
    reader.finish(model)
    return charge


def _doubled(charges: Sequence[Charge]) -> list[Fault]:
    """Two charges on one metric would leave open which one a unit is charged by."""
    first: dict[str, int] = {}
    faults = []
    for index, charge in enumerate(charges):
        if charge.metric in first:
            problem = Message(
                "charges for {metric}, which charges.{first} does already",
                metric=charge.metric,
                first=first[charge.metric],
            )
            faults.append(Fault(f"charges.{index}", problem))
        first.setdefault(charge.metric, index)
    return faults
