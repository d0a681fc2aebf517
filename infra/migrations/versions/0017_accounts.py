"""An address may have several accounts: having one does not keep anybody else from the address."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let addresses repeat among people, and note when one was proved by what was mailed to it."""
    op.drop_constraint("uq_people_email", "people")
    op.create_index("ix_people_email", "people", ["email"])
    op.add_column("people", sa.Column("email_proved_at", sa.DateTime(timezone=True), nullable=True))
