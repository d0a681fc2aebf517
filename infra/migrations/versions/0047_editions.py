"""A published product changes by editions, which are kept with their reviews."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_STATUSES = ["draft", "submitted", "in_force", "superseded", "refused", "withdrawn"]
_EDGES = [
    ">draft",
    "draft>submitted",
    "draft>withdrawn",
    "in_force>superseded",
    "submitted>draft",
    "submitted>in_force",
    "submitted>refused",
    "submitted>withdrawn",
]
_MEMBERS = (
    "title_zh",
    "title_en",
    "description_zh",
    "description_en",
    "themes",
    "update_frequency",
    "purposes",
    "delivery_classes",
    "dictionary",
)


def upgrade() -> None:
    """What is published is its first edition; what is submitted is the first that waits for review."""
    _tables()
    op.add_column("data_products", sa.Column("edition_id", sa.Uuid(), nullable=True))
    _first_editions()
    ddl.status_edges("product_editions", _EDGES)
    ddl.install("listings/editions/editions_triggers.v1")
    ddl.grant("UPDATE (edition_id)", "data_products")


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _tables() -> None:
    op.create_table(
        "product_editions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("based_on_id", sa.Uuid(), sa.ForeignKey("product_editions.id"), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        _time("created_at"),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _time("submitted_at", nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        _time("reviewed_at", nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("review_note", sa.String(), nullable=True),
        _time("effective_at", nullable=True),
        _time("superseded_at", nullable=True),
        sa.Column("withdrawal_reason", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.UniqueConstraint("product_id", "number"),
        sa.CheckConstraint(
            ddl.check_in("status", _STATUSES), name=op.f("ck_product_editions_edition_status")
        ),
        sa.CheckConstraint(
            "(status IN ('in_force', 'superseded')) = (number IS NOT NULL)"
            " AND (number IS NULL) = (effective_at IS NULL)"
            " AND (status = 'superseded') = (superseded_at IS NOT NULL)",
            name=op.f("ck_product_editions_numbered_in_force"),
        ),
    )
    for name, where in (("open", "status IN ('draft', 'submitted')"), ("in_force", "status = 'in_force'")):
        op.create_index(
            f"uq_product_editions_{name}",
            "product_editions",
            ["product_id"],
            unique=True,
            postgresql_where=sa.text(where),
        )
    ddl.grant("SELECT, INSERT", "product_editions")
    ddl.grant(
        "UPDATE (number, status, document, digest, submitted_at, submitted_by, reviewed_at, reviewed_by,"
        " review_note, effective_at, superseded_at, withdrawal_reason, rules)",
        "product_editions",
    )
    op.create_table(
        "edition_reviews",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("edition_id", sa.Uuid(), sa.ForeignKey("product_editions.id"), nullable=False),
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=True),
        _time("submitted_at"),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        _time("reviewed_at"),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_by_organisation", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("decision", ["approved", "returned", "refused"]),
            name=op.f("ck_edition_reviews_review_decision"),
        ),
    )
    op.create_index("ix_edition_reviews_edition_id", "edition_reviews", ["edition_id"])
    op.create_table(
        "edition_remarks",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("review_id", sa.Uuid(), sa.ForeignKey("edition_reviews.id"), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
    )
    op.create_index("ix_edition_remarks_review_id", "edition_remarks", ["review_id"])
    op.create_table(
        "edition_explanations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("remark_id", sa.Uuid(), sa.ForeignKey("edition_remarks.id"), nullable=False),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column("explained_by", sa.Uuid(), nullable=False),
        _time("explained_at"),
    )
    op.create_index("ix_edition_explanations_remark_id", "edition_explanations", ["remark_id"])
    for table in ("edition_reviews", "edition_remarks", "edition_explanations"):
        ddl.append_only(table)


def _first_editions() -> None:
    connection = op.get_bind()
    for product in (
        connection.execute(
            sa.text(
                "SELECT * FROM data_products WHERE published_at IS NOT NULL OR status = 'submitted' ORDER BY id"
            )
        )
        .mappings()
        .all()
    ):
        published = product["published_at"] is not None
        document = {name: product[name] for name in _MEMBERS}
        document["plan_id"] = str(product["plan_id"]) if product["plan_id"] else None
        text = json.dumps(
            document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        )
        row = {
            "id": uuid4(),
            "product_id": product["id"],
            "number": 1 if published else None,
            "status": "in_force" if published else "submitted",
            "document": text,
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "rules": json.dumps(product["rules"], ensure_ascii=False),
            "effective_at": product["published_at"],
            "reviewed_at": product["reviewed_at"] if published else None,
            "reviewed_by": product["reviewed_by"] if published else None,
            "review_note": product["review_note"] if published else None,
            **{name: product[name] for name in ("created_at", "created_by", "submitted_at", "submitted_by")},
        }
        connection.execute(
            sa.text(
                "INSERT INTO product_editions (id, product_id, number, status, document, digest, created_at,"
                " created_by, submitted_at, submitted_by, reviewed_at, reviewed_by, review_note, effective_at, rules)"
                " VALUES (:id, :product_id, :number, :status, CAST(:document AS jsonb), :digest, :created_at,"
                " :created_by, :submitted_at, :submitted_by, :reviewed_at, :reviewed_by, :review_note, :effective_at,"
                " CAST(:rules AS jsonb))"
            ),
            row,
        )
        if published:
            connection.execute(
                sa.text("UPDATE data_products SET edition_id = :id WHERE id = :product_id"),
                {"id": row["id"], "product_id": product["id"]},
            )
