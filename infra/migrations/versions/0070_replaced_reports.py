"""A request for a waiver ends by itself when another report replaces the one it is about."""

from alembic import op

from infra.migrations import ddl

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

_TABLE = "quality_waiver_requests"
_STATUSES = ["waiting", "granted", "declined", "superseded"]


def upgrade() -> None:
    """Requests that wait are looked at when the next quality check of their product ends."""
    name = op.f(f"ck_{_TABLE}_waiver_request_status")
    op.drop_constraint(name, _TABLE)
    op.create_check_constraint(name, _TABLE, ddl.check_in("status", _STATUSES))
    ddl.status_edges(_TABLE, [">waiting", *(f"waiting>{status}" for status in _STATUSES[1:])])
