"""Agreements, signatures, licences, their tokens, and reviews."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _agreements()
    _licences()
    op.create_table(
        "contract_reviews",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agreement_id", sa.Uuid(), sa.ForeignKey("agreements.id"), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("reviewed_at", MOMENT, nullable=False),
    )
    op.create_index("ix_contract_reviews_agreement_id", "contract_reviews", ["agreement_id"])
    ddl.append_only("contract_reviews")
    ddl.parameter(
        "licence.token_hours",
        24,
        source="House decision: a licence token lives for a day and is renewed by the buyer's program",
        source_status="house",
    )


def _agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("operator_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("finalized_at", MOMENT, nullable=True),
        sa.Column("terminated_at", MOMENT, nullable=True),
        sa.Column("termination_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("state", ["requested", "agreed", "finalized", "terminated"]),
            name=op.f("ck_agreements_agreement_state"),
        ),
    )
    for column in ("product_id", "owner_id", "operator_id", "buyer_id"):
        op.create_index(f"ix_agreements_{column}", "agreements", [column])
    ddl.mutable("agreements")
    # What was signed cannot be changed under the signatures.
    ddl.install("contracts/agreements/keep_agreement_terms.v1")
    ddl.install("contracts/agreements/agreements_triggers.v1")
    op.create_table(
        "agreement_signatures",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agreement_id", sa.Uuid(), sa.ForeignKey("agreements.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("witness", sa.String(), nullable=False),
        sa.Column("signed_at", MOMENT, nullable=False),
        sa.UniqueConstraint(
            "agreement_id", "organisation_id", name="uq_agreement_signatures_agreement_id_organisation_id"
        ),
    )
    ddl.append_only("agreement_signatures")


def _licences() -> None:
    op.create_table(
        "licences",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agreement_id", sa.Uuid(), sa.ForeignKey("agreements.id"), nullable=False),
        sa.Column("agreement_digest", sa.String(), nullable=False),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("operator_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("columns", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("purposes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_until", MOMENT, nullable=False),
        sa.Column("quota_calls", sa.BigInteger(), nullable=True),
        sa.Column("quota_rows", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.UniqueConstraint("agreement_id", name="uq_licences_agreement_id"),
    )
    for column in ("product_id", "owner_id", "operator_id", "buyer_id"):
        op.create_index(f"ix_licences_{column}", "licences", [column])
    ddl.append_only("licences")
    op.create_table(
        "licence_tokens",
        sa.Column("licence_id", sa.Uuid(), sa.ForeignKey("licences.id"), primary_key=True),
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("issued_to", sa.Uuid(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    ddl.append_only("licence_tokens")
