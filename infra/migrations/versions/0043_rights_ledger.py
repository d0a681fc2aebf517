"""Rights are granted and transferred from one organisation to another, and disputed, pledged and frozen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_KINDS = ["HOLD", "USE", "OPERATE"]


def upgrade() -> None:
    """Add grants and encumbrances; what is on record is the source agencies' own, and may be granted on."""
    _grants()
    _encumbrances()
    table = "resource_rights"
    op.add_column(
        table, sa.Column("parent_id", sa.Uuid(), sa.ForeignKey("resource_rights.id"), nullable=True)
    )
    op.add_column(table, sa.Column("grant_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f(f"uq_{table}_grant_id"), table, ["grant_id"])
    op.add_column(table, sa.Column("may_grant", sa.Boolean(), server_default="true", nullable=False))
    op.alter_column(table, "may_grant", server_default=None)


def _code(
    table: str, column: str, name: str, values: list[str], *, nullable: bool = False
) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.String(40), nullable=nullable),
        sa.CheckConstraint(ddl.check_in(column, values), name=op.f(f"ck_{table}_{name}")),
    ]


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _grants() -> None:
    table = "right_grants"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("right_id", sa.Uuid(), sa.ForeignKey("resource_rights.id"), nullable=True),
        *_code(table, "form", "grant_form", ["grant", "transfer"]),
        *_code(table, "kind", "right_kind", _KINDS),
        sa.Column("grantor_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("grantee_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("may_grant", sa.Boolean(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("evidence_description", sa.String(), nullable=False),
        _time("valid_from"),
        _time("valid_until", nullable=True),
        *_code(table, "status", "grant_status", ["proposed", "accepted", "rejected", "withdrawn"]),
        sa.Column("proposed_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        _time("proposed_at"),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        _time("decided_at", nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
    )
    for column in ("resource_id", "grantor_id", "grantee_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])
    ddl.grant("SELECT, INSERT", table)
    ddl.grant("UPDATE (status, right_id, decided_by, decided_at, decision_reason)", table)
    ddl.status_edges(table, [">proposed", "proposed>accepted", "proposed>rejected", "proposed>withdrawn"])


def _encumbrances() -> None:
    table = "right_encumbrances"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("right_id", sa.Uuid(), sa.ForeignKey("resource_rights.id"), nullable=False),
        *_code(table, "kind", "encumbrance_kind", ["dispute", "pledge", "freeze"]),
        *_code(table, "status", "encumbrance_status", ["pending", "in_force", "ended"]),
        *_code(
            table,
            "outcome",
            "encumbrance_outcome",
            ["dismissed", "lifted", "released", "upheld", "withdrawn"],
            nullable=True,
        ),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("stops_use", sa.Boolean(), nullable=False),
        sa.Column("lodged_by", sa.Uuid(), nullable=False),
        _time("lodged_at"),
        sa.Column("effective_by", sa.Uuid(), nullable=True),
        _time("effective_at", nullable=True),
        sa.Column("effective_reason", sa.String(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        _time("ended_at", nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(
            "(status = 'ended') = (outcome IS NOT NULL)", name=op.f(f"ck_{table}_ended_somehow")
        ),
    )
    op.create_index(f"ix_{table}_organisation_id", table, ["organisation_id"])
    op.create_index(f"ix_{table}_open", table, ["right_id"], postgresql_where=sa.text("status <> 'ended'"))
    ddl.grant("SELECT, INSERT", table)
    ddl.grant(
        "UPDATE (status, outcome, stops_use, effective_by, effective_at, effective_reason, ended_by, ended_at,"
        " end_reason)",
        table,
    )
    ddl.status_edges(table, [">in_force", ">pending", "in_force>ended", "pending>ended", "pending>in_force"])
