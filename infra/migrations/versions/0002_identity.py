"""Organisations, people, programs, their credentials, sessions and identity evidence."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_HOUSE = "House decision of the market: identity and access"


def upgrade() -> None:
    """Create the tables of identity."""
    _organisations()
    _people()
    _sessions()
    _clients()
    for table in ("organisations", "people", "invitations", "clients", "identity_evidence"):
        ddl.mutable(table)
    for table in ("memberships", "sessions", "sign_in_attempts", "client_secrets", "revoked_tokens"):
        ddl.mutable(table, delete=True)
    ddl.parameter("identity.invitation_days", 7, source=_HOUSE, source_status="house")


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("credit_code", sa.String(), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("status_reason", sa.String(), nullable=True),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("verified_at", _TIME, nullable=True),
        sa.UniqueConstraint("credit_code", name="uq_organisations_credit_code"),
        sa.CheckConstraint(
            "name_zh IS NOT NULL OR name_en IS NOT NULL", name=op.f("ck_organisations_has_a_name")
        ),
        sa.CheckConstraint(
            ddl.check_in("kind", ["buyer", "operator", "owner", "platform", "regulator"]),
            name=op.f("ck_organisations_organisation_kind"),
        ),
        sa.CheckConstraint(
            ddl.check_in("status", ["registered", "rejected", "suspended", "verified"]),
            name=op.f("ck_organisations_organisation_status"),
        ),
    )
    op.create_table(
        "identity_evidence",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _organisation("identity_evidence"),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", _TIME, nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("verified_at", _TIME, nullable=True),
        sa.CheckConstraint(
            ddl.check_in(
                "kind",
                [
                    "authorisation_letter",
                    "business_licence",
                    "foreign_registration",
                    "institution_certificate",
                    "social_credit_certificate",
                ],
            ),
            name=op.f("ck_identity_evidence_evidence_kind"),
        ),
    )
    op.create_index("ix_identity_evidence_organisation_id", "identity_evidence", ["organisation_id"])


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("password_changed_at", _TIME, nullable=False),
        sa.UniqueConstraint("email", name="uq_people_email"),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_people_email_lower_case")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "person_id",
            sa.Uuid(),
            sa.ForeignKey("people.id", name="fk_memberships_person_id_people"),
            nullable=False,
        ),
        _organisation("memberships"),
        _roles(),
        sa.Column("created_at", _TIME, nullable=False),
        sa.UniqueConstraint("person_id", "organisation_id", name="uq_memberships_person_id_organisation_id"),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_memberships_has_a_role")),
    )
    op.create_index("ix_memberships_organisation_id", "memberships", ["organisation_id"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _organisation("invitations"),
        sa.Column("email", sa.String(), nullable=False),
        _roles(),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("accepted_at", _TIME, nullable=True),
        sa.Column(
            "accepted_by",
            sa.Uuid(),
            sa.ForeignKey("people.id", name="fk_invitations_accepted_by_people"),
            nullable=True,
        ),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.UniqueConstraint("token_digest", name="uq_invitations_token_digest"),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_invitations_email_lower_case")),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_invitations_has_a_role")),
    )
    op.create_index("ix_invitations_organisation_id", "invitations", ["organisation_id"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "membership_id",
            sa.Uuid(),
            sa.ForeignKey("memberships.id", name="fk_sessions_membership_id_memberships", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_used_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.UniqueConstraint("token_digest", name="uq_sessions_token_digest"),
    )
    op.create_index("ix_sessions_membership_id", "sessions", ["membership_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("account", sa.LargeBinary(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("locked_until", _TIME, nullable=True),
    )
    op.create_index("ix_sign_in_attempts_last_at", "sign_in_attempts", ["last_at"])


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _organisation("clients"),
        sa.Column("name", sa.String(), nullable=False),
        _roles(),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("disabled_at", _TIME, nullable=True),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_clients_has_a_role")),
    )
    op.create_index("ix_clients_organisation_id", "clients", ["organisation_id"])
    op.create_table(
        "client_secrets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _client("client_secrets"),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.UniqueConstraint("secret_digest", name="uq_client_secrets_secret_digest"),
    )
    op.create_index("ix_client_secrets_client_id", "client_secrets", ["client_id"])
    op.create_table(
        "revoked_tokens",
        sa.Column("token_id", sa.Uuid(), primary_key=True),
        _client("revoked_tokens"),
        sa.Column("revoked_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
    )
    op.create_index("ix_revoked_tokens_expires_at", "revoked_tokens", ["expires_at"])


def _organisation(table: str) -> "sa.Column[object]":
    key = sa.ForeignKey("organisations.id", name=f"fk_{table}_organisation_id_organisations")
    return sa.Column("organisation_id", sa.Uuid(), key, nullable=False)


def _client(table: str) -> "sa.Column[object]":
    key = sa.ForeignKey("clients.id", name=f"fk_{table}_client_id_clients")
    return sa.Column("client_id", sa.Uuid(), key, nullable=False)


def _roles() -> "sa.Column[object]":
    return sa.Column("roles", sa.ARRAY(sa.String()), nullable=False)
