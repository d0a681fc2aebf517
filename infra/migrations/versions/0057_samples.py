"""Keep samples masked: those that are drawn, and those that lie with revisions in the clear until now."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

MASK = "***"
_FORMS = {
    "email": re.compile(r"[^ ][@＠][^ ]"),
    "resident_id": re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])|(?<![0-9])[0-9]{15}(?![0-9])"),
    "bank_card": re.compile(r"(?<![0-9])[0-9]{4}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?(?![0-9])"),
    "mobile_number": re.compile(r"(?<![0-9])1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])"),
}
_BATCH = 200


def upgrade() -> None:
    """A column of a sample is masked from now on where it was shown masked, and all of them of important data."""
    _tables()
    _rules()
    op.execute("ALTER TABLE product_revisions DISABLE TRIGGER USER")
    _mask_stored()
    op.execute("ALTER TABLE product_revisions ENABLE TRIGGER USER")


def _tables() -> None:
    table = "product_samples"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("revision_id", sa.Uuid(), sa.ForeignKey("product_revisions.id"), nullable=False),
        sa.Column("carried_from_id", sa.Uuid(), sa.ForeignKey("product_samples.id"), nullable=True),
        sa.Column("spec", JSONB(), nullable=False),
        sa.Column("mask_rules", JSONB(), nullable=False),
        sa.Column("classes", JSONB(), nullable=False),
        sa.Column("rows", JSONB(), nullable=False),
        sa.Column("drawn_by", sa.Uuid(), nullable=False),
        sa.Column("drawn_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_product_samples_product_id", table, ["product_id"])
    op.create_index("ix_product_samples_revision", table, ["revision_id", "id"])
    # Append-only, but for a confirmed purge, which empties what tells of values.
    ddl.script(
        f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
        f" CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW"
        " EXECUTE FUNCTION keep_unless_purged('revision_id', 'rows')"
    )
    ddl.grant("SELECT, INSERT", table)
    ddl.install("listings/purges/purge_revisions.v2")
    table = "sample_decisions"
    op.create_table(
        table,
        sa.Column("sample_id", sa.Uuid(), sa.ForeignKey("product_samples.id"), primary_key=True),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by_organisation", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    )
    ddl.append_only(table)
    table = "sample_keys"
    op.create_table(
        table,
        sa.Column("product_id", sa.Uuid(), sa.ForeignKey("data_products.id"), primary_key=True),
        sa.Column("secret", sa.Text(), nullable=False),
    )
    ddl.append_only(table)


def _rules() -> None:
    ddl.rule_kind("sample.max_rows", "integer", "样例行数上限", "Most rows of a sample",
                  minimum="1", maximum="1000", unit="rows")  # fmt: skip
    ddl.parameter("sample.max_rows", 100, source="decided by the market", source_status="house")
    ddl.rule_kind(
        "sample.least_sharing",
        "integer",
        "样例个人信息最小同组行数",
        "Least rows that share what is left of a person",
        minimum="1",
        maximum="1000",
        unit="rows",
    )
    ddl.parameter(
        "sample.least_sharing",
        5,
        source="GB/T 37964-2019 个人信息去标识化指南: k-anonymity; the figure is recalled and not verified",
        source_status="M",
    )


def _mask_stored() -> None:
    connection = op.get_bind()
    after = "00000000-0000-0000-0000-000000000000"
    while True:
        rows = connection.execute(sa.text(_STORED), {"after": after, "batch": _BATCH}).all()
        if not rows:
            return
        for row in rows:
            names = [column["name"] for column in row.columns]
            found = [] if row.searched else _found(row.sample)
            hidden = _hidden(row, names) | {one["column"] for one in found}
            rules = {name: _rule("hide" if name in hidden else "show") for name in names}
            masked = [
                {
                    name: MASK if name in hidden and value is not None else value
                    for name, value in line.items()
                    if row.classification != "CORE"
                }
                for line in row.sample
            ]
            connection.execute(
                sa.text(
                    "UPDATE product_revisions SET sample = CAST(:sample AS jsonb),"
                    " profile = profile || CAST(:told AS jsonb) WHERE id = :id"
                ),
                {
                    "id": row.id,
                    "sample": json.dumps(masked, ensure_ascii=False),
                    "told": json.dumps({"sample_rules": rules, "sample_detected": found}, ensure_ascii=False),
                },
            )
        after = str(rows[-1].id)


_STORED = """
SELECT r.id, r.columns, r.sample, p.dictionary, d.personal_information, d.classification,
       c.revision_id IS NOT NULL AS searched, coalesce(c.detected, '[]') AS detected,
       ARRAY(SELECT m.column_name FROM personal_columns m WHERE m.product_id = p.id) AS marked
  FROM product_revisions r
  JOIN data_products p ON p.id = r.product_id
  JOIN data_resources d ON d.id = p.resource_id
  LEFT JOIN revision_contents c ON c.revision_id = r.id
 WHERE r.id > CAST(:after AS uuid) AND r.purged_at IS NULL ORDER BY r.id LIMIT :batch
"""


def _rule(method: str) -> dict[str, Any]:
    return {"method": method, "keep": 0, "to": None, "width": None}


def _hidden(row: Any, names: Sequence[str]) -> set[str]:
    """Columns whose values were shown masked: personal by dictionary, mark, resource or detection; all of important."""
    if row.classification != "GENERAL":
        return set(names)
    described = {entry["name"]: entry for entry in row.dictionary}
    personal = {name for name, entry in described.items() if entry["personal"]} | set(row.marked)
    if row.personal_information:
        personal |= set(names) - set(described)
    return personal | {one["column"] for one in row.detected}


def _found(sample: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What looks personal in the rows of a sample, of revisions whose files were never searched."""
    found = []
    for name in dict.fromkeys(name for line in sample for name in line):
        texts = [str(line[name]) for line in sample if line.get(name) is not None]
        for kind, form in _FORMS.items():
            if values := sum(form.search(text) is not None for text in texts):
                found.append({"column": name, "kind": kind, "values": values, "examined": len(sample)})
                break
    return found
