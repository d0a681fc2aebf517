"""Price plans over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.identity.schemas import PartyName, PartyNames
from infra.messages import Message
from infra.schema import Input, Output, ShortText
from infra.unit_schemas import WHOLE_NUMBER
from pricing.models.metrics import used_metrics
from pricing.money import CURRENCIES
from pricing.plans.tables import PricePlanRow

# Prices are read and refused by the price models, whose messages say more than a pattern: here they are only
# text, and the pattern documents them.
PriceText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=42,
        description="Exact price in major units of the currency, not negative.",
        examples=["0.05"],
        json_schema_extra={"pattern": r"^[0-9]{1,10}(\.[0-9]{1,8})?$", "format": "decimal"},
    ),
]
CurrencyCode = Annotated[
    str,
    Field(
        min_length=1,
        max_length=10,
        description="ISO 4217 alphabetic code.",
        examples=["CNY"],
        json_schema_extra={"enum": sorted(CURRENCIES)},
    ),
]


UsedMetric = Annotated[
    str,
    Field(
        max_length=40,
        description="A metered unit.",
        examples=["calls"],
        json_schema_extra={"enum": list(used_metrics())},
    ),
]


class FlatCharge(Input):
    """One amount for each billing period (a calendar month) that has begun, in full and whatever the use."""

    model: Literal["flat"]
    amount: PriceText


class FreeCharge(Input):
    """Use of a metric is counted and shown, and costs nothing."""

    model: Literal["free"]
    metric: UsedMetric


class PerUnitCharge(Input):
    """Each unit of a metric costs the same, after a free allowance in each billing period."""

    model: Literal["per_unit"]
    metric: UsedMetric
    unit_price: PriceText
    allowance: Annotated[
        int,
        Field(ge=0, le=10**12, description="Units that are free in each billing period"),
        WHOLE_NUMBER,
    ] = 0


ChargeSchema = Annotated[FlatCharge | FreeCharge | PerUnitCharge, Field(discriminator="model")]


class PricePlanCreate(Input):
    """A new price plan, or a new version of one. A name in at least one of the two languages."""

    name_zh: ShortText | None = None
    name_en: ShortText | None = None
    currency: CurrencyCode
    charges: Annotated[
        list[ChargeSchema],
        Field(min_length=1, max_length=100, description="At most one charge on each metric."),
    ]
    supersedes: UUID | None = Field(None, description="The version that this one supersedes")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.name_zh is None and self.name_en is None:
            raise ValueError(Message("give the plan a name: name_zh, name_en or both"))
        return self


class PricePlanRead(Output):
    """One immutable price version."""

    id: UUID
    organisation_id: UUID = Field(description="The operator who asks this price")
    organisation_name: PartyName
    name_zh: str | None
    name_en: str | None
    currency: str
    charges: list[ChargeSchema]
    supersedes: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, row: PricePlanRow, names: PartyNames) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), organisation_name=names[row.organisation_id])
