"""A rejection settles the evidence on file: it verifies nobody later."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of evidence that it was rejected; of what was on file at earlier rejections by the audit log."""
    op.add_column("identity_evidence", sa.Column("rejected_by", sa.Uuid(), nullable=True))
    op.add_column("identity_evidence", sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        """
        UPDATE identity_evidence AS e
           SET rejected_by = r.actor_id, rejected_at = r.recorded_at
          FROM (SELECT DISTINCT ON (subject_id) subject_id, actor_id, recorded_at
                  FROM audit_entries WHERE action = 'organisation.rejected' ORDER BY subject_id, recorded_at DESC) AS r
         WHERE r.subject_id = e.organisation_id AND e.verified_at IS NULL AND e.submitted_at <= r.recorded_at
        """
    )
