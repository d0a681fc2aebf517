"""Let organisations be authorising bodies and price authorities."""

from alembic import op

from infra.migrations import ddl

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_KINDS = ["authorising_body", "buyer", "operator", "owner", "platform", "price_authority", "regulator"]


def upgrade() -> None:
    """Nothing of what is there changes."""
    op.drop_constraint(op.f("ck_organisations_organisation_kind"), "organisations")
    op.create_check_constraint(
        op.f("ck_organisations_organisation_kind"), "organisations", ddl.check_in("kind", _KINDS)
    )
