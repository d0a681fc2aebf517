"""Metered units in numbered columns, so that a further unit needs none: calls are 1, rows 2, bytes 3.

Bytes were recorded and are counted from here on; what was used of them so far is summed up from the records. The
functions that work on these columns are installed after the migrations, rendered for the registry's units.
"""

import sqlalchemy as sa
from alembic import op

from infra.migrations import ddl

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SLOTS = range(1, 9)
FURTHER = range(4, 9)
CALLS, ROWS, BYTES = 1, 2, 3


def upgrade() -> None:
    """Rename the columns there are, add the others, and leave out what a record says already."""
    op.execute("DROP FUNCTION admit_calls")
    op.execute("DROP FUNCTION close_period")
    for table, kind in (
        ("licences", "quota"),
        ("licence_counters", "quota"),
        ("licence_counters", "used"),
        ("licence_counters", "period"),
    ):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {kind}_calls TO {kind}_{CALLS}")
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {kind}_rows TO {kind}_{ROWS}")
    for table in ("usage_records", "usage_periods"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN calls TO units_{CALLS}")
        op.execute(f"ALTER TABLE {table} RENAME COLUMN rows TO units_{ROWS}")
    op.execute(f"ALTER TABLE usage_records RENAME COLUMN bytes TO units_{BYTES}")
    op.execute("ALTER TABLE usage_keys DROP COLUMN calls, DROP COLUMN rows")
    _add("licences", "quota", (BYTES, *FURTHER))
    _add("licence_counters", "quota", (BYTES, *FURTHER))
    _count_bytes()
    for table, kind in (
        ("licence_counters", "used"),
        ("licence_counters", "period"),
        ("usage_records", "units"),
        ("usage_periods", "units"),
    ):
        _add(table, kind, FURTHER)
    _checks()


def _add(table: str, kind: str, slots: range | tuple[int, ...]) -> None:
    """Columns that are null, which costs a row nothing."""
    added = ", ".join(f"ADD COLUMN {kind}_{slot} bigint" for slot in slots)
    op.execute(f"ALTER TABLE {table} {added}")


def _count_bytes() -> None:
    op.execute(
        f"ALTER TABLE licence_counters ADD COLUMN used_{BYTES} bigint NOT NULL DEFAULT 0,"
        f" ADD COLUMN period_{BYTES} bigint NOT NULL DEFAULT 0"
    )
    op.execute(f"ALTER TABLE usage_periods ADD COLUMN units_{BYTES} bigint NOT NULL DEFAULT 0")
    # The totals of closed periods are written once; this is what the records of each have said all along.
    ddl.script(
        f"""
        CREATE TEMPORARY TABLE recorded_bytes ON COMMIT DROP AS
            SELECT licence_id, period_no, sum(units_{BYTES})::bigint AS bytes
              FROM usage_records GROUP BY licence_id, period_no;
        ALTER TABLE usage_periods DISABLE TRIGGER usage_periods_append_only;
        UPDATE usage_periods p SET units_{BYTES} = r.bytes
          FROM recorded_bytes r WHERE (r.licence_id, r.period_no) = (p.licence_id, p.period_no);
        ALTER TABLE usage_periods ENABLE TRIGGER usage_periods_append_only;
        UPDATE licence_counters c SET used_{BYTES} = r.bytes
          FROM (SELECT licence_id, sum(bytes)::bigint AS bytes FROM recorded_bytes GROUP BY licence_id) r
         WHERE r.licence_id = c.licence_id;
        UPDATE licence_counters c SET period_{BYTES} = r.bytes
          FROM recorded_bytes r WHERE (r.licence_id, r.period_no) = (c.licence_id, c.period_no);
        """
    )
    op.execute(
        f"ALTER TABLE licence_counters ALTER COLUMN used_{BYTES} DROP DEFAULT,"
        f" ALTER COLUMN period_{BYTES} DROP DEFAULT"
    )
    op.execute(f"ALTER TABLE usage_periods ALTER COLUMN units_{BYTES} DROP DEFAULT")


def _checks() -> None:
    """The function never exceeds a quota; should it ever, the database refuses the batch instead."""
    table = "licence_counters"
    for name in ("calls_within_quota", "rows_within_quota", "period_within_total"):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    within_quota = " AND ".join(f"used_{slot} <= quota_{slot}" for slot in SLOTS)
    within_total = " AND ".join(f"0 <= period_{slot} AND period_{slot} <= used_{slot}" for slot in SLOTS)
    op.create_check_constraint(op.f(f"ck_{table}_within_quota"), table, sa.text(within_quota))
    op.create_check_constraint(op.f(f"ck_{table}_period_within_total"), table, sa.text(within_total))
