"""What a price depends on besides plan and use, and what the rulebook says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from infra.messages import Message
from infra.rulebook.domain import Rules
from pricing.models.rating import Ceiling
from pricing.quotes.errors import RoundingNotSupported
from pricing.regulated.purposes import PUBLIC_PURPOSES, PurposeClass

PUBLIC_PURPOSES_ARE_FREE = "pricing.public_purposes_are_free"
ROUNDING = "pricing.rounding"
_NO_CEILINGS: Mapping[str, Ceiling] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class QuoteContext:
    """Everything besides plan and use that a price depends on.

    `free_purposes` are the purpose classes that the rules in force make free; `ceilings` the ceilings in
    force at the time of use, by metric; `rules` the stamp of the rulebook versions that were read.
    """

    purpose: PurposeClass
    free_purposes: frozenset[PurposeClass]
    # A factory, since Python 3.11 takes no mapping proxy as a field's default.
    ceilings: Mapping[str, Ceiling] = field(default_factory=lambda: _NO_CEILINGS)
    rules: tuple[Mapping[str, Any], ...] = field(default=())


def quote_context(
    rules: Rules, purpose: PurposeClass, ceilings: Mapping[str, Ceiling] | None = None
) -> QuoteContext:
    """Return the context of a quote under the rules in force, stamped with the versions it was read from.

    The stamp holds whatever has been read of `rules` so far. Raises `RoundingNotSupported` where the rules ask
    for another rounding than half up.
    """
    rounding = rules.text(ROUNDING)
    if rounding != "half-up":
        raise RoundingNotSupported(
            Message(
                "The rulebook asks for {rounding!r}; this release rounds half up and charges nothing else.",
                rounding=rounding,
            ),
            remedy=Message(
                "Set the parameter {rounding} to 'half-up', or install a release that knows the other.",
                rounding=ROUNDING,
            ),
        )
    free = rules.value(PUBLIC_PURPOSES_ARE_FREE) is True
    return QuoteContext(
        purpose=purpose,
        free_purposes=PUBLIC_PURPOSES if free else frozenset(),
        ceilings=ceilings or {},
        rules=tuple(rules.stamp()),
    )
