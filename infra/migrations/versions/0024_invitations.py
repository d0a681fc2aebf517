"""Invitations whose token goes to the invited address alone, mail, and the recovery of a lost administrator.

Tokens of invitations that are open now were answered to whoever invited: they stay good, and stand as handed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of each invitation how it was delivered; create the outbox and the table of recoveries."""
    _invitations()
    _mails()
    _recoveries()


def _invitations() -> None:
    op.alter_column("invitations", "token_digest", nullable=True)
    op.add_column("invitations", sa.Column("delivery", sa.String(40), nullable=True))
    op.add_column("invitations", _moment("delivered_at", nullable=True))
    op.add_column("invitations", sa.Column("handed_over_by", sa.Uuid(), nullable=True))
    op.add_column("invitations", sa.Column("handed_over_by_organisation", sa.Uuid(), nullable=True))
    op.add_column("invitations", sa.Column("invited_by_organisation", sa.Uuid(), nullable=True))
    # Whose officer invited is not on record where that person or place is gone: then the organisation's own, mostly.
    op.execute(
        """
        UPDATE invitations AS i
           SET delivery = 'handed_over', delivered_at = i.created_at, handed_over_by = i.invited_by,
               invited_by_organisation = coalesce(
                   (SELECT m.organisation_id FROM memberships AS m WHERE m.person_id = i.invited_by
                     ORDER BY m.organisation_id = i.organisation_id DESC, m.id LIMIT 1),
                   (SELECT c.organisation_id FROM clients AS c WHERE c.id = i.invited_by),
                   i.organisation_id)
        """
    )
    op.execute("UPDATE invitations SET handed_over_by_organisation = invited_by_organisation")
    op.alter_column("invitations", "delivery", nullable=False)
    op.alter_column("invitations", "invited_by_organisation", nullable=False)
    op.create_check_constraint(
        op.f("ck_invitations_invitation_delivery"),
        "invitations",
        ddl.check_in("delivery", ["pending", "handed_over", "mailed", "undeliverable"]),
    )


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("detail", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("due_at"),
        _moment("expires_at"),
        _moment("completed_at", nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("status", ["pending", "sent", "refused", "dropped"]),
            name=op.f("ck_mails_mail_status"),
        ),
    )
    op.create_index("ix_mails_due", "mails", ["due_at"], postgresql_where=sa.text("status = 'pending'"))
    ddl.grant("SELECT, INSERT, DELETE", "mails")
    ddl.grant("UPDATE (status, attempts, due_at, completed_at, last_error)", "mails")


def _recoveries() -> None:
    op.create_table(
        "recoveries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "organisation_id",
            sa.Uuid(),
            sa.ForeignKey("organisations.id", name="fk_recoveries_organisation_id_organisations"),
            nullable=False,
        ),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        _moment("requested_at"),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        _moment("approved_at", nullable=True),
        sa.Column("approval_reason", sa.String(), nullable=True),
        _moment("effective_at", nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        _moment("cancelled_at", nullable=True),
        sa.Column("cancellation_reason", sa.String(), nullable=True),
        _moment("completed_at", nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("status", ["requested", "approved", "cancelled", "completed"]),
            name=op.f("ck_recoveries_recovery_status"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> requested_by", name=op.f("ck_recoveries_two_officers")
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'completed') OR effective_at IS NOT NULL",
            name=op.f("ck_recoveries_approved_first"),
        ),
    )
    op.create_index("ix_recoveries_organisation_id", "recoveries", ["organisation_id"])
    op.create_index(
        "uq_recoveries_open",
        "recoveries",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'approved')"),
    )
    ddl.grant("SELECT, INSERT", "recoveries")
    ddl.grant(
        "UPDATE (status, approved_by, approved_at, approval_reason, effective_at, cancelled_by, cancelled_at,"
        " cancellation_reason, completed_at, invitation_id)",
        "recoveries",
    )
    ddl.status_edges(
        "recoveries",
        (
            *(">requested", "requested>approved", "approved>completed"),
            *("requested>cancelled", "approved>cancelled"),
        ),
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
