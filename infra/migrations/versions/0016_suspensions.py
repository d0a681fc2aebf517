"""A suspension is an active stop and no status; what ends a thing for good is a final stop.

A product that was withdrawn, or an authorisation that was revoked, while it was suspended kept a stop that nobody could
lift. Stops placed by a termination or revocation become final, so that they are not lifted with the suspensions.
"""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATUSES = {
    "authorisations": ("authorisation_status", "active", ["offered", "active", "declined", "revoked"]),
    "data_products": ("product_status", "published", ["draft", "submitted", "published", "withdrawn"]),
}
"""Table → its check, what a suspended thing is underneath, and what remains of the statuses."""

ENDS = {
    "agreement": ("agreements", "terminated", "terminated_at", ("buyer_id", "operator_id")),
    "authorisation": ("authorisations", "revoked", "ended_at", ("owner_id",)),
}
"""Subject → its table, the status in which it has ended, when it did, and who could end it."""


def upgrade() -> None:
    """Mark the stops of what has ended, give each of these one, and take suspension out of the statuses."""
    op.add_column("stops", sa.Column("final", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.alter_column("stops", "final", server_default=None)
    for subject, end in ENDS.items():
        _finish(subject, *end)
    op.drop_constraint("ck_data_products_published_complete", "data_products")
    for table, (name, underneath, remaining) in STATUSES.items():
        op.drop_constraint(f"ck_{table}_{name}", table)
        op.execute(f"UPDATE {table} SET status = '{underneath}' WHERE status = 'suspended'")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, ddl.check_in("status", remaining))
    op.create_check_constraint(
        op.f("ck_data_products_published_complete"),
        "data_products",
        "status <> 'published' OR (plan_id IS NOT NULL AND published_at IS NOT NULL)",
    )


def _finish(subject: str, table: str, status: str, moment: str, parties: tuple[str, ...]) -> None:
    """The stop that ended a thing was placed in the same transaction, so at the same moment, by one of the parties.

    Where it has been lifted all the same, the service places one: the thing has ended.
    """
    op.execute(
        f"UPDATE stops s SET final = true FROM {table} t WHERE t.id = s.subject_id AND t.status = '{status}'"
        f" AND s.placed_at = t.{moment} AND s.lifted_at IS NULL"
        f" AND s.placed_by_organisation IN ({', '.join(f't.{party}' for party in parties)})"
    )
    nobody = "'00000000-0000-0000-0000-000000000000'::uuid"
    op.execute(
        "INSERT INTO stops (id, subject_kind, subject_id, reason, final, placed_by, placed_by_organisation, placed_at)"
        f" SELECT gen_random_uuid(), '{subject}', t.id, '{status}', true, {nobody}, {nobody}, now() FROM {table} t"
        f" WHERE t.status = '{status}' AND NOT EXISTS"
        " (SELECT FROM stops s WHERE s.subject_id = t.id AND s.final AND s.lifted_at IS NULL)"
    )
