"""Audit log, rulebook, stops, idempotency keys and the job queue."""

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables that every slice stands on."""
    ddl.install("infra/migrations/refuse_change.v1")
    ddl.grant("SELECT", "alembic_version")
    _rulebook()
    _audit()
    _stops()
    _idempotency()
    _jobs()


def _rulebook() -> None:
    op.create_table(
        "rulebook_parameters",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", JSONB(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_status", sa.String(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("key", "version", name="uq_rulebook_parameters_key_version"),
        sa.CheckConstraint(
            ddl.check_in("source_status", ["T", "S", "M", "house"]),
            name=op.f("ck_rulebook_parameters_source_status"),
        ),
    )
    ddl.append_only("rulebook_parameters")


def _audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_audit_entries_subject_id", "audit_entries", ["subject_id"])
    ddl.append_only("audit_entries")
    op.create_table(
        "audit_leaves",
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Uuid(), sa.ForeignKey("audit_entries.id"), nullable=False),
        sa.UniqueConstraint("entry_id", name="uq_audit_leaves_entry_id"),
    )
    ddl.append_only("audit_leaves")
    op.create_table(
        "audit_nodes",
        sa.Column("level", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
    )
    ddl.append_only("audit_nodes")
    op.create_table(
        "audit_heads",
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("signed", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.append_only("audit_heads")


def _stops() -> None:
    op.create_table(
        "stops",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("placed_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lift_reason", sa.String(), nullable=True),
    )
    op.create_index("ix_stops_active", "stops", ["subject_id"], postgresql_where=sa.text("lifted_at IS NULL"))
    ddl.mutable("stops")


def _idempotency() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("organisation_id", sa.Uuid(), primary_key=True),
        sa.Column("actor_id", sa.Uuid(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.append_only("idempotency_keys")


def _jobs() -> None:
    ddl.script(QueryBuilderEnvironment().build_install_query())
    ddl.install("infra/migrations/grant_job_tables.v1")
