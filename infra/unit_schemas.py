"""Amounts and quotas by metered unit, in what goes in and out over HTTP: ``{"calls": 1, "rows": 50}``."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from infra import units
from infra.messages import Message
from infra.units import UnknownUnit

LARGEST = 10**12
"""Largest quota, and largest use to be priced."""


def _whole(value: object) -> object:
    # Bodies are validated leniently, even where a field is strict: true would be 1, and "5" would be 5.
    if type(value) is not int:
        raise ValueError(Message("must be a whole number"))
    return value


WHOLE_NUMBER = BeforeValidator(_whole)
"""Takes a JSON number without a fraction, and nothing that could be read as one."""


def _quotas(quotas: dict[str, int]) -> dict[str, int]:
    try:
        return units.UNITS.check_quotas(quotas)
    except UnknownUnit as unknown:
        raise ValueError(
            Message(
                "{unit!r} has no quota; these may: {units}",
                unit=str(unknown)[:80],
                units=", ".join(unit.code for unit in units.UNITS.quotas),
            )
        ) from None


def _amounts(amounts: dict[str, int]) -> dict[str, int]:
    for code in amounts:
        if code not in units.UNITS.codes:
            raise ValueError(
                Message(
                    "{unit!r} is not counted; these are: {units}",
                    unit=code[:80],
                    units=", ".join(units.UNITS.codes),
                )
            )
    return amounts


def _named(codes: Iterable[str]) -> Any:
    return Field(json_schema_extra={"propertyNames": {"enum": list(codes)}})


UnitQuotas = Annotated[
    dict[str, Annotated[int, Field(ge=1, le=LARGEST), WHOLE_NUMBER]],
    _named(unit.code for unit in units.UNITS.quotas),
    AfterValidator(_quotas),
]
"""Limits that a caller asks for, by unit; a unit that is not named is not limited."""

UnitUse = Annotated[
    dict[str, Annotated[int, Field(ge=0, le=LARGEST), WHOLE_NUMBER]],
    _named(units.UNITS.codes),
    AfterValidator(_amounts),
]
"""An amount of use that a caller states, by unit; a unit that is not named is not used."""

UnitAmounts = Annotated[dict[str, int], _named(units.UNITS.codes)]
"""Amounts as they are shown, by unit."""
