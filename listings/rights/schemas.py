"""What goes in and out of rights over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Input, Instant, LongText, Output, Sha256Hex
from listings.rights.domain import RIGHT_LABELS, RightBasis, RightKind
from listings.rights.tables import ResourceRight


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
            **row.model_dump(exclude={"recorded_by"}),
            holder_name=names.get(row.holder_id),
            stopped=list(stopped),
            labels=RightLabelsRead.model_validate(RIGHT_LABELS[row.kind]),
        )
