"""Unlawfully published data is destroyed under four eyes, everywhere, and does not come back with an old backup."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from infra.addresses import owner_url
from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from infra.jobs import JobContext
from infra.keys import KeyRing
from infra.postgres import EmbeddedPostgres
from infra.postgres_host import packaged_programs
from infra.settings import Settings
from market.operations import backup, purged_again, purges
from market.operations.backup import back_up
from market.operations.database import with_server
from market.operations.errors import CommandFailed
from market.operations.restore import restore
from tests.support.bargain import Bargain
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.products import CSV, settle_quality, upload

CANARY = "CANARY7f3e91d04b"
DATA = CSV.replace(b"S3,", CANARY.encode() + b",")
ORDER: dict[str, Any] = {
    "reason": "It names people in a shelter",
    "legal_basis": "个人信息保护法第四十七条",
    "order_sha256": "a" * 64,
}
WHY = {"reason": "Seen and agreed with"}


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="market-purge-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def officers(app: Litestar, sessions: SessionMaker, bargain: Bargain) -> list[httpx.AsyncClient]:
    """Two officers of the regulator, and one of the platform."""
    platform = await make_organisation(sessions, OrganisationKind.PLATFORM)
    people = [
        await make_person(sessions, bargain.regulator.organisation_id, [Role.REGULATOR_OFFICER]),
        await make_person(sessions, bargain.regulator.organisation_id, [Role.REGULATOR_OFFICER]),
        await make_person(sessions, platform, [Role.PLATFORM_ADMIN]),
    ]
    return [await sign_in(app, person.email) for person in people]


@pytest.fixture
def context(app: Litestar, settings: Settings, sessions: SessionMaker) -> JobContext:
    return JobContext(
        settings=settings, sessions=sessions, store=app.state.store, keys=KeyRing.load(settings.keys_dir)
    )


def holds_canary(root: Path) -> list[str]:
    found = [path for path in root.rglob("*") if path.is_file()]
    return [str(path) for path in found if CANARY.encode() in path.read_bytes()]


async def dumped(url: str, target: Path) -> bytes:
    """The database as SQL."""
    program = packaged_programs() / "pg_dump"
    subprocess.run([str(program), f"--file={target}", f"--dbname={url}"], check=True)
    return target.read_bytes()


def libpq(settings: Settings) -> str:
    return owner_url(settings).replace("+asyncpg", "")


async def test_purged_data_is_gone_from_files_database_and_memory(
    bargain: Bargain,
    officers: list[httpx.AsyncClient],
    context: JobContext,
    settings: Settings,
    app: Litestar,
    folder: Path,
) -> None:
    first, second, platform = officers
    _, token = await bargain.licensed()
    served = (await bargain.read(token)).headers["data-revision"]
    bad = await upload(bargain.operator, bargain.product_id, DATA)
    await settle_quality(bargain.operator, bad["id"])
    app.state.data_plane.revision_changed(UUID(bargain.product_id))
    page = await bargain.read(token, "limit=60", **{"Idempotency-Key": "seen"})
    assert CANARY in page.text
    assert CANARY in (await dumped(libpq(settings), folder / "before.sql")).decode()
    await back_up(settings, folder / "old", lambda _: None)
    shutil.copytree(folder / "old", folder / "elsewhere")
    shutil.copytree(folder / "old-keys", folder / "elsewhere-keys")

    path = f"/v1/products/{bargain.product_id}/purge-orders"
    body = ORDER | {"revision_ids": [bad["id"]]}
    assert (await bargain.operator.http.post(path, json=body)).status_code == 403
    assert (await platform.post(path, json=body)).status_code in (403, 404)
    assert (await bargain.regulator.http.post(path, json=body)).status_code == 403  # a program
    ordered = (await first.post(path, json=body)).json()
    assert ordered["status"] == "ordered", ordered
    assert (await bargain.read(token)).headers["data-revision"] == served
    refused = await first.post(f"/v1/purge-orders/{ordered['id']}/confirmation", json=WHY)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "another-officer")
    confirmed = await second.post(f"/v1/purge-orders/{ordered['id']}/confirmation", json=WHY)
    assert confirmed.status_code == 200, confirmed.text
    assert CANARY not in (await dumped(libpq(settings), folder / "after.sql")).decode()
    await purges.purge(context, {"order_id": ordered["id"]})

    tombstone = (await platform.get(f"/v1/purge-orders/{ordered['id']}")).json()
    assert (
        tombstone["status"],
        tombstone["order_sha256"],
        tombstone["decided_by"] != tombstone["ordered_by"],
    ) == (
        "completed",
        ORDER["order_sha256"],
        True,
    )
    assert tombstone["revisions"][0]["sha256"] == bad["sha256"]
    assert [
        (one["holds"], one["marked"]) for one in tombstone["backups"] if one["folder"] == str(folder / "old")
    ] == [(True, True)]
    assert holds_canary(settings.objects_dir) == holds_canary(settings.spool_dir) == []
    assert not app.state.data_plane._cache._pages
    repeated = await bargain.read(token, "limit=60", **{"Idempotency-Key": "seen"})
    assert (repeated.status_code, repeated.json()["type"].rpartition(":")[2]) == (409, "revision-recalled")
    assert (await bargain.operator.http.get(f"/v1/revisions/{bad['id']}/sample")).json()["rows"] == []
    history = (await bargain.buyer.get(f"/v1/catalogue/{bargain.product_id}/revisions"))["items"]
    assert [(item["number"], item["status"]) for item in history] == [(2, "purged"), (1, "current")]
    again = await upload(bargain.operator, bargain.product_id, DATA, status=409)
    assert again["type"].endswith(":data-purged")

    # An old backup: where it was made it was marked; elsewhere somebody has to say what was purged since.
    with pytest.raises(CommandFailed, match="--purges"):
        await restore(Settings(_env_file=None, data_dir=folder / "no"), folder / "elsewhere", lambda _: None)
    told: list[str] = []
    await purged_again.report(settings, folder / "notes", told.append)
    assert any("holds 1 purged files, marked" in line for line in told), told
    for source, notes in ((folder / "old", None), (folder / "elsewhere", folder / "notes")):
        fresh = Settings(_env_file=None, data_dir=folder / f"restored-{source.name}")
        await restore(fresh, source, told.append, purged=notes)
        assert "1 revisions that were purged since are purged again" in told
        assert holds_canary(fresh.data_dir) == []
        server = EmbeddedPostgres(fresh.data_dir)
        try:
            started = with_server(fresh, server.start())
            assert CANARY not in (await dumped(libpq(started), folder / f"{source.name}.sql")).decode()
            connection = await asyncpg.connect(libpq(started))
            purged = await connection.fetchval(
                "SELECT purged_at FROM product_revisions WHERE id = $1", UUID(bad["id"])
            )
            await connection.close()
            assert purged is not None
        finally:
            server.destroy()


async def test_suites_and_reports_of_other_revisions_lose_what_only_the_purged_data_holds(
    bargain: Bargain, officers: list[httpx.AsyncClient], settings: Settings, folder: Path
) -> None:
    operator, home = bargain.operator, f"/v1/products/{bargain.product_id}"
    data = DATA + b"S1,2026-02-01T00:00:00Z,1.5,13800000077\n"
    bad = await upload(operator, bargain.product_id, data)
    await settle_quality(operator, bad["id"])
    stations = {"type": "in_set", "columns": ["station"], "dimension": "conformity"}
    suite = (await operator.get(f"{home}/quality-suite"))["in_force"]
    checks = [
        stations | {"arguments": {"values": ["S1", "S2", CANARY]}, "owner": f"keeper of {CANARY}"},
        {
            "type": "distribution",
            "columns": ["station"],
            "dimension": "consistency",
            "arguments": {
                "baseline": {"kind": "categories", "shares": {"S1": "0.5", CANARY: "0.5"}},
                "maximum": "0.9",
            },
        },
        {
            "type": "distribution",
            "columns": ["phone"],
            "dimension": "consistency",
            "arguments": {
                "baseline": {"kind": "quantiles", "quantiles": ["1"] * 10 + ["13800000077"]},
                "maximum": "0.9",
            },
        },
        {
            "type": "sql",
            "columns": [],
            "dimension": "accuracy",
            "arguments": {"statement": f"SELECT row_number FROM revision WHERE station = '{CANARY}'"},
            "name": "not there",
        },
        {
            "type": "between",
            "columns": ["pm25"],
            "dimension": "accuracy",
            "arguments": {"minimum": "0.5", "maximum": "59.5"},
        },
    ]
    body = {"product_class": "general", "checks": checks, "based_on": suite["digest"]}
    await operator.put(f"{home}/quality-suite", body)
    ordered = (
        await officers[0].post(f"{home}/purge-orders", json=ORDER | {"revision_ids": [bad["id"]]})
    ).json()
    assert (await officers[1].post(f"/v1/purge-orders/{ordered['id']}/confirmation", json=WHY)).is_success
    dump = (await dumped(libpq(settings), folder / "after.sql")).decode()
    assert CANARY not in dump
    left = (await operator.get(f"{home}/quality-suite"))["proposed"]["checks"]
    assert left[0]["arguments"] == {"values": ["S1", "S2", "[purged]"]}
    assert left[1]["arguments"]["baseline"]["shares"] == {"S1": "0.5", "[purged]": "0.5"}
    assert left[2]["arguments"]["baseline"] == {"kind": "categories", "shares": {"[purged]": "1"}}
    assert "'[purged]'" in left[3]["arguments"]["statement"]
    assert left[4]["arguments"] == checks[4]["arguments"], "a bound is a rule, not a value"
    # It is a suite still, and what it says now can be written again.
    answer = await operator.http.put(
        f"{home}/quality-suite",
        json={
            "product_class": "general",
            "checks": left,
            "based_on": (await operator.get(f"{home}/quality-suite"))["proposed"]["digest"],
        },
    )
    assert answer.status_code == 200, answer.text
    connection = await asyncpg.connect(libpq(settings))
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(
                "UPDATE quality_suites SET digest = '' WHERE product_id = $1", UUID(bargain.product_id)
            )
    finally:
        await connection.close()


@pytest.mark.parametrize("moment", ["table_states", "_remember"])
async def test_a_backup_that_is_made_meanwhile_purges_it_again(
    bargain: Bargain,
    officers: list[httpx.AsyncClient],
    context: JobContext,
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """Purged after the database was read, or after the files were copied."""
    # Data that no other test has had purged: the same is not taken again.
    own = f"{13_900_000_000 + len(moment)}\n".encode()
    bad = await upload(bargain.operator, bargain.product_id, DATA + b"S8,2026-02-01T00:00:00Z,1.5," + own)
    await upload(bargain.operator, bargain.product_id, CSV + b"S9,2026-02-01T00:00:00Z,1.5," + own)
    body = ORDER | {"revision_ids": [bad["id"]]}
    ordered = (await officers[0].post(f"/v1/products/{bargain.product_id}/purge-orders", json=body)).json()
    go_on = getattr(backup, moment)

    async def meanwhile(*arguments: Any) -> Any:
        confirmed = await officers[1].post(f"/v1/purge-orders/{ordered['id']}/confirmation", json=WHY)
        assert confirmed.status_code == 200, confirmed.text
        await purges.purge(context, {"order_id": ordered["id"]})
        return await go_on(*arguments)

    monkeypatch.setattr(backup, moment, meanwhile)
    told: list[str] = []
    await backup.back_up(settings, folder / "during", told.append)
    # Nobody is asked to put back what was purged, and what was copied before is known as purged.
    assert not any("lost" in line for line in told if bad["id"] in line)
    assert UUID(bad["id"]) in purges.read_notes(folder / "during")


async def test_a_rejected_order_gives_the_data_back(
    bargain: Bargain, officers: list[httpx.AsyncClient], app: Litestar
) -> None:
    first, _, platform = officers
    _, token = await bargain.licensed()
    served = (await bargain.read(token)).headers["data-revision"]
    path = f"/v1/products/{bargain.product_id}/purge-orders"
    ordered = (await first.post(path, json=ORDER)).json()
    assert ordered["whole_product"]
    assert (await bargain.read(token)).status_code == 404
    other = await platform.post(f"/v1/purge-orders/{ordered['id']}/rejection", json=WHY)
    assert other.status_code == 403
    rejected = await first.post(f"/v1/purge-orders/{ordered['id']}/rejection", json=WHY)
    assert rejected.json()["status"] == "rejected", rejected.text
    app.state.data_plane.revision_changed(UUID(bargain.product_id))
    assert (await bargain.read(token)).headers["data-revision"] == served
    late = await platform.post(f"/v1/purge-orders/{ordered['id']}/confirmation", json=WHY)
    assert late.json()["type"].endswith(":purge-order-state")


async def test_rows_are_emptied_by_a_confirmed_order_and_by_nothing_else(
    bargain: Bargain, officers: list[httpx.AsyncClient], settings: Settings
) -> None:
    path = f"/v1/products/{bargain.product_id}/purge-orders"
    ordered = (await officers[0].post(path, json=ORDER)).json()
    revision_id = UUID(ordered["revisions"][0]["revision_id"])
    connection = await asyncpg.connect(libpq(settings))
    try:
        for statement in (
            "UPDATE product_revisions SET sample = '[]' WHERE id = $1",
            "UPDATE product_revisions SET rows = 0 WHERE id = $1",
            "DELETE FROM product_revisions WHERE id = $1",
            "UPDATE quality_reports SET checks = '[]' WHERE revision_id = $1",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement, revision_id)
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("SELECT purge_revisions($1)", UUID(ordered["id"]))
    finally:
        await connection.close()
        # Other tests upload the same data, which is not taken under an order.
        await officers[0].post(f"/v1/purge-orders/{ordered['id']}/rejection", json=WHY)
