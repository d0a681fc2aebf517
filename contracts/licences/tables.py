"""Tables of licences. Their counters are in `counters.py`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, timestamp_column
from infra.unit_columns import QuotaColumns


class Licence(QuotaColumns, Table, table=True):
    """One licence, issued when both sides have signed; append-only. What stops it are stops on its links.

    :ivar revision_id: the revision that it is pinned to; null for the latest.
    """

    __tablename__ = "licences"
    __table_args__ = (sa.UniqueConstraint("agreement_id"),)

    id: UUID = id_column()
    agreement_id: UUID = Field(foreign_key="agreements.id")
    agreement_digest: str
    product_id: UUID = Field(foreign_key="data_products.id", index=True)
    owner_id: UUID = Field(foreign_key="organisations.id", index=True)
    operator_id: UUID = Field(foreign_key="organisations.id", index=True)
    buyer_id: UUID = Field(foreign_key="organisations.id", index=True)
    columns: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    purposes: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    scenarios: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    regions: list[str] = Field(sa_type=sa.ARRAY(sa.String), nullable=False)
    valid_from: datetime = timestamp_column()
    valid_until: datetime = timestamp_column()
    issued_at: datetime = timestamp_column()
    revision_id: UUID | None = Field(None, foreign_key="product_revisions.id")


class TokenEndReason(StrEnum):
    """Why a licence token ended before its time."""

    CLIENT_DELETED = "client_deleted"
    MEMBER_REMOVED = "member_removed"
    ORGANISATION_NOT_VERIFIED = "organisation_not_verified"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 -- a reason
    REVOKED = "revoked"
    ROLE_REMOVED = "role_removed"
    SECRET_REVOKED = "secret_revoked"  # noqa: S105 -- a reason


class LicenceToken(Table, table=True):
    """A token that was issued for a licence, kept until it has run out. The id is its ``jti``.

    Ended once ``ended_at`` is set: by its owner, or by the database with what it was issued to (`end_licence_tokens`).

    :ivar issued_to: the person's or the program's id.
    :ivar membership_id: what a person's token stands on; null for a program's.
    """

    __tablename__ = "licence_tokens"
    __table_args__ = (
        sa.UniqueConstraint("id"),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_for_a_reason"),
    )

    licence_id: UUID = Field(foreign_key="licences.id", primary_key=True)
    id: UUID = Field(primary_key=True)
    issued_to: UUID = Field(index=True)
    membership_id: UUID | None = None
    organisation_id: UUID = Field(index=True)
    issued_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column(index=True)
    ended_at: datetime | None = timestamp_column(nullable=True)
    end_reason: TokenEndReason | None = enum_column(TokenEndReason, default=None, nullable=True)
