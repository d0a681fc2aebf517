"""Organisations are found by any part of their names."""

from alembic import op

from infra.migrations import ddl

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the substrings that names are searched by, kept by the database itself, and their index."""
    ddl.install("infra/identity/search_grams.v1")
    op.execute(
        "ALTER TABLE organisations ADD COLUMN search_grams text[]"
        " GENERATED ALWAYS AS (search_grams(name_zh::text) || search_grams(name_en::text)) STORED NOT NULL"
    )
    op.execute("CREATE INDEX ix_organisations_search_grams ON organisations USING gin (search_grams)")
