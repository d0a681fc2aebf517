"""One word for where a thing stands: the columns ``state`` become ``status``."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CONSTRAINTS = {
    "agreements": "agreement",
    "authorisations": "authorisation",
    "data_products": "product",
    "quality_runs": "run",
}
"""Table → the word its check constraint is named by."""


def upgrade() -> None:
    """Rename the columns and the checks that are named after them; conditions and indexes follow by themselves."""
    for table, word in CONSTRAINTS.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN state TO status")
        op.execute(
            f"ALTER TABLE {table} RENAME CONSTRAINT ck_{table}_{word}_state TO ck_{table}_{word}_status"
        )
