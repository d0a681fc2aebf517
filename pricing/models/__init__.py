"""Price models: one small pure file each, found by the `model` discriminator of a charge.

A further model is a file beside these, a name in `CHARGES`, and its schema in `pricing/plans/schemas.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pricing.models.flat import Flat
from pricing.models.free import Free
from pricing.models.per_unit import PerUnit
from pricing.models.rating import Charge

_MODELS: tuple[type[Charge], ...] = (Flat, Free, PerUnit)

CHARGES: Mapping[str, type[Charge]] = MappingProxyType({charge.model: charge for charge in _MODELS})
"""Model code → charge class."""
