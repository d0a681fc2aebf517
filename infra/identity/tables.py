"""Tables of identity. Tokens and secrets are kept as digests only, evidence numbers encrypted."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from infra.auth import OrganisationKind
from infra.db import Table, enum_column, id_column, timestamp_column
from infra.identity.domain import EvidenceKind
from infra.identity.states import InvitationDelivery
from infra.organisation_status import OrganisationStatus
from infra.secrets import EncryptedText


def _roles_column() -> Any:
    return Field(sa_type=sa.ARRAY(sa.String()), nullable=False)


class Organisation(Table, table=True):
    """A party of the market. Suspended while its status says so; verified at ``verified_at`` or not yet."""

    __tablename__ = "organisations"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.UniqueConstraint("credit_code"),
        sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name="has_a_name"),
        sa.Column(
            "search_grams",
            ARRAY(sa.Text()),
            sa.Computed("search_grams(name_zh::text) || search_grams(name_en::text)", persisted=True),
            nullable=False,
        ),
        sa.Index("ix_organisations_search_grams", "search_grams", postgresql_using="gin"),
    )
    # Only searches read it, so that it is not loaded with every organisation.
    __mapper_args__ = {"exclude_properties": ["search_grams"]}

    id: UUID = id_column()
    kind: OrganisationKind = enum_column(OrganisationKind)
    name_zh: str | None = None
    name_en: str | None = None
    credit_code: str | None = None
    status: OrganisationStatus = enum_column(OrganisationStatus)
    status_reason: str | None = None
    registered_by: UUID
    registered_at: datetime = timestamp_column()
    verified_by: UUID | None = None
    verified_at: datetime | None = timestamp_column(nullable=True)


class Person(Table, table=True):
    """An account of a person who can sign in; ``email`` is kept in lower case.

    Nobody owns an address here: every acceptance of an invitation makes an account, and an address may have several,
    each with a password of its own. So an account in one organisation keeps nobody from joining another.
    ``email_proved_at`` is when a token that was mailed to the address came back; without it the address rests on the
    word of the officer who handed the token over.
    """

    __tablename__ = "people"
    __table_args__ = (sa.CheckConstraint("email = lower(email)", name="email_lower_case"),)

    id: UUID = id_column()
    email: str = Field(index=True)
    name: str
    password_hash: str
    created_at: datetime = timestamp_column()
    password_changed_at: datetime = timestamp_column()
    email_proved_at: datetime | None = timestamp_column(nullable=True)


class Membership(Table, table=True):
    """A person's place in an organisation, with the roles held there."""

    __tablename__ = "memberships"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "organisation_id"),
        sa.CheckConstraint("cardinality(roles) > 0", name="has_a_role"),
    )

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="people.id")
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    roles: list[str] = _roles_column()
    created_at: datetime = timestamp_column()


