"""Money: exact amounts, the one rounding function, and splits whose parts sum to the whole.

Three kinds of number, never mixed:

* *unit prices and exact amounts* are `Decimal`, computed in the `EXACT` context, which raises rather
  than lose a digit;
* *settled amounts* are `Money`: an integer count of the currency's minor unit (fen, cent, yen);
* *shares* of a split are `Decimal` or `int` weights, only their proportion counts.

An exact amount becomes settled money in one place only, `round_amount`, once per invoice line.
No float is accepted anywhere: it is refused with `TypeError`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from math import lcm
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from infra.schema import Output

_ZERO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO_PLACES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
    "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR "
    "MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG "
    "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST "
    "XCD XCG YER ZAR ZMW ZWG"
)
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"

CURRENCIES: Mapping[str, int] = MappingProxyType(
    {
        code: places
        for codes, places in ((_ZERO_PLACES, 0), (_TWO_PLACES, 2), (_THREE_PLACES, 3))
        for code in codes.split()
    }
)
"""ISO 4217 currency code → decimal places of its minor unit (CNY 2, JPY 0, KWD 3).

Funds codes, precious metals and test codes of the standard are left out: nobody settles an invoice in them.
"""

MAX_MINOR = 2**63 - 1
"""Largest settled amount, either way, in minor units: what a PostgreSQL bigint column holds."""

EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""Arithmetic on exact amounts: `EXACT.multiply(price, quantity)` raises `decimal.Inexact` before rounding."""

_HALF_UP = Context(prec=120, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])


class MoneyError(ValueError):
    """An amount that cannot be settled money; the message says which and why."""


class AmountTooLarge(MoneyError):
    """More than `MAX_MINOR` minor units, either way."""


class UnknownCurrency(MoneyError):
    """A code that is not an ISO 4217 currency in `CURRENCIES`."""


class CurrencyMismatch(MoneyError):
    """Two amounts of different currencies in one sum."""


class ExcessPrecision(MoneyError):
    """An amount with more decimal places than its currency settles in, where rounding was not asked for."""


def exponent(currency: str) -> int:
    """Return the decimal places of `currency` (ISO 4217 alphabetic code); raise `UnknownCurrency`."""
    places = CURRENCIES.get(currency)
    if places is None:
        raise UnknownCurrency(f"{currency!r} is not an ISO 4217 currency code that can be settled")
    return places


@dataclass(frozen=True, slots=True)
class Money:
    """A settled amount: `minor` units (an int, may be negative) of `currency` (ISO 4217).

    Raises `TypeError` for a `minor` that is not an int (a bool or a float is not), `UnknownCurrency`, and
    `AmountTooLarge`. Amounts of one currency add and subtract; there is no multiplication:
    what scales with use is an exact `Decimal` until `round_amount`, what is divided goes through `allocate`.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        exponent(self.currency)
        if not -MAX_MINOR <= self.minor <= MAX_MINOR:
            raise AmountTooLarge(f"{self.minor} minor units of {self.currency} exceed what can be settled")

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing, in `currency`: the start of a sum."""
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Self:
        """Return `amount` (major units: yuan, not fen) as money, exactly.

        Trailing zeros are no precision: 12.340 CNY is 12.34 CNY. Raises `ExcessPrecision` when a digit would
        be lost, `MoneyError` for NaN and infinity, `TypeError` for anything but a `Decimal`.
        """
        scaled = _scaled(amount, exponent(currency))
        minor = scaled.to_integral_value(context=_HALF_UP)
        if minor != scaled:
            raise ExcessPrecision(f"{amount} has more decimal places than {currency} ({exponent(currency)})")
        return cls(int(minor), currency)

    def decimal(self) -> Decimal:
        """Return the amount in major units, with the currency's full decimal places (1234 fen → 12.34)."""
        return Decimal(self.minor).scaleb(-CURRENCIES[self.currency], EXACT)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")
        return other


def round_amount(exact: Decimal, currency: str) -> Money:
    """Round an exact amount in major units to settled money: the only rounding in this service.

    Half up, that is to the nearest minor unit and a tie away from zero, so that a credit mirrors the charge
    it corrects to the fen. Called once per invoice line on the line's whole exact amount, never on a unit
    price or a part. Raises `UnknownCurrency`, `MoneyError` for NaN or infinity, `AmountTooLarge`.
    """
    return Money(int(_scaled(exact, exponent(currency)).to_integral_value(context=_HALF_UP)), currency)


def allocate(total: Money, shares: Sequence[Decimal | int]) -> list[Money]:
    """Split `total` in proportion to `shares`; the parts, in the order given, always sum to the whole.

    Largest remainder (Hamilton) method: each part gets the whole minor units due to it, the units left over
    go one each to the largest remainders, and of equal remainders to the one listed first. A zero share gets
    nothing. A negative total splits as the positive one with every sign turned, so that a refund reverses
    the split it belongs to. Raises `MoneyError` for no shares, a negative or non-finite share, or shares that
    sum to zero; `TypeError` for a float.
    """
    weights = _integer_weights(shares)
    whole = sum(weights)
    if whole == 0:
        raise MoneyError("shares sum to zero: nothing says who gets the money")
    amount = abs(total.minor)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(amount * weights[place] % whole))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    sign = -1 if total.minor < 0 else 1
    return [Money(sign * part, total.currency) for part in parts]


def _integer_weights(shares: Sequence[Decimal | int]) -> list[int]:
    """Scale shares to integers of the same proportion, so that the split needs no division that rounds."""
    ratios = []
    for place, share in enumerate(shares):
        if type(share) is not int and not isinstance(share, Decimal):
            raise TypeError(f"share {place} is a {type(share).__name__}; a share is a Decimal or an int")
        if isinstance(share, Decimal) and not share.is_finite():
            raise MoneyError(f"share {place} is {share}, not a number")
        if share < 0:
            raise MoneyError(f"share {place} is negative ({share})")
        ratios.append(share.as_integer_ratio())
    scale = lcm(*(denominator for _, denominator in ratios))
    return [numerator * (scale // denominator) for numerator, denominator in ratios]


def _scaled(amount: Decimal, places: int) -> Decimal:
    """Shift an amount in major units to minor units, keeping every digit."""
    if not isinstance(amount, Decimal):
        raise TypeError(f"an amount is a Decimal, not {type(amount).__name__}")
    if not amount.is_finite():
        raise MoneyError(f"{amount} is not an amount")
    return amount.scaleb(places, EXACT)


AMOUNT = r"^-?[0-9]{1,19}(\.[0-9]{1,3})?$"
"""Form of an amount over HTTP, whatever its currency."""


class MoneyOut(Output):
    """Money over HTTP: `{"amount": "12.34", "currency": "CNY"}`, the amount a string in JSON and in OpenAPI.

    Build it with `MoneyOut.of(money)`; `money()` reads it back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Annotated[
        str,
        Field(
            pattern=AMOUNT,
            max_length=24,
            description="Exact decimal in major units, with the currency's own number of decimal places.",
            examples=["12.34"],
            json_schema_extra={"pattern": AMOUNT, "format": "decimal"},
        ),
    ]
    currency: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 alphabetic code.", examples=["CNY"])
    ]

    @classmethod
    def of(cls, money: Money) -> Self:
        """Render settled money."""
        return cls(amount=str(money.decimal()), currency=money.currency)

    def money(self) -> Money:
        """Return the settled money; raises `UnknownCurrency` or `ExcessPrecision`."""
        return Money.from_decimal(Decimal(self.amount), self.currency)
