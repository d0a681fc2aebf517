"""Comparing a column of exact decimals with any decimal: pure.

DuckDB brings both sides of a comparison to one type of 38 digits at most, and fails where there is none. So a value is
brought to the column's own type first: to the nearest number that the column can hold, from the side on which the
comparison stays the same.
"""

import re
from decimal import Decimal
from typing import NamedTuple

_TYPE = re.compile(r"DECIMAL\((\d+),(\d+)\)")


class DecimalType(NamedTuple):
    """How many digits a column's values have, and how many of them after the point."""

    precision: int
    scale: int

    @classmethod
    def read(cls, physical: str) -> "DecimalType":
        """Of a column's type as DuckDB writes it, ``DECIMAL(6,2)``."""
        found = _TYPE.fullmatch(physical)
        assert found is not None, physical
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"DECIMAL({self.precision},{self.scale})"

    def below(self, value: Decimal) -> Decimal | None:
        """The largest number of this type that is not above a value; None when all are above it."""
        units = self._units(value)[0]
        return None if units < -self._most else self._number(min(units, self._most))

    def above(self, value: Decimal) -> Decimal | None:
        """The least number of this type that is not below a value; None when all are below it."""
        units = self._units(value)[1]
        return None if units > self._most else self._number(max(units, -self._most))

    def exactly(self, value: Decimal) -> Decimal | None:
        """The value as a number of this type; None when it is none."""
        low, high = self._units(value)
        return self._number(low) if low == high and abs(low) <= self._most else None

    @property
    def _most(self) -> int:
        return int(10**self.precision - 1)

    def _units(self, value: Decimal) -> tuple[int, int]:
        """The value in units of the last digit, rounded down and up."""
        numerator, denominator = value.as_integer_ratio()
        scaled = numerator * 10**self.scale
        return scaled // denominator, -(-scaled // denominator)

    def _number(self, units: int) -> Decimal:
        return Decimal(f"{units}E-{self.scale}")
