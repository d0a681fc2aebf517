"""A procedure against a product that its operator withdraws goes no further."""

from alembic import op

from infra.migrations import ddl

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_TABLE = "enforcement_steps"
_ACTIONS = [
    *("warning", "cure_order", "suspension", "delisting", "relisting", "cure", "termination"),
    *("extension", "relisting_request", "hold"),
]


def upgrade() -> None:
    """Open procedures are looked at within the hour."""
    name = op.f(f"ck_{_TABLE}_enforcement_action")
    op.drop_constraint(name, _TABLE)
    op.create_check_constraint(name, _TABLE, ddl.check_in("action", _ACTIONS))
