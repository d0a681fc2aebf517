"""The metered units: what a data call counts. One entry here is all that a further summed unit needs.

A summed unit is counted by admission, limited by a licence's quota where it may have one, recorded, summed up by
billing period and rated, all by what its entry says: everything above carries a :class:`UnitVector` over the registry,
and the database functions of metering are installed for exactly the registry's units by ``market migrate``. In the
database a unit is the number of its slot: ``used_3``, ``units_3``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.labels import Label

SLOTS = 8
"""Numbered columns that the tables of metering have; more need a migration."""

NARROW_SLOTS = (1, 2)
"""Slots whose columns in usage records are of four bytes: one call counts up to 2³¹ - 1 of such a unit."""


class Aggregation(StrEnum):
    """How the amounts of several calls become one."""

    DISTINCT = "distinct"
    MAXIMUM = "maximum"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Unit:
    """One metered unit.

    :param code: its name in JSON, in price plans and in headers; never changes.
    :param slot: number of its columns, 1 to :data:`SLOTS`; never changes and is never given to another unit.
    :param label: what the unit is called in a list.
    :param one: said of a single one in English; ``many`` of several.
    :param measure: Chinese measure word; ``noun`` what it measures.
    :param quota: whether a licence may limit it. A unit whose amount only the data decides may not: refusals would tell
        what the data holds.
    :param bounded: whether a call asks for at most so many. The quota must then hold what was asked for, so that a
        refusal depends on the question alone.
    """

    code: str
    slot: int
    aggregation: Aggregation
    label: Label
    one: str
    many: str
    measure: str
    noun: str
    quota: bool = False
    bounded: bool = False

    @property
    def column_type(self) -> str:
        """The type of its column in usage records."""
        return "int" if self.slot in NARROW_SLOTS else "bigint"


class UnknownUnit(ValueError):
    """The registry has no such summed unit, or it may not have a quota."""


class Registry:
    """Every unit there is, in the order in which they are shown.

    :raises ValueError: a code or a slot is used for two units, or a slot has no columns.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = tuple(units)
        self.by_code = {unit.code: unit for unit in self.units}
        slots = {unit.slot for unit in self.units}
        if len(self.by_code) < len(self.units) or len(slots) < len(self.units):
            raise ValueError("two units have one code or one slot")
        if not slots <= set(range(1, SLOTS + 1)):
            raise ValueError(f"slots go from 1 to {SLOTS}")
        self.summed = tuple(unit for unit in self.units if unit.aggregation is Aggregation.SUM)
        self.codes = tuple(unit.code for unit in self.summed)
        self.quotas = tuple(unit for unit in self.summed if unit.quota)
        self.bounded = tuple(unit for unit in self.quotas if unit.bounded)

    def __iter__(self) -> Iterator[Unit]:
        return iter(self.units)

    def slots(self) -> dict[str, list[int]]:
        """The slots that database functions are rendered for, by what is done with them."""
        return {
            "units": [unit.slot for unit in self.summed],
            "quotas": [unit.slot for unit in self.quotas],
            "exact": [unit.slot for unit in self.quotas if not unit.bounded],
            "bounded": [unit.slot for unit in self.bounded],
        }

    def check_quotas(self, quotas: Mapping[str, int]) -> dict[str, int]:
        """Quotas by code, in the registry's order.

        :raises UnknownUnit: one is for a unit that may not have any.
        """
        usable = [unit.code for unit in self.quotas]
        for code in quotas:
            if code not in usable:
                raise UnknownUnit(code)
        return {code: quotas[code] for code in usable if code in quotas}


UNITS = Registry(
    (
        Unit("calls", 1, Aggregation.SUM, Label("调用次数", "Calls"), "call", "calls", "次", "调用", quota=True),
        Unit(
            "rows", 2, Aggregation.SUM, Label("数据行数", "Rows"), "row", "rows", "行", "数据",
            quota=True, bounded=True,
        ),
        Unit("bytes", 3, Aggregation.SUM, Label("字节数", "Bytes"), "byte", "bytes", "字节", "数据"),
    )
)  # fmt: skip
"""The units of this release. Read it as ``units.UNITS`` where it is used, so that a test can register a further one."""


class UnitVector(Mapping[str, int]):
    """An amount of every summed unit, by code; what is not named is zero. Immutable.

    ``UnitVector(calls=1, rows=50)["rows"] == 50``.

    :ivar amounts: in the registry's order.
    :raises UnknownUnit: a code is not that of a summed unit.
    """

    __slots__ = ("amounts",)
    amounts: tuple[int, ...]

    def __init__(self, named: Mapping[str, int] | None = None, /, **more: int) -> None:
        given = {**named, **more} if named else more
        codes = UNITS.codes
        self.amounts = tuple([given.get(code, 0) for code in codes])
        if unknown := given.keys() - codes:
            raise UnknownUnit(min(unknown))

    @classmethod
    def of(cls, amounts: Iterable[int]) -> "UnitVector":
        """From amounts in the registry's order."""
        return cls(dict(zip(UNITS.codes, amounts, strict=True)))

    def __getitem__(self, code: str) -> int:
        try:
            return self.amounts[UNITS.codes.index(code)]
        except ValueError:
            raise KeyError(code) from None

    def __iter__(self) -> Iterator[str]:
        return iter(UNITS.codes)

    def __len__(self) -> int:
        return len(self.amounts)

    def __add__(self, other: "UnitVector") -> "UnitVector":
        return UnitVector.of(a + b for a, b in zip(self.amounts, other.amounts, strict=True))

    def __hash__(self) -> int:
        return hash(self.amounts)

    def __repr__(self) -> str:
        return f"UnitVector({', '.join(f'{code}={amount}' for code, amount in self.items())})"
