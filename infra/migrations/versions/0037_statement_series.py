"""Statements follow each other without overlaps or gaps, are corrected by later ones, and list an entry once only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add places, days, reviews and identities; what is there already keeps the order that it had."""
    _reviews()
    _statements()
    _entries()
    ddl.install("market/settlement/rails/bank/bank_triggers.v2")


def _reviews() -> None:
    table = "bank_statement_reviews"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("against_digest", sa.LargeBinary(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("found_by", sa.Uuid(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(ddl.check_in("kind", ["correction", "gap"]), name=op.f(f"ck_{table}_review_kind")),
        sa.UniqueConstraint(
            "kind", "digest", "against_digest", name=f"uq_{table}_kind_digest_against_digest"
        ),
    )
    approvals = "bank_statement_approvals"
    op.create_table(
        approvals,
        sa.Column("review_id", sa.Uuid(), sa.ForeignKey(f"{table}.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("review_id", "approved_by", name=f"uq_{approvals}_review_id_approved_by"),
    )
    for name in (table, approvals):
        ddl.append_only(name)


def _statements() -> None:
    table = "bank_statements"
    for name, kind in (
        ("first_day", sa.Date()),
        ("last_day", sa.Date()),
        ("sequence", sa.BigInteger()),
        ("created_at", sa.DateTime(timezone=True)),
        ("place", sa.Numeric()),
    ):
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column(table, sa.Column("relisted_minor", sa.BigInteger(), server_default="0", nullable=False))
    for name in ("replaces_id", "review_id", "gap_before_id", "gap_after_id"):
        target = table if name == "replaces_id" else "bank_statement_reviews"
        op.add_column(table, sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id"), nullable=True))
    op.alter_column(table, "relisted_minor", server_default=None)
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    op.execute(
        f"UPDATE {table} s SET place = o.place, first_day = (covers_from AT TIME ZONE 'UTC')::date,"
        " last_day = (covers_to AT TIME ZONE 'UTC')::date"
        "  FROM (SELECT id, row_number() OVER (PARTITION BY account, currency"
        "                                      ORDER BY coalesce(covers_from, imported_at), id) AS place"
        f"         FROM {table}) o"
        " WHERE o.id = s.id"
    )
    op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.alter_column(table, "place", nullable=False)
    op.drop_constraint("uq_bank_statements_account_statement_id", table)
    op.create_unique_constraint("uq_bank_statements_replaces_id", table, ["replaces_id"])
    op.create_index(
        "uq_bank_statements_statement_id",
        table,
        ["account", "currency", "statement_id", "first_day"],
        unique=True,
        postgresql_where=sa.text("replaces_id IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def _entries() -> None:
    op.add_column("bank_entries", sa.Column("servicer_reference", sa.String(), nullable=True))
    op.add_column(
        "bank_entries", sa.Column("same_as_id", sa.Uuid(), sa.ForeignKey("bank_entries.id"), nullable=True)
    )
    for name in ("servicer_reference", "same_as_id"):
        op.create_index(f"ix_bank_entries_{name}", "bank_entries", [name])
