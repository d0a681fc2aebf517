"""What goes in and out of rights, their grants and their encumbrances over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Instant, LongText, Output, Reason, Sha256Hex
from listings.rights.domain import RIGHT_LABELS, EncumbranceKind, GrantForm, RightBasis, RightKind
from listings.rights.states import EncumbranceAction, EncumbranceOutcome, EncumbranceStatus, GrantStatus
from listings.rights.tables import ResourceRight, RightEncumbrance, RightGrant


class RightCreate(Input):
    """A right to record."""

    kind: RightKind = Field(description="HOLD 持有, USE 使用 (加工使用), OPERATE 经营 (产品经营)")
    basis: RightBasis = Field(description="How the right was acquired")
    legal_basis: LongText = Field(description="The law, decision or contract it rests on")
    evidence_sha256: Sha256Hex = Field(description="Digest of the document that shows it")
    evidence_description: LongText
    valid_from: Instant
    valid_until: Instant | None = Field(
        None, description="First instant it no longer holds; null: without end"
    )


class RightLabelsRead(Output):
    """The names of one right, in the text of 2022 (数据二十条), in those of 2025, and in English."""

    zh_2022: str
    zh_2025: str
    en: str


class RightRead(Output):
    """A recorded right."""

    id: UUID
    resource_id: UUID
    holder_id: UUID
    holder_name: PartyName | None
    stopped: list[str] = Field(description="Reasons of the stops now active on the right itself")
    parent_id: UUID | None = Field(
        description="The right that it was granted from; null for the source agency's own"
    )
    may_grant: bool = Field(description="Whether its holder may grant it on, also by authorising an operator")
    kind: RightKind
    labels: RightLabelsRead
    basis: RightBasis
    legal_basis: str
    evidence_sha256: str
    evidence_description: str
    valid_from: datetime
    valid_until: datetime | None
    recorded_at: datetime
    evidence_kept_until: datetime | None = Field(
        description="Until when the holder keeps the original; null where it was recorded before that was a rule"
    )
    rules: list[RuleVersionRead] = Field(description="Rulebook versions that it was recorded under")

    @classmethod
    def of(cls, row: ResourceRight, names: PartyNames, stopped: Sequence[str]) -> "RightRead":
        """Map a row.

        :param names: of its parties.
        :param stopped: why it is stopped.
        """
        return cls(
            **row.model_dump(exclude={"recorded_by", "grant_id"}),
            holder_name=names.get(row.holder_id),
            stopped=list(stopped),
            labels=RightLabelsRead.model_validate(RIGHT_LABELS[row.kind]),
        )


class _Granted(Input):
    """What a grant gives, and what it rests on."""

    kind: RightKind = Field(description="HOLD gives any of the three, USE and OPERATE only themselves")
    may_grant: bool = Field(description="Whether the grantee may grant it on (再授权)")
    legal_basis: LongText = Field(description="The law, decision or contract that the grant rests on")
    evidence_sha256: Sha256Hex = Field(description="Digest of the document that shows it")
    evidence_description: LongText
    valid_from: Instant
    valid_until: Instant | None = Field(
        None, description="First instant it no longer holds; null: without end"
    )


class GrantCreate(_Granted):
    """A grant, or a transfer, of your right to another organisation."""

    grantee_id: UUID = Field(description="A verified organisation")
    form: GrantForm = Field(
        GrantForm.GRANT, description="Of a grant you keep your right, by a transfer it passes over"
    )


class GrantRequestCreate(_Granted):
    """A grant that you ask a source agency for, whose data your resource is."""

    grantor_id: UUID = Field(description="The source agency, a verified organisation")


class SourceRight(Input):
    """The source agency's own right to hold, as it is to be put on record."""

    basis: RightBasis = RightBasis.STATUTORY_DUTY
    legal_basis: LongText
    evidence_sha256: Sha256Hex
    evidence_description: LongText


class GrantAcceptance(Input):
    """The acceptance of a proposed grant."""

    reason: Reason | None = Field(
        None, description="Why it is accepted, where the grant's legal basis does not say"
    )
    source: SourceRight | None = Field(
        None, description="Of a source agency whose own right to the resource is not on record yet"
    )


