"""The platform's own bank accounts are registered; those that have statements already are taken over as they are."""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

EDGES = (">registered", "registered>active", "registered>closed", "active>closed")


def upgrade() -> None:
    """Make the register, and let every statement name the registration it was taken under."""
    _register()
    _known_accounts()
    ddl.status_edges("bank_accounts", EDGES)
    op.add_column("bank_statements", sa.Column("bank_account_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_bank_statements_bank_account_id_bank_accounts",
        "bank_statements",
        "bank_accounts",
        ["bank_account_id"],
        ["id"],
    )
    op.execute("ALTER TABLE bank_statements DISABLE TRIGGER bank_statements_append_only")
    op.execute(
        "UPDATE bank_statements s SET bank_account_id = b.id FROM bank_accounts b"
        " WHERE b.number = s.account AND b.currency = s.currency"
    )
    op.execute("ALTER TABLE bank_statements ENABLE TRIGGER bank_statements_append_only")
    op.alter_column("bank_statements", "bank_account_id", nullable=False)


def _register() -> None:
    table = "bank_accounts"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_key", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=True)
            for name in ("bank_name_zh", "bank_name_en", "bic", "cnaps", "holder_zh", "holder_en")
        ),
        sa.Column("for_invoices", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closure_reason", sa.String(), nullable=True),
        sa.Column(
            "replaced_by_id",
            sa.Uuid(),
            sa.ForeignKey("bank_accounts.id", name="fk_bank_accounts_replaced_by_id_bank_accounts"),
            nullable=True,
        ),
        sa.CheckConstraint(
            ddl.check_in("status", ["registered", "active", "closed"]),
            name=op.f("ck_bank_accounts_bank_account_status"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> registered_by",
            name=op.f("ck_bank_accounts_two_officers"),
        ),
        sa.CheckConstraint(
            "status <> 'active' OR confirmed_at IS NOT NULL", name=op.f("ck_bank_accounts_confirmed_first")
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_bank_accounts_closed_at")
        ),
        sa.CheckConstraint(
            "NOT for_invoices OR coalesce(bank_name_zh, bank_name_en) IS NOT NULL"
            " AND coalesce(holder_zh, holder_en) IS NOT NULL",
            name=op.f("ck_bank_accounts_complete_for_invoices"),
        ),
    )
    for status in ("active", "registered"):
        op.create_index(
            f"uq_bank_accounts_{status}",
            table,
            ["number_key", "currency"],
            unique=True,
            postgresql_where=sa.text(f"status = '{status}'"),
        )
    ddl.grant("SELECT, INSERT", table)
    ddl.grant(
        "UPDATE (status, confirmed_by, confirmed_at, closed_by, closed_at, closure_reason, replaced_by_id)",
        table,
    )


def _known_accounts() -> None:
    """Accounts of which there are statements; of two spellings of one number, the one used last is active."""
    op.execute(
        """
        INSERT INTO bank_accounts (id, organisation_id, number, number_key, currency, for_invoices, status,
                                   registered_by, registered_at, confirmed_at, closed_by, closed_at, closure_reason)
        SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000000', account, key, currency, false,
               CASE place WHEN 1 THEN 'active' ELSE 'closed' END, '00000000-0000-0000-0000-000000000000', since, since,
               CASE WHEN place > 1 THEN '00000000-0000-0000-0000-000000000000'::uuid END,
               CASE WHEN place > 1 THEN now() END,
               CASE WHEN place > 1 THEN 'Another spelling of the same number' END
          FROM (SELECT account, key, currency, min(imported_at) AS since,
                       row_number() OVER (PARTITION BY key, currency ORDER BY max(imported_at) DESC) AS place
                  FROM (SELECT account, currency, imported_at,
                               regexp_replace(upper(normalize(account, NFKC)), '[^0-9A-Z]', '', 'g') AS key
                          FROM bank_statements) s
                 GROUP BY account, key, currency) k
        """
    )
