"""The code lists of the interface: every registered enumeration, and lists that are no enumeration."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from babel import Locale

from infra import labels, units
from infra.labels import Label
from listings.authorisations.domain import OFFERED
from listings.resources.domain import THEMES
from market.code_lists.labels import ACTOR_KINDS, DECISIONS
from pricing.models.metrics import PERIODS, PERIODS_LABEL
from pricing.money import CURRENCIES


@cache
def code_lists() -> Mapping[str, Mapping[str, Label]]:
    """Name of each list → its codes with their labels."""
    lists: dict[str, Mapping[str, Label]] = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): {
            code.value: text for code, text in codes.items()
        }
        for kind, codes in labels.registered().items()
    }
    metered = {unit.code: unit.label for unit in units.UNITS}
    lists |= {
        "actor_kind": ACTOR_KINDS,
        # Of considerations, what can be agreed; authorisations of before hold others.
        "consideration": {code.value: lists["consideration"][code.value] for code in OFFERED},
        "currency": _currencies(),
        "decision": DECISIONS,
        "metric": metered | {PERIODS: PERIODS_LABEL},
        "theme": THEMES,
        "unit": metered,
    }
    return MappingProxyType(dict(sorted(lists.items())))


def _currencies() -> dict[str, Label]:
    """The currencies of ISO 4217 that money may be in, as the Unicode CLDR names them."""
    chinese, english = Locale("zh").currencies, Locale("en").currencies
    return {code: Label(chinese.get(code, code), english.get(code, code)) for code in sorted(CURRENCIES)}