class RightGrantRead(Output):
    """A proposed grant, and what became of it."""

    id: UUID
    resource_id: UUID
    right_id: UUID | None = Field(description="The right that it is granted from, once that is known")
    form: GrantForm
    kind: RightKind
    grantor_id: UUID
    grantor_name: PartyName | None
    grantee_id: UUID
    grantee_name: PartyName | None
    may_grant: bool
    legal_basis: str
    evidence_sha256: str
    evidence_description: str
    valid_from: datetime
    valid_until: datetime | None
    status: GrantStatus
    proposed_by_organisation: UUID = Field(description="The other side decides")
    proposed_at: datetime
    decided_at: datetime | None
    decision_reason: str | None
    rules: list[RuleVersionRead]

    @classmethod
    def of(cls, row: RightGrant, names: PartyNames) -> "RightGrantRead":
        """Map a row.

        :param names: of its sides.
        """
        return cls(
            **row.model_dump(exclude={"proposed_by", "decided_by"}),
            grantor_name=names.get(row.grantor_id),
            grantee_name=names.get(row.grantee_id),
        )


class _Grounds(Input):
    """Why something weighs on a right."""

    grounds: Reason
    evidence_sha256: Sha256Hex = Field(description="Digest of the document that shows it")


class DisputeCreate(_Grounds):
    """A dispute about a right."""


class FreezeCreate(_Grounds):
    """An order that freezes a right, such as a court's; its reason is shown to everybody whose licence stops."""


class PledgeCreate(_Grounds):
    """A pledge of your right."""

    pledgee_id: UUID = Field(description="A verified organisation, which confirms the pledge")


class RulingCreate(Input):
    """A regulator's ruling."""

    decision: Literal[
        EncumbranceAction.ADMIT, EncumbranceAction.DISMISS, EncumbranceAction.UPHOLD, EncumbranceAction.LIFT
    ] = Field(
        description="Of a dispute `admission`, `dismissal`, or `upholding`, which ends the right for good; `lifting` of"
        " a freeze or a pledge"
    )
    reason: Reason
    use_continues: bool = Field(
        False,
        description="Of an admission: what rests on the right goes on, and only transfer and grants wait",
    )


class EncumbranceRead(Output):
    """What weighs, or weighed, on a right."""

    id: UUID
    right_id: UUID
    kind: EncumbranceKind
    status: EncumbranceStatus
    outcome: EncumbranceOutcome | None = Field(description="How it ended")
    organisation_id: UUID = Field(description="The claimant, the pledgee, or the regulator that ordered it")
    organisation_name: PartyName | None
    grounds: str
    evidence_sha256: str
    stops_use: bool = Field(
        description="Whether everything that rests on the right is stopped while it is in force"
    )
    lodged_at: datetime
    effective_at: datetime | None
    effective_reason: str | None
    ended_at: datetime | None
    end_reason: str | None
    rules: list[RuleVersionRead]

    @classmethod
    def of(cls, row: RightEncumbrance, names: PartyNames) -> "EncumbranceRead":
        """Map a row.

        :param names: of its organisations.
        """
        hidden = {"lodged_by", "effective_by", "ended_by"}
        return cls(**row.model_dump(exclude=hidden), organisation_name=names.get(row.organisation_id))


class OpenEncumbranceRead(Output):
    """What weighs on a right, as everybody who can access the resource sees it."""

    id: UUID
    kind: EncumbranceKind
    status: EncumbranceStatus
    stops_use: bool
    since: datetime


class TitleLinkRead(Output):
    """One right of a chain of title, with what weighs on it."""

    right: RightRead
    encumbrances: list[OpenEncumbranceRead]


class TitleChainRead(Output):
    """A right and those above it, up to the source agency's."""

    resource_id: UUID
    links: list[TitleLinkRead] = Field(description="From the right asked for up to the source agency's")
    source_agency: PartyName | None = Field(description="Who holds the topmost right")
    stopped: bool = Field(description="Whether a stop on any of them stops what rests on the right")
    grantable: bool = Field(
        description="Whether nothing keeps the right from being granted on or transferred now"
    )

    @classmethod
    def of(
        cls,
        rows: Sequence[ResourceRight],
        weighing: Sequence[RightEncumbrance],
        names: PartyNames,
        stopped: Mapping[UUID, Sequence[str]],
    ) -> "TitleChainRead":
        """Map a chain.

        :param rows: from the right upwards.
        :param weighing: open encumbrances of any of them.
        :param stopped: why each of them is stopped.
        """
        held = any(stopped[row.id] for row in rows)
        return cls(
            resource_id=rows[0].resource_id,
            links=[
                TitleLinkRead(
                    right=RightRead.of(row, names, stopped[row.id]),
                    encumbrances=[
                        OpenEncumbranceRead(
                            id=one.id,
                            kind=one.kind,
                            status=one.status,
                            stops_use=one.stops_use,
                            since=one.effective_at or one.lodged_at,
                        )
                        for one in weighing
                        if one.right_id == row.id
                    ],
                )
                for row in rows
            ],
            source_agency=names.get(rows[-1].holder_id),
            stopped=held,
            grantable=rows[0].may_grant and not held and not any(one.effective_at for one in weighing),
        )
