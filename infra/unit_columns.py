"""The numbered columns of the metered units, for the tables that count them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col

from infra import units
from infra.units import UnitVector


def _slot(*, nullable: bool = True, wide: bool = True) -> Any:
    default = None if nullable else 0
    return Field(default, sa_type=sa.BigInteger if wide else sa.Integer, nullable=nullable)


class QuotaColumns(SQLModel):
    """Limits over a licence's whole term, by slot; null is unlimited."""

    quota_1: int | None = _slot()
    quota_2: int | None = _slot()
    quota_3: int | None = _slot()
    quota_4: int | None = _slot()
    quota_5: int | None = _slot()
    quota_6: int | None = _slot()
    quota_7: int | None = _slot()
    quota_8: int | None = _slot()

    @property
    def quotas(self) -> dict[str, int]:
        """The limits that are set, by unit."""
        limits = {unit.code: getattr(self, f"quota_{unit.slot}") for unit in units.UNITS.quotas}
        return {code: limit for code, limit in limits.items() if limit is not None}


# The first three slots were in use when the others were made: only these can be null, which counts as zero.


class UsedColumns(SQLModel):
    """Amounts over a licence's whole term, by slot."""

    used_1: int = _slot(nullable=False)
    used_2: int = _slot(nullable=False)
    used_3: int = _slot(nullable=False)
    used_4: int | None = _slot()
    used_5: int | None = _slot()
    used_6: int | None = _slot()
    used_7: int | None = _slot()
    used_8: int | None = _slot()

    @property
    def used(self) -> UnitVector:
        """The amounts by unit."""
        return _vector(self, "used")


class PeriodColumns(SQLModel):
    """Amounts in a licence's open billing period, by slot."""

    period_1: int = _slot(nullable=False)
    period_2: int = _slot(nullable=False)
    period_3: int = _slot(nullable=False)
    period_4: int | None = _slot()
    period_5: int | None = _slot()
    period_6: int | None = _slot()
    period_7: int | None = _slot()
    period_8: int | None = _slot()

    @property
    def period(self) -> UnitVector:
        """The amounts by unit."""
        return _vector(self, "period")


class UnitColumns(SQLModel):
    """Amounts of something that is over: a closed period."""

    units_1: int = _slot(nullable=False)
    units_2: int = _slot(nullable=False)
    units_3: int = _slot(nullable=False)
    units_4: int | None = _slot()
    units_5: int | None = _slot()
    units_6: int | None = _slot()
    units_7: int | None = _slot()
    units_8: int | None = _slot()

    @property
    def units(self) -> UnitVector:
        """The amounts by unit."""
        return _vector(self, "units")


class RecordColumns(UnitColumns):
    """Amounts of one call. The first two are narrow, as they have been since the first release."""

    units_1: int = _slot(nullable=False, wide=False)
    units_2: int = _slot(nullable=False, wide=False)


def _vector(row: SQLModel, kind: str) -> UnitVector:
    return UnitVector.of(getattr(row, f"{kind}_{unit.slot}") or 0 for unit in units.UNITS.summed)


def quota_values(quotas: Mapping[str, int]) -> dict[str, Any]:
    """Column → value of quotas by code.

    :raises UnknownUnit: one is for a unit that may not have any.
    """
    by_code = units.UNITS.by_code
    return {f"quota_{by_code[code].slot}": limit for code, limit in units.UNITS.check_quotas(quotas).items()}


def sums(table: type[SQLModel]) -> list[sa.Cast[int]]:
    """The sum of each summed unit over the rows of a table with ``units_…``, in the registry's order."""
    columns = (col(getattr(table, f"units_{unit.slot}")) for unit in units.UNITS.summed)
    return [sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger) for column in columns]
