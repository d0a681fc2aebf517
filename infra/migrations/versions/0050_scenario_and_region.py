"""Licences say for which scenarios and regions they are; usage records say which a call was made for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from infra.migrations import ddl

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A licence from before has the scenarios and regions of its authorisation; a record from before says none."""
    for name in ("scenarios", "regions"):
        op.add_column("licences", sa.Column(name, ARRAY(sa.String()), nullable=True))
    op.execute("ALTER TABLE licences DISABLE TRIGGER licences_append_only")
    op.execute(
        "UPDATE licences l SET scenarios = g.scenarios, regions = g.regions"
        "  FROM agreements a JOIN authorisations g ON g.id = (a.document ->> 'authorisation_id')::uuid"
        " WHERE a.id = l.agreement_id"
    )
    op.execute("ALTER TABLE licences ENABLE TRIGGER licences_append_only")
    for name in ("scenarios", "regions"):
        op.alter_column("licences", name, nullable=False)
    for name in ("scenario", "region"):
        op.add_column("usage_records", sa.Column(name, sa.String(), nullable=True))
    ddl.install("contracts/licences/open_licence_counters.v3")
