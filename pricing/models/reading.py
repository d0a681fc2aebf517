"""Reading a charge from a document: every fault is found and named by its place, nothing is guessed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.messages import Message
from pricing.models.metrics import used_metrics

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """How far a plan may go; the figures are rulebook parameters.

    `max_price_places` decimal places and `max_unit_price` (major units of any currency) bound a price,
    `max_allowance` a free allowance in units, `max_charges` the charges of one plan.
    """

    max_charges: int
    max_price_places: int
    max_unit_price: Decimal
    max_allowance: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a plan: where (`charges.1.unit_price`) and what."""

    place: str
    problem: Message


class ChargeReader:
    """Reads the members of one charge from a document (JSON values, decimals as text).

    What is wrong goes to `faults` and a harmless value is returned, so that one reading finds every fault.
    """

    def __init__(
        self, document: Mapping[str, Any], place: str, limits: PlanLimits, faults: list[Fault]
    ) -> None:
        self._document = document
        self._place = place
        self._limits = limits
        self._faults = faults
        self._known = {"model"}

    def metric(self, member: str) -> str:
        """Return a metric that use is counted in; billing periods are not used, they pass."""
        value = self._take(member)
        usable = used_metrics()
        if isinstance(value, str) and value in usable:
            return value
        self._fault(
            member,
            Message("must be one of {values}", values=", ".join(usable))
            if value is not None
            else Message("is missing"),
        )
        return usable[0]

    def price(self, member: str) -> Decimal:
        """Return an exact price: text such as "0.05", not negative, within the limits."""
        value = self._take(member)
        if value is None:
            return self._refuse_price(member, Message("is missing"))
        if not isinstance(value, str) or not _PLAIN_DECIMAL.fullmatch(value):
            return self._refuse_price(
                member, Message('must be an exact decimal written as text, such as "0.05"')
            )
        price = Decimal(value)
        if price.is_signed():
            return self._refuse_price(member, Message("must not be negative"))
        places = len(value.partition(".")[2].rstrip("0"))
        if places > self._limits.max_price_places:
            return self._refuse_price(
                member,
                Message(
                    "has {places} decimal places; at most {limit} are allowed",
                    places=places,
                    limit=self._limits.max_price_places,
                ),
            )
        if price > self._limits.max_unit_price:
            return self._refuse_price(
                member,
                Message("is above the largest price allowed, {price:f}", price=self._limits.max_unit_price),
            )
        return price

    def count(self, member: str) -> int:
        """Return a whole number of units from 0 to the largest allowance; 0 when the member is absent."""
        value = self._take(member)
        if value is None:
            return 0
        if type(value) is not int or not 0 <= value <= self._limits.max_allowance:
            self._fault(
                member, Message("must be a whole number from 0 to {limit}", limit=self._limits.max_allowance)
            )
            return 0
        return value

    def finish(self, model: str) -> None:
        """Refuse every member that was not asked for: an allowance on a flat charge, a misspelt name."""
        for member in self._document:
            if member not in self._known:
                self._fault(str(member), Message("has no meaning in a charge of model {model}", model=model))

    def _take(self, member: str) -> Any:
        self._known.add(member)
        return self._document.get(member)

    def _refuse_price(self, member: str, problem: Message) -> Decimal:
        self._fault(member, problem)
        return _NOTHING

    def _fault(self, member: str, problem: Message) -> None:
        self._faults.append(Fault(f"{self._place}.{member}", problem))
