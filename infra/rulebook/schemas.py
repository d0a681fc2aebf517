"""What goes in and out of the rulebook over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from infra.identity.schemas import PartyName
from infra.rulebook.domain import RuleType, SourceStatus
from infra.rulebook.states import ProposalStatus
from infra.schema import Input, Instant, Output, Reason, StorableJson

KEY_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,4}$"
"""How parameters are named: the slice, then what it is."""

SOURCE_STATUS = "T full text read, S excerpt read, M recalled and unverified, house decision"


class RuleVersionRead(Output):
    """One version of one parameter that a decision was taken under."""

    key: str
    version: int


class RuleKindRead(Output):
    """What a parameter may hold."""

    type: RuleType
    minimum: str | None = Field(description="Least number, itself allowed")
    maximum: str | None = Field(description="Greatest number, itself allowed")
    choices: list[str] | None = Field(description="The values of a choice")
    unit: str | None
    title_zh: str
    title_en: str


class OfficerRead(Output):
    """A person who proposed or decided, and for which organisation."""

    id: UUID
    name: str | None
    organisation_id: UUID
    organisation_name: PartyName | None


class ParameterRead(Output):
    """One version of one parameter, with where it comes from, who proposed it and who approved it."""

    key: str
    version: int
    value: Any = Field(description="Any JSON value")
    kind: RuleKindRead
    effective_from: datetime
    source: str
    source_status: SourceStatus = Field(description=SOURCE_STATUS)
    proposed_by: OfficerRead | None = Field(description="Null for what came with a release")
    approved_by: OfficerRead | None = Field(description="Another person; null for what came with a release")
    recorded_at: datetime


class ParameterList(Output):
    """Parameters in force, or the history of one."""

    items: list[ParameterRead]


class ProposalCreate(Input):
    """A new version of an existing parameter, for another person to approve."""

    value: Annotated[StorableJson, WithJsonSchema({"description": "A value of the parameter's kind"})]
    effective_from: Instant | None = Field(None, description="Not in the past; null: from its approval on")
    source: Reason
    source_status: SourceStatus


class ProposalRead(Output):
    """A proposed version of a parameter."""

    id: UUID
    key: str
    value: Any = Field(description="Any JSON value")
    effective_from: datetime | None = Field(description="Null: from its approval on")
    source: str
    source_status: SourceStatus = Field(description=SOURCE_STATUS)
    status: ProposalStatus
    proposed_by: OfficerRead
    proposed_at: datetime
    decided_by: OfficerRead | None
    decided_at: datetime | None
    decision_reason: str | None
