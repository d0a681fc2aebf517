"""Authorisations are amended by every side; the text of each version is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_VERSIONS = sa.table(
    "authorisation_versions",
    sa.column("authorisation_id", sa.Uuid()),
    sa.column("number", sa.Integer()),
    sa.column("text", JSONB()),
    sa.column("made_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """What is there is kept as its first version."""
    table = "authorisation_versions"
    op.create_table(
        table,
        sa.Column("authorisation_id", sa.Uuid(), sa.ForeignKey("authorisations.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("text", JSONB(), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    _first_versions()
    ddl.append_only(table)
    table = "authorisation_amendments"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("authorisation_id", sa.Uuid(), sa.ForeignKey("authorisations.id"), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("text", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sources", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("impact", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("status", ["proposed", "effective", "declined", "lapsed"]),
            name=op.f(f"ck_{table}_amendment_status"),
        ),
    )
    op.create_index(f"ix_{table}_authorisation_id", table, ["authorisation_id"])
    op.create_index(f"ix_{table}_sources", table, ["sources"], postgresql_using="gin")
    op.create_index(
        f"uq_{table}_open",
        table,
        ["authorisation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    ddl.grant("SELECT, INSERT, UPDATE (status, ended_at, end_reason)", table)
    ddl.status_edges(table, [">proposed", "proposed>effective", "proposed>declined", "proposed>lapsed"])
    ddl.install("contracts/amendments/amend_authorisation.v1")
    ddl.grant_function("amend_authorisation(uuid)")


def _first_versions() -> None:
    connection = op.get_bind()
    resources = (
        "SELECT resource_id, owner_id, right_id FROM authorisation_resources WHERE authorisation_id = :id"
    )
    for row in connection.execute(sa.text("SELECT * FROM authorisations")).mappings().all():
        covered = connection.execute(
            sa.text(f"{resources} ORDER BY resource_id"), {"id": row["id"]}
        ).mappings()
        text = {
            "authorisation_id": str(row["id"]),
            "version": row["version"],
            "authorising_body_id": str(row["authorising_body_id"]) if row["authorising_body_id"] else None,
            "operator_id": str(row["operator_id"]),
            "mode": row["mode"],
            "resources": [{name: str(value) for name, value in one.items()} for one in covered],
            **{name: row[name] for name in ("domains", "columns", "scenarios", "regions", "purposes")},
            "valid_from": row["valid_from"].isoformat(),
            "valid_until": row["valid_until"].isoformat(),
            "exclusive": row["exclusive"],
            "consideration": row["consideration"],
            "shares": {name: row[f"{name}_share"] for name in ("owner", "operator", "platform")},
        }
        connection.execute(
            sa.insert(_VERSIONS).values(
                authorisation_id=row["id"], number=row["version"], text=text, made_at=row["offered_at"]
            )
        )
