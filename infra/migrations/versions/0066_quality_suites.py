"""A product's revisions are judged by a suite of checks that belongs to the product, version by version."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

_CLASSES = ["register", "time_series", "records", "general"]


def upgrade() -> None:
    """The first version of a product's suite are the checks that its newest revision was judged by."""
    table = "quality_suites"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("product_class", sa.String(40), nullable=False),
        sa.Column("checks", JSONB(), nullable=False),
        sa.Column("bases", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("origin", sa.String(40), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("product_id", "number"),
        sa.CheckConstraint(
            ddl.check_in("product_class", _CLASSES), name=op.f("ck_quality_suites_product_class")
        ),
        sa.CheckConstraint(
            ddl.check_in("origin", ["suggested", "written", "imported"]),
            name=op.f("ck_quality_suites_suite_origin"),
        ),
    )
    op.add_column("quality_runs", sa.Column("trial", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("quality_runs", "trial", server_default=None)
    op.create_foreign_key(
        op.f("fk_quality_runs_suite_id_quality_suites"),
        "quality_runs", "quality_suites", ["suite_id"], ["id"],
    )  # fmt: skip
    op.add_column("data_products", sa.Column("quality_suite_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_data_products_quality_suite_id_quality_suites"),
        "data_products", "quality_suites", ["quality_suite_id"], ["id"],
    )  # fmt: skip
    _first_versions()
    ddl.append_only(table)
    # A trial begins to count when the edition that names its suite takes effect.
    ddl.grant("UPDATE (trial, requested_at)", "quality_runs")
    ddl.grant("UPDATE (quality_suite_id)", "data_products")
    ddl.install("listings/editions/editions_triggers.v3")


_NEWEST = """
SELECT DISTINCT ON (r.product_id) r.product_id, q.checks, q.requested_by, q.requested_at
  FROM product_revisions r
  JOIN quality_runs q ON q.revision_id = r.id
 WHERE q.checks <> '[]'
 ORDER BY r.product_id, r.number DESC, q.requested_at DESC, q.id DESC
"""


def _first_versions() -> None:
    connection = op.get_bind()
    for run in connection.execute(sa.text(_NEWEST)).mappings().all():
        checks = _named(run["checks"])
        row = {
            "id": uuid4(),
            "product_id": run["product_id"],
            "checks": json.dumps(checks, ensure_ascii=False),
            "digest": _digest({"number": 1, "product_class": "general", "checks": checks}),
            "created_by": run["requested_by"],
            "created_at": run["requested_at"],
        }
        connection.execute(
            sa.text(
                "INSERT INTO quality_suites (id, product_id, number, product_class, checks, bases, digest, origin,"
                " created_by, created_at) VALUES (:id, :product_id, 1, 'general', CAST(:checks AS jsonb), '{}',"
                " :digest, 'suggested', :created_by, :created_at)"
            ),
            row,
        )
        connection.execute(
            sa.text("UPDATE data_products SET quality_suite_id = :id WHERE id = :product_id"),
            {"id": row["id"], "product_id": row["product_id"]},
        )


def _named(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Checks as they are written by now: with a name of their own, and the share that may fail as a tolerance."""
    found = {}
    for check in checks:
        name = check.get("name") or ":".join((check["type"], *check["columns"]))
        limit = f"{Decimal(check.get('allowed_share', '0')) * 100:f}"
        found[name] = {
            **{member: check[member] for member in ("type", "columns", "dimension", "arguments", "severity")},
            "tolerance": check.get("tolerance") or {"limit": limit, "unit": "percent"},
            "owner": check.get("owner"),
            "name": name,
        }
    return list(found.values())


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
