"""Who sees a resource besides its owner becomes rows of its own, kept by the slice that gives access."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, with a row for what each operator was authorised for and did not decline."""
    op.create_table(
        "resource_viewers",
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), primary_key=True),
        sa.Column("basis_id", sa.Uuid(), primary_key=True),
    )
    op.execute(
        "INSERT INTO resource_viewers (organisation_id, resource_id, basis_id)"
        " SELECT a.operator_id, r.resource_id, a.id FROM authorisations a"
        " JOIN authorisation_resources r ON r.authorisation_id = a.id WHERE a.status <> 'declined'"
    )
    ddl.grant("SELECT, INSERT, DELETE", "resource_viewers")
