"""Source agencies consent, an authorising body grants, the operator accepts; resources may have several owners.

What owner and operator signed stays in force and says that two sides did: nobody is made up who would have granted it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.migrations import ddl

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_TABLE = "authorisations"
_STATUSES = ["offered", "consented", "granted", "active", "declined", "lapsed", "revoked"]
_EDGES = [
    ">offered",
    *("offered>consented", "consented>granted", "granted>active", "active>revoked"),
    *(f"{status}>{end}" for status in _STATUSES[:3] for end in ("declined", "lapsed", "revoked")),
]


def upgrade() -> None:
    """What waited for its operator goes on waiting for it."""
    _new_columns()
    _resources()
    _signatures()
    _statuses()
    ddl.install("listings/authorisations/authorisations_triggers.v2")
    ddl.parameter(
        "authorisation.offer_days",
        90,
        source="How long a proposed authorisation may wait for its signatures: decided by the market",
        source_status="house",
    )
    ddl.rule_kind("authorisation.offer_days", "integer", "授权签署期限", "Days to sign an authorisation",
                  minimum="1", maximum="3650", unit="days")  # fmt: skip


def _new_columns() -> None:
    op.alter_column(_TABLE, "owner_id", nullable=True)
    op.alter_column(_TABLE, "granted_at", new_column_name="offered_at")
    op.alter_column(_TABLE, "granted_by", new_column_name="offered_by")
    op.add_column(_TABLE, sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column(_TABLE, sa.Column("procedure", sa.String(40), nullable=False, server_default="two_party"))
    op.add_column(
        _TABLE,
        sa.Column(
            "authorising_body_id",
            sa.Uuid(),
            sa.ForeignKey("organisations.id", name="fk_authorisations_authorising_body_id_organisations"),
            nullable=True,
        ),
    )
    op.create_index("ix_authorisations_authorising_body_id", _TABLE, ["authorising_body_id"])
    op.add_column(_TABLE, sa.Column("mode", sa.String(40), nullable=False, server_default="by_scenario"))
    op.add_column(_TABLE, sa.Column("domains", ARRAY(sa.String()), nullable=True))
    op.add_column(_TABLE, sa.Column("offered_by_organisation", sa.Uuid(), nullable=True))
    op.add_column(_TABLE, sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_authorisations_procedure"), _TABLE, ddl.check_in("procedure", ["three_party", "two_party"])
    )
    op.create_check_constraint(
        op.f("ck_authorisations_mode"),
        _TABLE,
        ddl.check_in("mode", ["by_field", "by_scenario", "whole_domain"]),
    )
    op.create_check_constraint(
        op.f("ck_authorisations_authorising_body"),
        _TABLE,
        "(procedure = 'three_party') = (authorising_body_id IS NOT NULL)",
    )


def _resources() -> None:
    table = "authorisation_resources"
    op.add_column(table, sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column(
        table,
        sa.Column(
            "owner_id",
            sa.Uuid(),
            sa.ForeignKey("organisations.id", name="fk_authorisation_resources_owner_id_organisations"),
            nullable=True,
        ),
    )
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
    op.execute(
        f"UPDATE {table} r SET owner_id = a.owner_id FROM authorisations a WHERE a.id = r.authorisation_id"
    )
    op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
    op.alter_column(table, "owner_id", nullable=False)
    op.alter_column(table, "version", server_default=None)
    op.drop_constraint(f"pk_{table}", table)
    op.create_primary_key(f"pk_{table}", table, ["authorisation_id", "version", "resource_id"])
    op.create_index(f"ix_{table}_owner_id", table, ["owner_id"])


def _signatures() -> None:
    table = "authorisation_signatures"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("authorisation_id", sa.Uuid(), sa.ForeignKey("authorisations.id"), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), nullable=True),
        sa.Column("side", sa.String(40), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("legal_basis", sa.String(), nullable=True),
        sa.Column("document_sha256", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("side", ["source_agency", "authorising_body", "operator"]),
            name=op.f(f"ck_{table}_authorisation_side"),
        ),
        sa.CheckConstraint(
            ddl.check_in("decision", ["declined", "signed"]), name=op.f(f"ck_{table}_signature_decision")
        ),
    )
    op.create_index(f"ix_{table}_authorisation_id", table, ["authorisation_id"])
    op.create_index(
        f"uq_{table}_once",
        table,
        ["authorisation_id", sa.text("coalesce(amendment_id, authorisation_id)"), "organisation_id"],
        unique=True,
        postgresql_where=sa.text("decision = 'signed'"),
    )
    op.execute(
        f"INSERT INTO {table} (id, authorisation_id, side, organisation_id, decision, signed_by, signed_at, rules)"
        " SELECT gen_random_uuid(), id, 'source_agency', owner_id, 'signed', offered_by, offered_at,"
        "        CASE WHEN accepted_at IS NULL THEN rules ELSE '[]' END FROM authorisations"
        " UNION ALL"
        " SELECT gen_random_uuid(), id, 'operator', operator_id, 'signed', accepted_by, accepted_at, rules"
        "   FROM authorisations WHERE accepted_at IS NOT NULL AND accepted_by IS NOT NULL"
    )
    ddl.append_only(table)


def _statuses() -> None:
    # Nothing of what the triggers look at is changed for good or ill: the rows were right before.
    op.execute(f"ALTER TABLE {_TABLE} DISABLE TRIGGER USER")
    op.drop_constraint(op.f("ck_authorisations_authorisation_status"), _TABLE)
    op.execute(
        f"UPDATE {_TABLE} SET offered_by_organisation = owner_id,"
        " status = CASE status WHEN 'offered' THEN 'granted' ELSE status END,"
        " mode = CASE WHEN 'all' = ANY (scenarios) THEN 'whole_domain' ELSE 'by_scenario' END"
    )
    op.execute(f"ALTER TABLE {_TABLE} ENABLE TRIGGER USER")
    op.create_check_constraint(
        op.f("ck_authorisations_authorisation_status"), _TABLE, ddl.check_in("status", _STATUSES)
    )
    op.alter_column(_TABLE, "offered_by_organisation", nullable=False)
    for column in ("version", "procedure", "mode"):
        op.alter_column(_TABLE, column, server_default=None)
    ddl.status_edges(_TABLE, _EDGES)
