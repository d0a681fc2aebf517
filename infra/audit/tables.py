"""Tables of the audit log, all append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, id_column, json_column, timestamp_column


class AuditEntry(Table, table=True):
    """One decision: who did what to which thing, under which rules. ``leaf`` is its digest in the tree."""

    __tablename__ = "audit_entries"

    id: UUID = id_column()
    recorded_at: datetime = timestamp_column()
    actor_kind: str
    actor_id: UUID
    organisation_id: UUID
    action: str
    subject_kind: str
    subject_id: UUID = Field(index=True)
    detail: dict[str, Any] = json_column()
    rules: list[dict[str, Any]] = json_column(default_factory=list)
    leaf: bytes


class AuditLeaf(Table, table=True):
    """The place of an entry in the tree."""

    __tablename__ = "audit_leaves"
    __table_args__ = (sa.UniqueConstraint("entry_id"),)

    position: int = Field(sa_type=sa.BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: UUID = Field(foreign_key="audit_entries.id")


class AuditNode(Table, table=True):
    """A complete subtree of the tree."""

    __tablename__ = "audit_nodes"

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=sa.BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: bytes


class AuditHead(Table, table=True):
    """A signed head: the root of the tree at one size."""

    __tablename__ = "audit_heads"

    size: int = Field(sa_type=sa.BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    root: bytes
    algorithm: str
    signed: str
    sealed_at: datetime = timestamp_column()