class Invitation(Table, table=True):
    """An open door for one e-mail address; closes when used, revoked or expired.

    ``invited_by_organisation`` is the platform's where it invites a first administrator, and the nil UUID where a
    recovery does. ``handed_over_by`` took the token to bring it to the person; whoever did answers for the address.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        sa.UniqueConstraint("token_digest"),
        sa.CheckConstraint("email = lower(email)", name="email_lower_case"),
        sa.CheckConstraint("cardinality(roles) > 0", name="has_a_role"),
    )

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    email: str
    roles: list[str] = _roles_column()
    token_digest: bytes | None = None
    delivery: InvitationDelivery = enum_column(InvitationDelivery)
    delivered_at: datetime | None = timestamp_column(nullable=True)
    handed_over_by: UUID | None = None
    handed_over_by_organisation: UUID | None = None
    invited_by: UUID
    invited_by_organisation: UUID
    created_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column()
    accepted_at: datetime | None = timestamp_column(nullable=True)
    accepted_by: UUID | None = Field(default=None, foreign_key="people.id")
    revoked_at: datetime | None = timestamp_column(nullable=True)


class SignInSession(Table, table=True):
    """One signed-in browser or script of a person; goes with the membership it stands on.

    One that ``awaits_code`` was opened by the password alone, and does nothing but take the second factor's code.
    """

    __tablename__ = "sessions"
    __table_args__ = (sa.UniqueConstraint("token_digest"),)

    id: UUID = id_column()
    token_digest: bytes
    membership_id: UUID = Field(foreign_key="memberships.id", ondelete="CASCADE", index=True)
    created_at: datetime = timestamp_column()
    last_used_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column(index=True)
    awaits_code: bool = False


class TotpFactor(Table, table=True):
    """A person's authenticator app: the secret it computes codes from (RFC 6238), encrypted.

    Confirmed by a first code, it is asked for at every sign-in. ``last_step`` is the time step of the newest code that
    was taken: no code of it, nor of one before, is taken again.
    """

    __tablename__ = "totp_factors"
    __table_args__: ClassVar[tuple[sa.schema.SchemaItem, ...]] = (
        sa.Index(
            "uq_totp_factors_confirmed",
            "person_id",
            unique=True,
            postgresql_where=sa.text("confirmed_at IS NOT NULL"),
        ),
        sa.Index(
            "uq_totp_factors_unconfirmed",
            "person_id",
            unique=True,
            postgresql_where=sa.text("confirmed_at IS NULL"),
        ),
    )

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="people.id")
    secret: str = Field(sa_type=EncryptedText("totp_factors.secret"))
    created_at: datetime = timestamp_column()
    confirmed_at: datetime | None = timestamp_column(nullable=True)
    last_step: int | None = Field(default=None, sa_type=sa.BigInteger)


class RecoveryCode(Table, table=True):
    """A code that stands in for a lost authenticator, once: SHA-256 of 80 random bits."""

    __tablename__ = "recovery_codes"

    id: UUID = id_column()
    person_id: UUID = Field(foreign_key="people.id", index=True)
    code_digest: bytes
    used_at: datetime | None = timestamp_column(nullable=True)


class PasswordReset(Table, table=True):
    """A one-time link for a new password of one account: the newest one, of which only a digest is kept.

    Its row goes when it is used, when the person signs in, and when the password changes in another way.
    """

    __tablename__ = "password_resets"
    __table_args__ = (sa.UniqueConstraint("token_digest"),)

    person_id: UUID = Field(primary_key=True, foreign_key="people.id")
    token_digest: bytes
    created_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column(index=True)
    mailed: bool


class RefusedSignIns(Table, table=True):
    """Refused passwords of one account, or of all addresses that nobody has, since the audit log last told of them."""

    __tablename__ = "refused_sign_ins"

    person_id: UUID = Field(primary_key=True)
    count: int
    since: datetime = timestamp_column()
    last_at: datetime = timestamp_column()


class SignInAttempts(Table, table=True):
    """Wrong passwords in a row for one address, known or not, from one source or known device.

    ``subject`` is the SHA-256 of the two.
    """

    __tablename__ = "sign_in_attempts"

    subject: bytes = Field(primary_key=True)
    failures: int
    last_at: datetime = timestamp_column(index=True)
    locked_until: datetime | None = timestamp_column(nullable=True)


class AttemptBudget(Table, table=True):
    """What a source, or an account, has left of the attempts that :mod:`infra.identity.attempts` allows.

    ``spent_until`` is when the budget would be full again; a budget that is full needs no row.
    """

    __tablename__ = "attempt_budgets"

    subject: bytes = Field(primary_key=True)
    spent_until: datetime = timestamp_column(index=True)


class Client(Table, table=True):
    """A program of an organisation; its id is its OAuth ``client_id``."""

    __tablename__ = "clients"
    __table_args__ = (sa.CheckConstraint("cardinality(roles) > 0", name="has_a_role"),)

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    name: str
    roles: list[str] = _roles_column()
    created_by: UUID
    created_at: datetime = timestamp_column()
    disabled_at: datetime | None = timestamp_column(nullable=True)


class ClientSecret(Table, table=True):
    """A program's secret: SHA-256 of 256 random bits. Two are good at once only while one replaces the other."""

    __tablename__ = "client_secrets"
    __table_args__ = (sa.UniqueConstraint("secret_digest"),)

    id: UUID = id_column()
    client_id: UUID = Field(foreign_key="clients.id", index=True)
    secret_digest: bytes
    created_at: datetime = timestamp_column()
    expires_at: datetime | None = timestamp_column(nullable=True)


class RevokedToken(Table, table=True):
    """An access token that ends before its time; forgotten once it would have ended anyway."""

    __tablename__ = "revoked_tokens"

    token_id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="clients.id")
    revoked_at: datetime = timestamp_column()
    expires_at: datetime = timestamp_column(index=True)


class IdentityEvidence(Table, table=True):
    """A document that shows who an organisation is: its number (encrypted) and the digest of its copy.

    A finding about the organisation settles what is on file: verified, or rejected and of no use to a later one.
    """

    __tablename__ = "identity_evidence"

    id: UUID = id_column()
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    kind: EvidenceKind = enum_column(EvidenceKind)
    number: str = Field(sa_type=EncryptedText("identity_evidence.number"))
    document_sha256: str
    submitted_by: UUID
    submitted_at: datetime = timestamp_column()
    verified_by: UUID | None = None
    verified_at: datetime | None = timestamp_column(nullable=True)
    rejected_by: UUID | None = None
    rejected_at: datetime | None = timestamp_column(nullable=True)
