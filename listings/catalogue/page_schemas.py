"""What the page of a product shows besides the product itself: by whose leave, and what its data is like."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.labels import Label
from infra.schema import DecimalText, Output
from listings.catalogue.facts import AuthorisationChain, QualityPoint
from listings.resources.schemas import LabelRead
from listings.rights.domain import RIGHT_LABELS, RightBasis, RightKind


class FrequentValueRead(Output):
    """A value that one row in a hundred has at least."""

    value: str
    count: int = Field(description="Of the rows that were looked at")


class ColumnProfileRead(Output):
    """What the values of a column are like; of a personal column nothing but how many are missing."""

    name: str
    nulls: int = Field(description="Rows in which the value is missing")
    distinct: int | None = Field(description="Different values; null of a masked column")
    minimum: str | None = Field(description="Smallest value of a number or a date, as text")
    maximum: str | None
    quantiles: list[str] = Field(
        description="Of a number or a date the smallest value, those at every twentieth and the largest, as text"
    )
    histogram: list[int] = Field(description="Values in each of twenty equal parts between these two")
    top_values: list[FrequentValueRead] = Field(
        description="The most frequent values; none of a masked column"
    )
    masked: bool = Field(description="Whether values are withheld, as in the sample")

    @classmethod
    def of(cls, profile: Iterable[Mapping[str, Any]], masked: Collection[str]) -> "list[ColumnProfileRead]":
        """Map the profile of a revision's columns, as far as it may be shown.

        :param masked: columns whose values the sample does not show either.
        """
        return [cls._column(column, column["name"] in masked) for column in profile]

    @classmethod
    def _column(cls, column: Mapping[str, Any], masked: bool) -> "ColumnProfileRead":
        return cls(
            name=column["name"],
            nulls=column["nulls"],
            distinct=None if masked else column["distinct"],
            minimum=None if masked else column.get("minimum"),
            maximum=None if masked else column.get("maximum"),
            quantiles=[] if masked else list(column.get("quantiles", ())),
            histogram=[] if masked else list(column.get("histogram", ())),
            top_values=[]
            if masked
            else [FrequentValueRead.model_validate(value) for value in column.get("top_values", ())],
            masked=masked,
        )


class QualityPointRead(Output):
    """The quality of one revision."""

    revision_id: UUID
    number: int
    uploaded_at: datetime
    measured_at: datetime
    grade: str
    score: DecimalText = Field(description="0 to 1")

    @classmethod
    def of(cls, points: Sequence[QualityPoint]) -> "list[QualityPointRead]":
        """Map points."""
        return [cls.model_validate(point) for point in points]


class ChainParty(Output):
    """An organisation of the chain."""

    organisation_id: UUID
    name: PartyName | None


class ChainRight(Output):
    """The right that the source agency has in the data."""

    kind: RightKind
    kind_label: LabelRead
    basis: RightBasis
    legal_basis: str
    valid_until: datetime | None = Field(description="Null without end")


class AuthorisationChainRead(Output):
    """By whose leave the product is on the market: which agency, which body, which operator, until when.

    Organisations are named, persons are not.
    """

    source_agency: ChainParty = Field(description="The agency whose data it is")
    right: ChainRight
    authorising_body: ChainParty | None = Field(
        description="Null of an authorisation from before there were any"
    )
    operator: ChainParty
    valid_from: datetime
    valid_until: datetime

    @classmethod
    def of(cls, chain: AuthorisationChain, names: PartyNames) -> "AuthorisationChainRead":
        """Map a chain.

        :param names: of its organisations.
        """

        def party(organisation_id: UUID) -> ChainParty:
            return ChainParty(organisation_id=organisation_id, name=names.get(organisation_id))

        label = RIGHT_LABELS[chain.right_kind]
        return cls(
            source_agency=party(chain.owner_id),
            right=ChainRight(
                kind=chain.right_kind,
                kind_label=LabelRead(zh=label.zh_2025, en=label.en),
                basis=chain.right_basis,
                legal_basis=chain.legal_basis,
                valid_until=chain.right_valid_until,
            ),
            authorising_body=party(chain.authorising_body_id) if chain.authorising_body_id else None,
            operator=party(chain.operator_id),
            valid_from=chain.valid_from,
            valid_until=chain.valid_until,
        )


def sentences(told: Sequence[Label]) -> list[LabelRead]:
    """Map sentences."""
    return [LabelRead(zh=one.zh, en=one.en) for one in told]
