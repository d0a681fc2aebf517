"""Second factors, one-time links for a new password, and refused passwords told to the audit log together."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables; a session may wait for the code of the second factor."""
    op.add_column(
        "sessions", sa.Column("awaits_code", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("sessions", "awaits_code", server_default=None)
    _factors()
    _resets()
    op.create_table(
        "refused_sign_ins",
        sa.Column("person_id", sa.Uuid(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        _moment("since"),
        _moment("last_at"),
    )
    ddl.mutable("refused_sign_ins", delete=True)


def _factors() -> None:
    op.create_table(
        "totp_factors",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person("totp_factors"),
        sa.Column("secret", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("confirmed_at", nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
    )
    for name, condition in (("confirmed", "IS NOT NULL"), ("unconfirmed", "IS NULL")):
        op.create_index(
            f"uq_totp_factors_{name}",
            "totp_factors",
            ["person_id"],
            unique=True,
            postgresql_where=sa.text(f"confirmed_at {condition}"),
        )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person("recovery_codes"),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        _moment("used_at", nullable=True),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"])
    ddl.grant("SELECT, INSERT, DELETE", "totp_factors")
    ddl.grant("UPDATE (confirmed_at, last_step)", "totp_factors")
    ddl.grant("SELECT, INSERT, DELETE", "recovery_codes")
    ddl.grant("UPDATE (used_at)", "recovery_codes")


def _resets() -> None:
    op.create_table(
        "password_resets",
        sa.Column(
            "person_id",
            sa.Uuid(),
            sa.ForeignKey("people.id", name="fk_password_resets_person_id_people"),
            primary_key=True,
        ),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        sa.Column("mailed", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("token_digest", name=op.f("uq_password_resets_token_digest")),
    )
    op.create_index("ix_password_resets_expires_at", "password_resets", ["expires_at"])
    ddl.mutable("password_resets", delete=True)
    op.create_table(
        "second_factor_resets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "organisation_id",
            sa.Uuid(),
            sa.ForeignKey("organisations.id", name="fk_second_factor_resets_organisation_id_organisations"),
            nullable=False,
        ),
        _person("second_factor_resets"),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        _moment("requested_at"),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint(
            ddl.check_in("status", ["requested", "cancelled", "completed"]),
            name=op.f("ck_second_factor_resets_factor_reset_status"),
        ),
        sa.CheckConstraint("requested_by <> person_id", name=op.f("ck_second_factor_resets_another_person")),
    )
    op.create_index("ix_second_factor_resets_organisation_id", "second_factor_resets", ["organisation_id"])
    op.create_index(
        "uq_second_factor_resets_open",
        "second_factor_resets",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("status = 'requested'"),
    )
    ddl.grant("SELECT, INSERT", "second_factor_resets")
    ddl.grant("UPDATE (status, ended_by, ended_at)", "second_factor_resets")
    ddl.status_edges("second_factor_resets", (">requested", "requested>completed", "requested>cancelled"))


def _person(table: str) -> sa.Column[Any]:
    return sa.Column(
        "person_id",
        sa.Uuid(),
        sa.ForeignKey("people.id", name=f"fk_{table}_person_id_people"),
        nullable=False,
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
