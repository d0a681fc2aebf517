"""Counters, records and periods are written by functions of the owner alone; purposes are counted; tokens can be ended.

The functions of metering themselves are installed after the migrations, rendered for the registry's units.
"""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SLOTS = range(1, 9)
ALWAYS_COUNTED = 3
END_REASONS = (
    "client_deleted",
    "member_removed",
    "organisation_not_verified",
    "revoked",
    "role_removed",
    "secret_revoked",
)


def upgrade() -> None:
    """Count by purpose, let tokens end, and take from the service what functions of the owner do."""
    _purposes()
    _tokens()
    ddl.install("contracts/licences/open_licence_counters.v1")
    ddl.install("contracts/licences/end_licence_tokens.v1")
    for signature in (
        "open_licence_counters(uuid)",
        "end_licence_tokens(uuid[], text)",
        "forget_licence_tokens()",
    ):
        ddl.grant_function(signature)
    for holder in ("client", "secret", "membership", "organisation"):
        op.execute(f"REVOKE ALL ON FUNCTION end_licence_tokens_of_{holder}() FROM PUBLIC")
    for table in ("licence_counters", "usage_records", "usage_keys", "usage_periods", "usage_purposes"):
        ddl.written_by_functions(table)


def _purposes() -> None:
    op.add_column("licence_counters", sa.Column("sole_purpose", sa.String(), nullable=True))
    op.execute(
        "UPDATE licence_counters c SET sole_purpose = l.purposes[1]"
        "  FROM licences l WHERE l.id = c.licence_id AND cardinality(l.purposes) = 1"
    )
    op.create_table(
        "usage_purposes",
        sa.Column("licence_id", sa.Uuid(), primary_key=True),
        sa.Column("period_no", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("purpose", sa.String(), primary_key=True),
        *(sa.Column(f"units_{slot}", sa.BigInteger(), nullable=slot > ALWAYS_COUNTED) for slot in SLOTS),
        # As for the counters: room for new versions of the rows, so that counting touches no index.
        postgresql_with={"fillfactor": "50"},
    )
    columns = ", ".join(f"units_{slot}" for slot in SLOTS)
    sums = ", ".join(f"sum(r.units_{slot})::bigint" for slot in SLOTS)
    op.execute(
        f"INSERT INTO usage_purposes (licence_id, period_no, purpose, {columns})"
        f" SELECT u.licence_id, u.period_no, c.sole_purpose, {columns.replace('units', 'u.units')}"
        "   FROM usage_periods u JOIN licence_counters c USING (licence_id) WHERE c.sole_purpose IS NOT NULL"
    )
    # The one scan of records: those of licences with several purposes, closed periods and open ones.
    op.execute(
        f"INSERT INTO usage_purposes (licence_id, period_no, purpose, {columns})"
        f" SELECT r.licence_id, r.period_no, r.purpose, {sums}"
        "   FROM usage_records r JOIN licence_counters c USING (licence_id) WHERE c.sole_purpose IS NULL"
        "  GROUP BY r.licence_id, r.period_no, r.purpose"
    )


def _tokens() -> None:
    op.execute("DROP TRIGGER licence_tokens_append_only ON licence_tokens")
    op.add_column(
        "licence_counters",
        sa.Column("tokens_ended", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.alter_column("licence_counters", "tokens_ended", server_default=None)
    op.create_index(
        "ix_licence_counters_tokens_ended",
        "licence_counters",
        ["licence_id"],
        postgresql_where=sa.text("tokens_ended"),
    )
    op.add_column("licence_tokens", sa.Column("organisation_id", sa.Uuid(), nullable=True))
    op.add_column("licence_tokens", sa.Column("membership_id", sa.Uuid(), nullable=True))
    op.add_column("licence_tokens", sa.Column("ended_at", MOMENT, nullable=True))
    op.add_column("licence_tokens", sa.Column("end_reason", sa.String(40), nullable=True))
    # What is known of tokens issued before: a person's stands on the membership with the buyer; one that was ended
    # since has an id that nothing has.
    ddl.script(
        """
        UPDATE licence_tokens t
           SET organisation_id = l.buyer_id,
               membership_id = CASE WHEN c.id IS NULL
                                    THEN coalesce(m.id, '00000000-0000-0000-0000-000000000000') END
          FROM licences l, licence_tokens o
          LEFT JOIN clients c ON c.id = o.issued_to
          LEFT JOIN (SELECT m.id, m.person_id, l.id AS licence_id
                       FROM memberships m JOIN licences l ON l.buyer_id = m.organisation_id) m
                 ON m.person_id = o.issued_to AND m.licence_id = o.licence_id
         WHERE l.id = t.licence_id AND (o.licence_id, o.id) = (t.licence_id, t.id);

        UPDATE licence_tokens t SET ended_at = now(), end_reason = h.reason
          FROM (SELECT o.id,
                       CASE WHEN g.status <> 'verified' THEN 'organisation_not_verified'
                            WHEN c.disabled_at IS NOT NULL THEN 'client_deleted'
                            WHEN c.id IS NULL AND m.id IS NULL THEN 'member_removed'
                            WHEN NOT 'buyer' = ANY (coalesce(c.roles, m.roles)) THEN 'role_removed' END AS reason
                  FROM licence_tokens o
                  JOIN organisations g ON g.id = o.organisation_id
                  LEFT JOIN clients c ON c.id = o.issued_to
                  LEFT JOIN memberships m ON m.id = o.membership_id
                 WHERE o.expires_at > now()) h
         WHERE h.id = t.id AND h.reason IS NOT NULL;

        UPDATE licence_counters SET tokens_ended = true
         WHERE licence_id IN (SELECT licence_id FROM licence_tokens WHERE ended_at IS NOT NULL);
        """
    )
    op.alter_column("licence_tokens", "organisation_id", nullable=False)
    op.create_check_constraint(
        op.f("ck_licence_tokens_token_end_reason"), "licence_tokens", ddl.check_in("end_reason", END_REASONS)
    )
    op.create_check_constraint(
        op.f("ck_licence_tokens_ended_for_a_reason"),
        "licence_tokens",
        "(ended_at IS NULL) = (end_reason IS NULL)",
    )
    op.create_unique_constraint(op.f("uq_licence_tokens_id"), "licence_tokens", ["id"])
    for column in ("issued_to", "organisation_id", "expires_at"):
        op.create_index(f"ix_licence_tokens_{column}", "licence_tokens", [column])
