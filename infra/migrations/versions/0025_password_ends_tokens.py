"""A change of password ends the licence tokens that the person holds."""

from alembic import op

from infra.migrations import ddl

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

END_REASONS = (
    "client_deleted",
    "member_removed",
    "organisation_not_verified",
    "password_changed",
    "revoked",
    "role_removed",
    "secret_revoked",
)


def upgrade() -> None:
    """Know the reason, and end the tokens."""
    name = op.f("ck_licence_tokens_token_end_reason")
    op.drop_constraint(name, "licence_tokens")
    op.create_check_constraint(name, "licence_tokens", ddl.check_in("end_reason", END_REASONS))
    ddl.install("contracts/licences/end_licence_tokens_of_password.v1")
    op.execute("REVOKE ALL ON FUNCTION end_licence_tokens_of_password() FROM PUBLIC")
