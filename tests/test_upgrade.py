"""A database of an earlier version is brought to today's schema with everything in it intact."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from infra import months
from infra.auth import SYSTEM
from infra.db import create_engine, create_sessions, transaction
from infra.digest import json_digest
from infra.migrations import runner
from listings.registrations import watch
from market.metering import repository as metering
from market.metering.admission_sql import admit
from market.metering.domain import Outcome
from market.settlement.ledger import service as ledger
from market.settlement.rails.bank.entries import assigning
from market.settlement.rails.bank.entries.matching import WantedPart
from market.settlement.rails.bank.states import PartKind
from market.settlement.reconciliation import service as reconciliation
from quality.checks import Check
from quality.classes import ProductClass
from quality.suites.domain import suite_digest
from tests.support.database import TestDatabase, TestServer
from tests.support.metering import call_for

OLD = Path(__file__).with_name("upgrade") / "at_0008.sql"
ALL_DAYS = 36_500

SCHEMA = r"""
SELECT 'table ' || c.relname || ' ' || c.relkind::text || ' ' || coalesce(c.relacl::text, '') || ' '
       || coalesce(c.reloptions::text, '') FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' '
       || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'function ' || pg_get_functiondef(oid) || coalesce(proacl::text, '')
       || coalesce(obj_description(oid, 'pg_proc'), '')
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
UNION ALL
SELECT 'type ' || t.typname || ' ' || e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
 WHERE t.typnamespace = 'public'::regnamespace
