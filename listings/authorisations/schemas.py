"""What goes in and out of authorisations over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from infra.identity.schemas import PartyName, PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Instant, Output, ShortText
from listings.authorisations.domain import (
    CONSIDERATION_LABELS,
    SCENARIO_LABELS,
    SHARE_TOTAL,
    Consideration,
    Scenario,
    Shares,
)
from listings.authorisations.states import AuthorisationStatus
from listings.authorisations.tables import Authorisation
from listings.resources.schemas import LabelRead
from pricing.regulated.purposes import PurposeClass

RegionCode = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{5}$"),
    Field(
        description="Division code (GB/T 2260): 100000 the whole country, XX0000 a province, XXYY00 a prefecture"
    ),
]
Share = Annotated[int, Field(ge=0, le=SHARE_TOTAL, description="Basis points of revenue: 2500 is 25 %")]


class SharesInput(Input):
    """How revenue is split: three shares in basis points that sum to 10000."""

    owner: Share
    operator: Share
    platform: Share

    def domain(self) -> Shares:
        """The shares as the rules see them."""
        return Shares(self.owner, self.operator, self.platform)


class AuthorisationCreate(Input):
    """An authorisation to offer to an operator."""

    operator_id: UUID = Field(description="A verified operator")
    resource_ids: list[UUID] = Field(
        min_length=1, max_length=100, description="Resources of your organisation"
    )
    columns: list[ShortText] | None = Field(
        None, min_length=1, max_length=2000, description="Columns that may be offered; null: all"
    )
    scenarios: list[Scenario] = Field(
        min_length=1,
        max_length=20,
        description="Fields of use; 'all' alone for the whole-domain mode (整体授权)",
    )
    regions: list[RegionCode] = Field(["100000"], min_length=1, max_length=100)
    purposes: list[PurposeClass] = Field(min_length=1, max_length=10)
    valid_from: Instant
    valid_until: Instant = Field(description="First instant it is no longer in force; five years at most")
    exclusive: bool = Field(description="Whether nobody else may be authorised for the same scope and term")
    consideration: Consideration
    shares: SharesInput


class SharesRead(Output):
    """How revenue is split, in basis points."""

    owner: int
    operator: int
    platform: int


class ScenarioRead(Output):
    """A scenario with its labels."""

    code: Scenario
    label: LabelRead


class AuthorisationRead(Output):
    """An authorisation."""

    id: UUID
    owner_id: UUID
    owner_name: PartyName | None
    operator_id: UUID
    operator_name: PartyName | None
    status: AuthorisationStatus
    stopped: list[str] = Field(description="Reasons of the stops now active on the authorisation itself")
    resource_ids: list[UUID]
    columns: list[str] | None
    scenarios: list[ScenarioRead]
    regions: list[str]
    purposes: list[PurposeClass]
    valid_from: datetime
    valid_until: datetime
    exclusive: bool
    consideration: Consideration
    consideration_label: LabelRead
    shares: SharesRead
    granted_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    rules: list[RuleVersionRead] = Field(
        description="Rulebook versions that it was offered under; once accepted, those of the acceptance"
    )

    @classmethod
    def of(
        cls, row: Authorisation, resource_ids: Sequence[UUID], names: PartyNames, stopped: Sequence[str]
    ) -> "AuthorisationRead":
        """Map a row and the resources it covers.

        :param names: of its parties.
        :param stopped: why it is stopped.
        """
        kept = {"id", "owner_id", "operator_id", "status", "columns", "regions", "purposes", "valid_from"}
        kept |= {
            "valid_until",
            "exclusive",
            "consideration",
            "granted_at",
            "accepted_at",
            "ended_at",
            "reason",
            "rules",
        }
        return cls(
            **row.model_dump(include=kept),
            stopped=list(stopped),
            owner_name=names.get(row.owner_id),
            operator_name=names.get(row.operator_id),
            resource_ids=list(resource_ids),
            scenarios=[
                ScenarioRead(
                    code=Scenario(code), label=LabelRead.model_validate(SCENARIO_LABELS[Scenario(code)])
                )
                for code in row.scenarios
            ],
            consideration_label=LabelRead.model_validate(CONSIDERATION_LABELS[row.consideration]),
            shares=SharesRead(
                owner=row.owner_share, operator=row.operator_share, platform=row.platform_share
            ),
        )
