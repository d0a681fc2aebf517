"""Audit, rulebook, stops and jobs on a real database, as the service's own role."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from infra import jobs
from infra.audit import merkle
from infra.audit import service as audit
from infra.audit.tables import AuditEntry
from infra.auth import Actor, OrganisationKind, Role
from infra.db import AsyncSession, SessionMaker, new_id, now, transaction
from infra.keys import KeyRing
from infra.organisation_status import OrganisationStatus
from infra.rulebook import service as rulebook
from infra.stops import service as stops
from infra.stops.errors import NotStopped
from tests.support.database import TestDatabase, execute

APPEND_ONLY = [
    "rulebook_parameters",
    "audit_entries",
    "audit_leaves",
    "audit_nodes",
    "audit_heads",
    "idempotency_keys",
]


def someone(role: Role = Role.PLATFORM_ADMIN, kind: OrganisationKind = OrganisationKind.PLATFORM) -> Actor:
    return Actor("person", new_id(), new_id(), kind, frozenset({role}), OrganisationStatus.VERIFIED)


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + root_by_definition(leaves[:split]) + root_by_definition(leaves[split:])).digest()


@given(st.lists(st.integers(0, 7), max_size=12))
def test_tree_grown_in_batches_has_the_root_of_the_definition(batches: list[int]) -> None:
    nodes: dict[merkle.Place, bytes] = {}
    leaves: list[bytes] = []
    for batch in batches:
        fresh = [merkle.leaf_digest(bytes([batch, number])) for number in range(batch)]
        edge = {place: nodes[place] for place in merkle.edge(len(leaves))}
        nodes |= merkle.grow(len(leaves), edge, fresh)
        leaves += fresh
        assert merkle.root(len(leaves), nodes) == root_by_definition(leaves)


async def test_audit_is_sealed_and_signed(
    session: AsyncSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = KeyRing.load(tmp_path_factory.mktemp("keys"))
    subject = new_id()
    entry = await audit.record(
        session, someone(), action="thing.done", subject_kind="thing", subject_id=subject
    )
    until = await now(session) + timedelta(days=365)
    head = await audit.seal(session, keys, "http://market.test", until)
    assert head is not None
    assert head.size >= 1
    claims = keys.verify(
        head.signed, typ=audit.HEAD_TYPE, issuer="http://market.test", audience=audit.HEAD_AUDIENCE
    )
    assert claims["root"] == head.root.hex()
    assert await audit.seal(session, keys, "http://market.test", until) is None
    await audit.record(session, someone(), action="thing.done", subject_kind="thing", subject_id=subject)
    again = await audit.seal(session, keys, "http://market.test", until)
    assert again is not None
    assert again.size == head.size + 1
    fresh = await session.get(AuditEntry, entry.id, populate_existing=True)
    assert fresh is not None
    assert merkle.leaf_digest(audit.content(fresh)) == entry.leaf


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_append_only_tables_refuse_change(database: TestDatabase, table: str, change: str) -> None:
    for url, refusal in (
        (database.owner_url, asyncpg.RestrictViolationError),
        (database.service_url, asyncpg.InsufficientPrivilegeError),
    ):
        connection = await asyncpg.connect(url)
        column = await connection.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1", table
        )
        with pytest.raises(refusal):
            await connection.execute(change.format(table, column=column))
        await connection.close()


async def test_the_service_may_neither_empty_nor_rebuild_anything(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.service_url)
    too_much = await connection.fetch(
        "SELECT c.relname, p.name FROM pg_class c, unnest(ARRAY['TRUNCATE', 'TRIGGER', 'REFERENCES']) AS p (name)"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND has_table_privilege(c.oid, p.name)"
    )
    assert too_much == []
    for statement in (
        "CREATE TABLE public.mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER mine BEFORE INSERT ON pgqueuer EXECUTE FUNCTION refuse_change()",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_rules_in_force_change_at_their_date_and_are_stamped(
    fresh: SessionMaker, nobody: TestDatabase
) -> None:
    # Rules are made by migrations, so by the owner; in a database of its own, since nothing else knows this one.
    for version, since in ((1, "- interval '2 days'"), (2, "+ interval '2 days'")):
        await execute(
            nobody.owner_url,
            "INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status)"
            f" VALUES (gen_random_uuid(), 'test.term', {version}, '{version}', now() {since}, 'test', 'house')",
        )
    async with fresh() as session:
        moment = await now(session)
        today = await rulebook.in_force(session)
        later = await rulebook.in_force(session, moment + timedelta(days=3))
    assert (today.integer("test.term"), later.integer("test.term")) == (1, 2)
    assert later.stamp() == [{"key": "test.term", "version": 2}]


async def test_only_who_placed_a_stop_lifts_it(session: AsyncSession) -> None:
    regulator, other, subject = someone(Role.REGULATOR_OFFICER), someone(), new_id()
    await stops.place(session, regulator, subject_kind="thing", subject_id=subject, reason="misuse")
    assert [stop.reason for stop in await stops.active(session, [subject, new_id()])] == ["misuse"]
    with pytest.raises(NotStopped):
        await stops.lift(session, other, subject_kind="thing", subject_id=subject, reason="no")
    await stops.lift(session, regulator, subject_kind="thing", subject_id=subject, reason="mended")
    assert await stops.active(session, [subject]) == []
    assert len(await stops.history(session, [subject])) == 1


async def queued(sessions: SessionMaker, marker: str) -> int:
    async with sessions() as session:
        found = await session.scalar(
            sa.text(
                "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE :marker"
            ).bindparams(marker=f"%{marker}%")
        )
    return int(found or 0)


async def test_a_job_exists_exactly_when_its_transaction_commits(sessions: SessionMaker) -> None:
    kept, lost = str(new_id()), str(new_id())
    async with transaction(sessions) as session:
        await jobs.enqueue(session, "test.nothing", {"marker": kept})
        assert await queued(sessions, kept) == 0
    assert await queued(sessions, kept) == 1

    async def ask_and_fail() -> None:
        async with transaction(sessions) as session:
            await jobs.enqueue(session, "test.nothing", {"marker": lost})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask_and_fail()
    assert await queued(sessions, lost) == 0


async def test_a_dedupe_key_keeps_one_job(sessions: SessionMaker) -> None:
    marker = str(new_id())

    async def ask() -> None:
        async with transaction(sessions) as session:
            await jobs.enqueue(session, "test.nothing", {"marker": marker}, dedupe_key=marker)

    await asyncio.gather(*(ask() for _ in range(4)))
    assert await queued(sessions, marker) == 1