"""
COUNTERS = "SELECT * FROM licence_counters ORDER BY licence_id"


@dataclass
class Upgraded:
    """The old database, upgraded, and what it held before.

    :ivar counters: the licences' counters as the old version kept them.
    :ivar rows: table → how many rows.
    """

    database: TestDatabase
    owner: "asyncpg.Connection[Any]"
    counters: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)


async def row_counts(connection: "asyncpg.Connection[Any]") -> dict[str, int]:
    names = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return {row[0]: await connection.fetchval(f'SELECT count(*) FROM public."{row[0]}"') for row in names}


@pytest.fixture(scope="module")
async def upgraded(test_server: TestServer) -> AsyncIterator[Upgraded]:
    async with test_server.empty() as (url, login):
        restoring = await asyncpg.connect(url)
        await restoring.execute(
            OLD.read_text(encoding="utf-8").replace('"market_service"', f'"{login.role}"')
        )
        await restoring.close()
        owner = await asyncpg.connect(url)
        service_url = sa.make_url(url).set(username=login.role, password=login.password)
        made = Upgraded(TestDatabase(url, service_url.render_as_string(hide_password=False)), owner)
        made.counters = [dict(row) for row in await owner.fetch(COUNTERS)]
        made.rows = await row_counts(owner)
        try:
            await runner.upgrade(url, login)
            yield made
        finally:
            await owner.close()


async def schema_of(url: str, role: str) -> list[str]:
    """Everything that the schema is made of, one line each; the partitions by month apart, which follow the clock."""
    connection = await asyncpg.connect(url)
    try:
        lines = [row[0].replace(role, "service") for row in await connection.fetch(SCHEMA)]
    finally:
        await connection.close()
    # A restored condition is the same one with its casts and brackets written in other places.
    plain = [
        re.sub(r"::(character varying|text)(\[\])?|[()]", "", line)
        if line.startswith(("constraint", "index"))
        else line
        for line in lines
    ]
    return sorted(line for line in plain if not re.search("usage_records_p_[0-9]{6}", line))


async def test_the_upgraded_schema_is_the_one_of_a_new_database(
    upgraded: Upgraded, test_server: TestServer
) -> None:
    role = sa.make_url(upgraded.database.service_url).username
    assert role is not None
    old = await schema_of(upgraded.database.owner_url, role)
    async with test_server.copy() as fresh:
        new = await schema_of(fresh.owner_url, test_server.role)
    assert [line for line in old if line not in new] == []
    assert [line for line in new if line not in old] == []
    await runner.check(upgraded.database.service_url)


async def test_nothing_that_was_written_is_lost(upgraded: Upgraded) -> None:
    now = await row_counts(upgraded.owner)
    fewer = {
        table: (count, now[table])
        for table, count in upgraded.rows.items()
        if now[table] < count and table != "alembic_version"
    }
    assert fewer == {}
    assert upgraded.rows["usage_records"] == now["usage_records"] == 71


async def test_counters_still_say_what_the_records_say(upgraded: Upgraded) -> None:
    engine = create_engine(upgraded.database.service_url)
    async with transaction(create_sessions(engine)) as session:
        assert await metering.differences(session, days=ALL_DAYS, limit=10) == []
    await engine.dispose()
    now = [dict(row) for row in await upgraded.owner.fetch(COUNTERS)]
    renamed = {
        f"{kind}_{unit}": f"{kind}_{slot}"
        for kind in ("quota", "used", "period")
        for slot, unit in ((1, "calls"), (2, "rows"))
    }
    for before, row in zip(upgraded.counters, now, strict=True):
        assert {name: row[renamed.get(name, name)] for name in before} == before
        assert row["used_3"] == await upgraded.owner.fetchval(
            "SELECT sum(units_3) FROM usage_records WHERE licence_id = $1", row["licence_id"]
        )


async def test_purposes_are_counted_as_the_records_say(upgraded: Upgraded) -> None:
    counted = await upgraded.owner.fetch(
        "SELECT licence_id, period_no, purpose, units_1, units_2, units_3 FROM usage_purposes ORDER BY 1, 2, 3"
    )
    recorded = await upgraded.owner.fetch(
        "SELECT r.licence_id, r.period_no, r.purpose, sum(units_1)::bigint, sum(units_2)::bigint, sum(units_3)::bigint"
        "  FROM usage_records r JOIN licence_counters c USING (licence_id)"
        # what the one purpose of a licence used in its open period is what its counters say
        " WHERE c.sole_purpose IS NULL OR r.period_no < c.period_no GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    used = [tuple(row) for row in counted if row["units_1"]]
    assert used == [tuple(row) for row in recorded]
    assert {purpose for _, _, purpose, *_ in used} == {"industry", "public_welfare"}
    assert len({licence_id for licence_id, *_ in used}) < len({(row[0], row[2]) for row in used})
    licences = await upgraded.owner.fetch(
        "SELECT c.sole_purpose, l.purposes FROM licence_counters c JOIN licences l ON l.id = c.licence_id"
    )
    assert licences
    assert all(
        row["sole_purpose"] == (row["purposes"][0] if len(row["purposes"]) == 1 else None) for row in licences
    )


async def test_what_was_billed_is_billed_once_more_by_nobody(upgraded: Upgraded) -> None:
    """Agreements and their licences have counted their periods alike ever since."""
    differing = await upgraded.owner.fetch(
        "SELECT u.licence_id, u.period_no FROM usage_periods u JOIN licences l ON l.id = u.licence_id"
        " WHERE NOT EXISTS (SELECT FROM period_closes p WHERE p.agreement_id = l.agreement_id"
        " AND p.period_no = u.period_no AND p.closed_at = u.closed_at)"
    )
    assert differing == []
    assert await upgraded.owner.fetchval("SELECT count(*) FROM usage_periods") >= 3


async def test_accounts_with_statements_are_taken_over_and_named_on_no_invoice(upgraded: Upgraded) -> None:
    rows = await upgraded.owner.fetch(
        "SELECT b.number, b.currency, b.status, b.for_invoices, count(s.id) > 0 AS used FROM bank_accounts b"
        "  LEFT JOIN bank_statements s ON s.bank_account_id = b.id GROUP BY b.id"
    )
    assert [tuple(row) for row in rows] == [("6222000000000001", "CNY", "active", False, True)]


async def test_open_periods_end_with_the_month_of_the_update_and_months_follow_from_there(
    upgraded: Upgraded,
) -> None:
    rows = await upgraded.owner.fetch(
        "SELECT c.*, month_of(now(), 'Asia/Shanghai') AS this_month,"
        "       month_ends_at(c.period_month, 'Asia/Shanghai') AS ends FROM licence_counters c ORDER BY c.licence_id"
    )
    assert {row["period_opened_at"] for row in rows} == {
        before["period_opened_at"] for before in upgraded.counters
    }
    for row in rows:
        assert (row["period_month"], row["period_ends_at"]) == (row["this_month"], row["ends"])
    assert await upgraded.owner.fetchval("SELECT count(month) FROM usage_periods") == 0
    old = next(row for row in rows if row["period_no"] > 1)
    transaction = upgraded.owner.transaction()
    await transaction.start()
    await upgraded.owner.execute(
        "UPDATE licence_counters SET valid_until = 'infinity', period_ends_at = now() WHERE licence_id = $1",
        old["licence_id"],
    )
    assert await upgraded.owner.fetchval("SELECT cut_periods($1, NULL, NULL)", old["licence_id"]) == 1
    cut = await upgraded.owner.fetchrow(
        "SELECT u.*, c.period_month, c.period_opened_at FROM usage_periods u JOIN licence_counters c USING (licence_id)"
        " WHERE u.licence_id = $1 AND u.period_no = $2",
        old["licence_id"],
        old["period_no"],
    )
    assert cut is not None
    assert (cut["month"], cut["opened_at"]) == (old["this_month"], old["period_opened_at"])
    assert (cut["period_month"], cut["period_opened_at"]) == (
        months.following(cut["month"]),
        cut["closed_at"],
    )
    await transaction.rollback()


async def test_tokens_of_before_have_their_holder_and_can_be_ended(upgraded: Upgraded) -> None:
    rows = await upgraded.owner.fetch(
        "SELECT t.id, t.organisation_id = l.buyer_id AS bought, t.membership_id, c.id AS client_id, t.ended_at"
        "  FROM licence_tokens t JOIN licences l ON l.id = t.licence_id LEFT JOIN clients c ON c.id = t.issued_to"
    )
    assert rows
    for row in rows:
        assert row["bought"]
        assert (row["membership_id"] is None) == (row["client_id"] is not None)
    async with upgraded.owner.transaction():
        ended = "SELECT end_licence_tokens(ARRAY[$1::uuid], 'revoked')"
        assert await upgraded.owner.fetchval(ended, rows[0]["id"]) == 1
        assert await upgraded.owner.fetchval(ended, rows[0]["id"]) == 0


async def test_resources_count_as_registered_for_a_time_of_grace(upgraded: Upgraded) -> None:
    rows = await upgraded.owner.fetch(
        "SELECT r.registered_until, r.grace_from, r.registration_code, s.begins_at, s.placed_at"
        "  FROM data_resources r JOIN stops s ON s.subject_id = r.id AND s.subject_kind = 'registration'"
    )
    assert len(rows) == await upgraded.owner.fetchval("SELECT count(*) FROM data_resources") > 0
    for row in rows:
        assert row["begins_at"] == row["registered_until"] == row["grace_from"] + timedelta(days=365)
        assert (row["placed_at"], row["registration_code"]) == (row["grace_from"], None)


async def test_the_time_of_grace_follows_the_rule(upgraded: Upgraded) -> None:
    engine = create_engine(upgraded.database.service_url)
    sessions = create_sessions(engine)
    ends = "SELECT begins_at FROM stops WHERE subject_kind = 'registration' AND lifted_at IS NULL"
    before = await upgraded.owner.fetchval(ends)
    await upgraded.owner.execute(
        "INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status)"
        " VALUES (gen_random_uuid(), 'registration.grace_days', 2, '400', now(), 'For this test', 'house')"
    )
    async with transaction(sessions) as session:
        assert await watch.move_grace(session) > 0
    async with transaction(sessions) as session:
        assert await watch.move_grace(session) == 0
    await engine.dispose()
    assert await upgraded.owner.fetchval(ends) == before + timedelta(days=35)


async def test_the_books_balance(upgraded: Upgraded) -> None:
    engine = create_engine(upgraded.database.service_url)
    async with transaction(create_sessions(engine)) as session:
        trial = await ledger.trial_balance(session)
    await engine.dispose()
    assert trial.differences == []
    assert await upgraded.owner.fetchval("SELECT count(*) FROM ledger_postings") == 8


async def test_nothing_of_what_was_upgraded_is_a_break(upgraded: Upgraded) -> None:
    engine = create_engine(upgraded.database.service_url)
    sessions = create_sessions(engine)
    async with transaction(sessions) as session:
        run = await reconciliation.reconcile(session, sessions, SYSTEM)
        found = [(item.kind.value, item.subject, item.explanation) for item in run.breaks]
        await session.rollback()
    await engine.dispose()
    # What was open then is overdue in time; and counters were opened there by hand, of licences that do not exist.
    by_hand = "has counters and was never issued"
    assert [item for item in found if item[0] != "invoice_overdue" and item[2] != by_hand] == []


async def test_what_was_paid_then_can_be_matched_anew(upgraded: Upgraded) -> None:
    entry_id, invoice_id = await upgraded.owner.fetchrow(
        "SELECT m.entry_id, x.invoice_id FROM bank_match_parts x JOIN bank_matches m ON m.id = x.match_id"
        " WHERE x.kind = 'invoice'"
    )
    engine = create_engine(upgraded.database.service_url)
    async with create_sessions(engine)() as session:
        for wanted, expected in (
            ([], ("issued", 0)),
            ([WantedPart(PartKind.INVOICE, invoice_id)], ("paid", 1)),
        ):
            await assigning.match_entry(session, SYSTEM, entry_id, wanted, reason="Matched anew")
            for when in ("IMMEDIATE", "DEFERRED"):
                await session.execute(sa.text(f"SET CONSTRAINTS ALL {when}"))
            found = await session.execute(
                sa.text("SELECT status, (paid_minor = total_minor)::int FROM invoices WHERE id = :id"),
                {"id": invoice_id},
            )
            assert found.one() == expected
        assert (await ledger.trial_balance(session)).differences == []
        await session.rollback()
    await engine.dispose()


async def test_append_only_tables_still_refuse(upgraded: Upgraded) -> None:
    guarded = await upgraded.owner.fetch(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_append\\_only'"
    )
    names = {row[0] for row in guarded}
    assert {"usage_records", "usage_records_p_202611", "ledger_postings", "audit_entries"} <= names
    for name in names:
        for statement in (f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await upgraded.owner.execute(statement)


async def test_what_was_signed_is_still_what_was_signed(upgraded: Upgraded) -> None:
    (row,) = await upgraded.owner.fetch("SELECT document, digest FROM agreements")
    document = json.loads(row["document"])
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert sha256(text.encode()).hexdigest() == row["digest"]


async def test_what_was_published_is_its_first_edition(upgraded: Upgraded) -> None:
    (row,) = await upgraded.owner.fetch(
        "SELECT e.document, e.digest, e.number, p.title_en, p.published_at, e.effective_at FROM data_products p"
        " JOIN product_editions e ON e.id = p.edition_id AND e.product_id = p.id AND e.status = 'in_force'"
        " WHERE p.status = 'published'"
    )
    document = json.loads(row["document"])
    assert json_digest(document).hex() == row["digest"]
    assert (row["number"], document["title_en"]) == (1, row["title_en"])
    assert row["effective_at"] == row["published_at"]
    assert document["delivery_classes"] == ["records_api"]
    # The database holds it to that document, as one that was published since.
    with pytest.raises(asyncpg.RestrictViolationError):
        await upgraded.owner.execute(
            "UPDATE data_products SET title_en = 'Gold' WHERE edition_id IS NOT NULL"
        )


async def test_products_keep_the_checks_of_their_newest_revision(upgraded: Upgraded) -> None:
    rows = await upgraded.owner.fetch(
        "SELECT s.number, s.digest, s.checks, s.product_class, q.checks AS ran FROM data_products p"
        " JOIN quality_suites s ON s.id = p.quality_suite_id AND s.product_id = p.id"
        " JOIN LATERAL (SELECT q.checks FROM product_revisions r JOIN quality_runs q ON q.revision_id = r.id"
        " WHERE r.product_id = p.id ORDER BY r.number DESC, q.requested_at DESC LIMIT 1) q ON true"
    )
    assert rows
    for row in rows:
        checks, ran = json.loads(row["checks"]), json.loads(row["ran"])
        assert row["number"] == 1
        assert suite_digest(1, ProductClass(row["product_class"]), checks) == row["digest"]
        assert [Check.from_json(check) for check in checks] == [Check.from_json(check) for check in ran]
    # The suite of what is on the market changes with an edition, and not by itself.
    with pytest.raises(asyncpg.PostgresError):
        await upgraded.owner.execute(
            "UPDATE data_products SET quality_suite_id = NULL WHERE status = 'published'"
        )


async def test_an_old_licence_is_still_admitted_up_to_its_quota(upgraded: Upgraded) -> None:
    old = next(row for row in upgraded.counters if row["quota_calls"] is not None)
    # The owner may move the end of the term; the function is the same for everybody.
    connection = await asyncpg.connect(upgraded.database.owner_url)
    try:
        async with connection.transaction():
            await connection.execute(
                "UPDATE licence_counters SET valid_until = now() + interval '1 hour' WHERE licence_id = $1",
                old["licence_id"],
            )
            left = old["quota_calls"] - old["used_calls"]
            calls = [call_for(old["licence_id"], rows=1) for _ in range(left + 1)]
            decisions = await admit(connection, calls, seconds=10)
            raise _RolledBack
    except _RolledBack:
        pass
    finally:
        await connection.close()
    assert [decision.outcome for decision in decisions] == [Outcome.ADMITTED] * left + [
        Outcome.QUOTA_EXCEEDED
    ]
    assert decisions[0].period_no == old["period_no"]


class _RolledBack(Exception):
    """Leaves the database as it was upgraded."""
