"""Note what changes in the catalogue, so that every process finds it at its next search."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

# Everything that the catalogue shows or that decides whether it shows it, with the column that names the thing.
NOTED = {
    "data_products": "id",
    "product_revisions": "product_id",
    "schema_changes": "product_id",
    "quality_runs": "revision_id",
    "quality_reports": "revision_id",
    "revision_contents": "product_id",
    "content_decisions": "product_id",
    "personal_columns": "product_id",
    "authorisations": "id",
    "authorisation_resources": "authorisation_id",
    "stops": "subject_id",
    "organisations": "id",
    "data_resources": "id",
}


def upgrade() -> None:
    """Nothing has changed yet: whoever reads the catalogue for the first time reads all of it."""
    op.create_table(
        "catalogue_changes",
        sa.Column("changed_by", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("subject_id", sa.Uuid(), primary_key=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    ddl.written_by_functions("catalogue_changes")
    ddl.grant("DELETE", "catalogue_changes")
    ddl.install("listings/catalogue/note_catalogue_change.v1")
    for table, column in NOTED.items():
        ddl.script(
            f"CREATE TRIGGER {table}_catalogue AFTER INSERT OR UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION note_catalogue_change('{column}')"
        )
    op.create_index("ix_authorisation_resources_right_id", "authorisation_resources", ["right_id"])
