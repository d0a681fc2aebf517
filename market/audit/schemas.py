"""What the audit log shows over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName
from infra.rulebook.schemas import RuleVersionRead
from infra.schema import Output


class AuditEntryRead(Output):
    """One decision."""

    id: UUID
    recorded_at: datetime
    actor_kind: str
    actor_id: UUID
    organisation_id: UUID
    organisation_name: PartyName | None = Field(description="None where the service itself acted.")
    action: str
    subject_kind: str
    subject_id: UUID
    subject_name: PartyName | None = Field(description="Only where the subject is an organisation.")
    detail: dict[str, Any]
    rules: list[RuleVersionRead] = Field(description="Keys and versions of the rules it was decided under")
    leaf: str = Field(description="Digest of the entry as a leaf of the tree, hexadecimal")


class AuditHeadRead(Output):
    """The newest signed head of the tree."""

    size: int
    root: str
    algorithm: str
    signed: str = Field(
        description="Compact JWS over size, root and time; its key is in /.well-known/jwks.json"
    )
    sealed_at: datetime
