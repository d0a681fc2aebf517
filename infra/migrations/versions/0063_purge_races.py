"""Data under an order of a regulator is not taken again, and what ends late of purged data is kept nowhere."""

from alembic import op

from infra.migrations import ddl

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

EMPTIED = {
    "column_proposals": ("INSERT", '{"proposals": []}'),
    "product_samples": ("INSERT", '{"rows": []}'),
    "quality_reports": ("INSERT", '{"checks": []}'),
    "quality_runs": ("INSERT OR UPDATE", '{"checks": [], "error": null}'),
    "revision_contents": ("INSERT", '{"detected": []}'),
}
"""Table → when something is written into it, and what of it tells of values."""


def upgrade() -> None:
    """Revisions are looked up by the digests of their data, purged or not."""
    ddl.install("listings/purges/purge_races.v1")
    ddl.grant_function("is_to_be_purged(uuid)")
    for table, (written, emptied) in EMPTIED.items():
        ddl.script(
            f"CREATE TRIGGER {table}_empty_of_purged BEFORE {written} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION empty_of_purged('{emptied}')"
        )
    op.drop_index("ix_product_revisions_purged", "product_revisions")
    op.create_index("ix_product_revisions_source_sha256", "product_revisions", ["source_sha256"])
    op.create_index("ix_product_revisions_sha256", "product_revisions", ["sha256"])
