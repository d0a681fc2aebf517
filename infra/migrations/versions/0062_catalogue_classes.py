"""Note changes of what decides whether a product may be offered at all."""

from infra.migrations import ddl

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

NOTED = {"column_gradings": "resource_id", "resource_assessments": "resource_id"}


def upgrade() -> None:
    """Searches list what the page of a product shows: an assessment or a class that changes is read at once."""
    for table, column in NOTED.items():
        ddl.script(
            f"CREATE TRIGGER {table}_catalogue AFTER INSERT ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION note_catalogue_change('{column}')"
        )
