"""What goes in and out of authorisations over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from infra.identity.schemas import PartyName, PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Instant, LongText, Output, Sha256Hex, ShortText
from listings.authorisations.domain import (
    CONSIDERATION_LABELS,
    MODE_LABELS,
    OFFERED,
    SCENARIO_LABELS,
    SHARE_TOTAL,
    AuthorisationSide,
    Consideration,
    Mode,
    Procedure,
    Scenario,
    Shares,
    SignatureDecision,
)
from listings.authorisations.states import AuthorisationStatus
from listings.authorisations.tables import Authorisation, AuthorisationResource, AuthorisationSignature
from listings.authorisations.texts import text_digest, text_of
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
    """An authorisation to propose; whoever does also says on what ground."""

    authorising_body_id: UUID = Field(
        description="The verified authorising body (授权主体) that grants it; one that proposes names itself"
    )
    operator_id: UUID = Field(description="A verified operator")
    resource_ids: list[UUID] = Field(
        min_length=1,
        max_length=100,
        description="Resources of your organisation; of any owner for an authorising body",
    )
    mode: Mode = Field(description="整体授权, 分领域授权, 依场景授权; must fit `scenarios` and `domains`")
    domains: list[ShortText] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="With by_field: the domains that the resources are registered under",
    )
    columns: list[ShortText] | None = Field(
        None, min_length=1, max_length=2000, description="Columns that may be offered; null: all"
    )
    scenarios: list[Scenario] = Field(
        min_length=1,
        max_length=20,
        description="Fields of use; 'all' alone covers every one",
    )
    regions: list[RegionCode] = Field(["100000"], min_length=1, max_length=100)
    purposes: list[PurposeClass] = Field(min_length=1, max_length=10)
    valid_from: Instant
    valid_until: Instant = Field(description="First instant it is no longer in force; five years at most")
    exclusive: bool = Field(description="Whether nobody else may be authorised for the same scope and term")
    consideration: Consideration = Field(
        description="What the owners receive for it; offered is what settlement carries out",
        json_schema_extra={"enum": [one.value for one in OFFERED]},
    )
    shares: SharesInput
    legal_basis: LongText = Field(description="The law, plan or decision that it is proposed on")
    document_sha256: Sha256Hex | None = Field(None, description="Digest of the document that shows it")
    reason: LongText | None = Field(None, description="Why, in your own words")


class AuthorisationChanges(Input):
    """What an amendment changes; what is left out stays as it is."""

    resource_ids: list[UUID] | None = Field(
        None, min_length=1, max_length=100, description="All resources it then covers"
    )
    domains: list[ShortText] | None = Field(
        None, min_length=1, max_length=50, description="With by_field: the domains of these resources"
    )
    columns: list[ShortText] | None = Field(
        None, min_length=1, max_length=2000, description="Columns that may be offered; sent as null: all"
    )
    scenarios: list[Scenario] | None = Field(None, min_length=1, max_length=20)
    regions: list[RegionCode] | None = Field(None, min_length=1, max_length=100)
    purposes: list[PurposeClass] | None = Field(None, min_length=1, max_length=10)
    valid_until: Instant | None = Field(None, description="First instant it is no longer in force")
    shares: SharesInput | None = Field(
        None, description="Of agreements to come; those that are signed keep theirs"
    )


class StepCreate(Input):
    """What a side signs with: consent, grant or acceptance."""

    legal_basis: LongText = Field(description="The law, plan, minutes or contract that the step rests on")
    document_sha256: Sha256Hex | None = Field(None, description="Digest of the document that shows it")
    reason: LongText | None = Field(None, description="Why, in your own words")


class SharesRead(Output):
    """How revenue is split, in basis points."""

    owner: int
    operator: int
    platform: int


class ScenarioRead(Output):
    """A scenario with its labels."""

    code: Scenario
    label: LabelRead


class AuthorisationSignatureRead(Output):
    """What one side decided, who did, when, on what ground and under which rules."""

    side: AuthorisationSide
    organisation_id: UUID
    organisation_name: PartyName | None
    decision: SignatureDecision
    signed_by: UUID = Field(description="The person or the program that signed")
    responsible_id: UUID | None = Field(
        description="The person who answers for it: who signed, or who made the program that did; null where the"
        " service itself made the program, and of what was signed before this was recorded"
    )
    signed_at: datetime
    digest: str | None = Field(
        description="SHA-256 of the text that was signed; null of what was signed before texts had one"
    )
    legal_basis: str | None
    document_sha256: str | None
    reason: str | None
    rules: list[RuleVersionRead]

    @classmethod
    def of(cls, row: AuthorisationSignature, names: PartyNames) -> Self:
        """Map a row."""
        return cls(**row.model_dump(), organisation_name=names.get(row.organisation_id))


class AuthorisedResource(Output):
    """A resource that is covered, and the source agency that it belongs to."""

    resource_id: UUID
    owner_id: UUID
    owner_name: PartyName | None
    right_id: UUID = Field(description="The right to hold it that the authorisation rests on")


class AuthorisationDecision(Output):
    """One decision about an authorisation, as the audit log has it."""

    recorded_at: datetime
    action: str
    actor_kind: str
    actor_id: UUID
    organisation_id: UUID
    detail: dict[str, Any]
    rules: list[RuleVersionRead]


class AuthorisationDecisions(Output):
    """The latest decisions about an authorisation, newest first."""

    items: list[AuthorisationDecision]


class AuthorisationRead(Output):
    """An authorisation."""

    id: UUID
    version: int = Field(description="Counts up with each amendment that took effect")
    digest: str = Field(description="SHA-256 of the text as it stands, which each side's signature names")
    procedure: Procedure = Field(
        description="two_party where owner and operator signed before authorising bodies took part"
    )
    owner_id: UUID | None = Field(description="The only source agency; null where there are several")
    owner_name: PartyName | None
    authorising_body_id: UUID | None = Field(description="Null where two sides signed")
    authorising_body_name: PartyName | None
    operator_id: UUID
    operator_name: PartyName | None
    status: AuthorisationStatus
    stopped: list[str] = Field(description="Reasons of the stops now active on the authorisation itself")
    mode: Mode
    mode_label: LabelRead
    domains: list[str] | None
    resource_ids: list[UUID]
    resources: list[AuthorisedResource]
    columns: list[str] | None
    scenarios: list[ScenarioRead]
    regions: list[str]
    purposes: list[PurposeClass]
    valid_from: datetime
    valid_until: datetime
    exclusive: bool
    consideration: str = Field(
        description="A code of the list `consideration`; authorisations of before may hold others"
    )
    consideration_label: LabelRead
    shares: SharesRead
    offered_at: datetime
    answer_by: datetime | None = Field(description="When it lapses unless every side has signed it by then")
    signatures: list[AuthorisationSignatureRead] = Field(description="Oldest first")
    waits_for: list[UUID] = Field(description="The organisations whose signature is the next step")
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    rules: list[RuleVersionRead] = Field(
        description="Rulebook versions that it was offered under; once accepted, those of the acceptance"
    )

    @classmethod
    def of(
        cls,
        row: Authorisation,
        covered: Sequence[AuthorisationResource],
        signatures: Sequence[AuthorisationSignature],
        names: PartyNames,
        stopped: Sequence[str],
    ) -> Self:
        """Map a row and the resources it covers.

        :param signatures: what its sides decided about it as it was offered.
        :param names: of its parties.
        :param stopped: why it is stopped.
        """
        return cls(
            **row.model_dump(exclude={"scenarios"}),
            digest=text_digest(text_of(row, covered)),
            stopped=list(stopped),
            owner_name=names.get(row.owner_id) if row.owner_id else None,
            authorising_body_name=names.get(row.authorising_body_id) if row.authorising_body_id else None,
            operator_name=names.get(row.operator_id),
            mode_label=LabelRead.model_validate(MODE_LABELS[row.mode]),
            resource_ids=[one.resource_id for one in covered],
            resources=[
                AuthorisedResource(**one.model_dump(), owner_name=names.get(one.owner_id)) for one in covered
            ],
            signatures=[AuthorisationSignatureRead.of(one, names) for one in signatures],
            waits_for=_waits_for(row, covered, signatures),
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


def _waits_for(
    row: Authorisation,
    covered: Sequence[AuthorisationResource],
    signatures: Sequence[AuthorisationSignature],
) -> list[UUID]:
    match row.status:
        case AuthorisationStatus.OFFERED:
            return sorted({one.owner_id for one in covered} - {one.organisation_id for one in signatures})
        case AuthorisationStatus.CONSENTED if row.authorising_body_id:
            return [row.authorising_body_id]
        case AuthorisationStatus.GRANTED:
            return [row.operator_id]
        case _:
            return []
