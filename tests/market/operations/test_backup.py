"""A backup brought to life elsewhere holds what the original held, and a damaged one is refused."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from infra.addresses import owner_url, secret_box, service_url
from infra.keys import KeyRing
from infra.objects import LocalStore
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings
from market.operations.backup import back_up
from market.operations.database import bring_up_to_date, first_administrator, with_server
from market.operations.errors import CommandFailed
from market.operations.manifest import DUMP, MANIFEST, read_manifest
from market.operations.restore import restore
from tests.support.database import TestDatabase

Contents = dict[str, list[str]]
silent: Callable[[str], None] = print


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder the embedded server's account can pass through; pytest's own are closed when it runs as root."""
    made = Path(tempfile.mkdtemp(prefix="market-backup-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def original(nobody: TestDatabase, tmp_path: Path) -> Settings:
    """An installation with rows, data files and keys."""
    made = Settings(
        _env_file=None,
        data_dir=tmp_path / "original",
        database_url=nobody.owner_url,
        database_service_url=nobody.service_url,
    )
    made.data_dir.mkdir()
    KeyRing.load(made.keys_dir)
    secret_box(made)
    store = LocalStore(made.objects_dir)
    for number in range(3):
        source = tmp_path / f"{number}.parquet"
        source.write_bytes(bytes([number]) * 10_000)
        store.put(source, f"revisions/{number}.parquet")
    await first_administrator(made)
    return made


async def contents(url: str) -> Contents:
    """Every row of every table as text, in order."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        return {
            name: [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{name}" t ORDER BY 1')]
            for (name,) in names
        }
    finally:
        await connection.close()


def files(root: Path) -> dict[str, bytes]:
    kept = [path for name in ("objects", "keys") for path in (root / name).rglob("*")]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in kept
        if path.is_file() and path.name != ".lock"
    }


async def test_restored_installation_is_the_original(original: Settings, folder: Path) -> None:
    before = await contents(owner_url(original))
    assert before["rulebook_parameters"]
    assert before["audit_entries"]
    manifest = await back_up(original, folder / "backup", silent)
    # A partitioned table counts through its partitions.
    assert {name.removeprefix("public.") for name in manifest.tables} <= before.keys()
    assert manifest.tables["public.audit_entries"].rows == len(before["audit_entries"])
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    assert await restore(fresh, folder / "backup", silent) == manifest
    server = EmbeddedPostgres(fresh.data_dir)
    try:
        started = with_server(fresh, server.start())
        assert await contents(owner_url(started)) == before
        assert files(fresh.data_dir) == files(original.data_dir)
        await bring_up_to_date(started)
        connection = await asyncpg.connect(service_url(started))
        assert await connection.fetchval("SELECT count(*) FROM audit_entries") == len(before["audit_entries"])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE audit_entries SET action = ''")
        await connection.close()
        assert await first_administrator(started) is None
    finally:
        server.destroy()


async def test_backup_is_private(original: Settings, folder: Path) -> None:
    await back_up(original, folder / "backup", silent)
    assert (folder / "backup").stat().st_mode & 0o077 == 0
    with pytest.raises(CommandFailed, match="not empty"):
        await back_up(original, folder / "backup", silent)


async def test_a_backup_alone_opens_nothing(original: Settings, folder: Path) -> None:
    (original.data_dir / "demo.json").write_text('{"password": "of the demo"}')
    manifest = await back_up(original, folder / "backup", silent)
    private = [path.read_bytes() for path in original.keys_dir.glob("*.pem")]
    secrets = [*private, (original.data_dir / "master.key").read_bytes().strip(), b"of the demo"]
    assert len(private) == 1
    for path in (folder / "backup").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
    keys = folder / "backup-keys"
    assert manifest.keys.keys() == {str(path.relative_to(keys)) for path in keys.rglob("*") if path.is_file()}
    assert {"master.key", "demo.json", "keys/ring.json"} < manifest.keys.keys()
    for path in (keys, *keys.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0


async def test_keys_are_kept_where_one_says_but_not_in_the_backup(original: Settings, folder: Path) -> None:
    with pytest.raises(CommandFailed, match="apart"):
        await back_up(original, folder / "backup", silent, keys=folder / "backup" / "keys")
    assert not (folder / "backup").exists()
    elsewhere = folder / "elsewhere" / "keys"
    await back_up(original, folder / "backup", silent, keys=elsewhere)
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    with pytest.raises(CommandFailed, match="--keys"):
        await restore(fresh, folder / "backup", silent)
    assert not fresh.data_dir.exists()
    # As the text says:
    await restore(fresh, folder / "backup", silent, keys=elsewhere)
    assert files(fresh.data_dir) == files(original.data_dir)
    assert (fresh.data_dir / "master.key").read_text() == (original.data_dir / "master.key").read_text()
    EmbeddedPostgres(fresh.data_dir).destroy()


async def test_keys_of_another_backup_are_refused(original: Settings, folder: Path) -> None:
    await back_up(original, folder / "backup", silent)
    (folder / "backup-keys" / "master.key").write_text("A" * 43 + "=")
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    with pytest.raises(CommandFailed, match="not the key that belongs"):
        await restore(fresh, folder / "backup", silent)
    shutil.rmtree(folder / "backup-keys")
    other = fresh.model_copy(update={"master_key": SecretStr("B" * 42 + "A=")})
    with pytest.raises(CommandFailed, match="not the master key"):
        await restore(other, folder / "backup", silent)
    assert not fresh.data_dir.exists()


async def test_with_the_master_key_alone_new_signing_keys_are_made(original: Settings, folder: Path) -> None:
    await back_up(original, folder / "backup", silent)
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    said: list[str] = []
    master = (original.data_dir / "master.key").read_text().strip()
    shutil.rmtree(folder / "backup-keys")
    await restore(fresh.model_copy(update={"master_key": SecretStr(master)}), folder / "backup", said.append)
    assert any("new ones are made" in line for line in said)
    assert not (fresh.data_dir / "keys").exists()
    EmbeddedPostgres(fresh.data_dir).destroy()


async def test_a_backup_of_the_older_form_is_restored(original: Settings, folder: Path) -> None:
    backup = folder / "backup"
    await back_up(original, backup, silent)
    manifest = json.loads((backup / MANIFEST).read_text())
    for name in ("keys", "master.key"):
        (folder / "backup-keys" / name).rename(backup / "files" / name)
    manifest["files"] |= {f"files/{name}": digest for name, digest in manifest.pop("keys").items()}
    manifest.pop("master_key_check")
    manifest["format"] = 1
    (backup / MANIFEST).write_text(json.dumps(manifest))
    shutil.rmtree(folder / "backup-keys")
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    await restore(fresh, backup, silent)
    assert files(fresh.data_dir) == files(original.data_dir)
    EmbeddedPostgres(fresh.data_dir).destroy()


async def test_master_key_that_is_not_in_the_backup_is_asked_for(original: Settings, folder: Path) -> None:
    key = SecretStr("A" * 43 + "=")
    await back_up(original.model_copy(update={"master_key": key}), folder / "backup", silent)
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    with pytest.raises(CommandFailed, match="MARKET_MASTER_KEY"):
        await restore(fresh, folder / "backup", silent)
    assert not fresh.data_dir.exists()
    await restore(fresh.model_copy(update={"master_key": key}), folder / "backup", silent)
    assert not (fresh.data_dir / "master.key").exists()
    EmbeddedPostgres(fresh.data_dir).destroy()


async def test_damaged_backup_is_refused_before_anything_is_made(original: Settings, folder: Path) -> None:
    backup = folder / "backup"
    await back_up(original, backup, silent)
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    whole = (backup / DUMP).read_bytes()
    (backup / DUMP).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CommandFailed, match=r"database\.dump is not what was written"):
        await restore(fresh, backup, silent)
    (backup / DUMP).unlink()
    with pytest.raises(CommandFailed, match=r"lacks database\.dump"):
        await restore(fresh, backup, silent)
    (backup / MANIFEST).unlink()
    with pytest.raises(CommandFailed, match="no complete backup"):
        read_manifest(backup)
    assert not fresh.data_dir.exists()


async def test_restored_database_that_differs_is_not_kept(original: Settings, folder: Path) -> None:
    await back_up(original, folder / "backup", silent)
    manifest = json.loads((folder / "backup" / MANIFEST).read_text())
    manifest["tables"]["public.rulebook_parameters"]["digest"] = "0"
    (folder / "backup" / MANIFEST).write_text(json.dumps(manifest))
    fresh = Settings(_env_file=None, data_dir=folder / "new")
    with pytest.raises(CommandFailed, match="rulebook_parameters is not what it was"):
        await restore(fresh, folder / "backup", silent)
    assert not fresh.data_dir.exists()


async def test_folder_in_use_is_not_restored_into(original: Settings, folder: Path) -> None:
    await back_up(original, folder / "backup", silent)
    with pytest.raises(CommandFailed, match="not empty"):
        await restore(original.model_copy(update={"database_url": None}), folder / "backup", silent)
