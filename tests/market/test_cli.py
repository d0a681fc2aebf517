"""The `market` command as a stranger meets it: help, and one line where it cannot go on."""

import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from infra.keys import REREAD_SECONDS, KeyRing
from infra.migrations import runner
from infra.settings import Settings
from market.operations.errors import one_line
from tests.support.command import MarketCommand
from tests.support.database import TestDatabase
from tests.support.network import free_port

PROJECT = Path(__file__).parents[2]
COMMANDS = (
    "up",
    "serve",
    "worker",
    "migrate",
    "demo",
    "openapi",
    "backup",
    "restore",
    "restore-administrator",
)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that could not go on."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("market: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(market_command: MarketCommand, command: str) -> None:
    done = market_command(command, "--help")
    assert done.returncode == 0
    assert f"Usage: market {command}" in done.stdout.replace("python -m market.cli", "market")
    assert "--data-dir" in done.stdout or command == "openapi"


@pytest.mark.parametrize("command", ["list", "rotate", "revoke", "retire"])
def test_each_command_about_keys_explains_itself(market_command: MarketCommand, command: str) -> None:
    done = market_command("keys", command, "--help")
    assert done.returncode == 0
    assert "--data-dir" in done.stdout


@pytest.mark.parametrize("command", ["list", "show", "retry", "drop"])
def test_each_command_about_held_work_explains_itself(market_command: MarketCommand, command: str) -> None:
    done = market_command("jobs", command, "--help")
    assert done.returncode == 0
    assert "--data-dir" in done.stdout


def test_held_work_that_does_not_exist_is_told_in_one_line(
    market_command: MarketCommand, database: TestDatabase
) -> None:
    for wrong in ("no-id", "00000000-0000-7000-8000-000000000000", "999999999"):
        assert wrong in complaint(
            market_command("jobs", "show", wrong, DATABASE_SERVICE_URL=database.service_url)
        )
    done = market_command("jobs", "list", DATABASE_SERVICE_URL=database.service_url)
    assert done.returncode == 0, done.stderr


def test_an_administrator_comes_back_by_the_command(
    market_command: MarketCommand, nobody: TestDatabase, tmp_path: Path
) -> None:
    urls = {"DATABASE_URL": nobody.owner_url, "DATABASE_SERVICE_URL": nobody.service_url}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return market_command(*arguments, "--data-dir", str(tmp_path), **urls)

    assert "migrate --administrator" in complaint(run("restore-administrator", "new@market.example"))
    assert run("migrate", "--administrator").returncode == 0
    assert "e-mail" in complaint(run("restore-administrator", "nobody"))
    done = run("restore-administrator", "new@market.example")
    assert done.returncode == 0, done.stderr
    assert "new@market.example  password " in done.stdout
    # Who has only lost the password, or the phone, keeps the account.
    link = run("admin", "reset-password", "New@Market.example")
    assert link.returncode == 0, link.stderr
    assert "Token: " in link.stdout
    assert "/v1/password-resets/acceptance" in link.stdout
    assert "has no second factor" in run("admin", "reset-second-factor", "new@market.example").stdout
    for command in ("reset-password", "reset-second-factor"):
        assert "Nobody" in complaint(run("admin", command, "nobody@market.example"))


def test_keys_change_under_a_process_that_runs_already(market_command: MarketCommand, tmp_path: Path) -> None:
    def keys(*arguments: str) -> str:
        done = market_command("keys", *arguments, "--data-dir", str(tmp_path))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def published() -> list[str]:
        ticks[0] += REREAD_SECONDS
        return [key["kid"] for key in running.jwks()["keys"]]

    assert "There are no keys" in complaint(market_command("keys", "list", "--data-dir", str(tmp_path)))
    folder, ticks = Settings(_env_file=None, data_dir=tmp_path).keys_dir, [0.0]
    KeyRing.load(folder)
    running = KeyRing(folder, monotonic=lambda: ticks[0])
    [first] = published()
    assert f"{first}  signing" in keys("list")
    said = keys("rotate")
    assert published()[0] == first
    [second] = set(published()) - {first}
    assert second in said
    assert f"{second}  published" in keys("list")
    again = market_command("keys", "rotate", "--data-dir", str(tmp_path))
    assert f"market keys revoke {second}" in complaint(again)
    # A thief has the one that signs: the one that waited takes over.
    assert f"The key {second} signs" in keys("revoke", first)
    assert published() == [second]
    assert f"{first}  revoked" in keys("list")
    keys("rotate", "--publish-minutes", "0")
    assert published()[1:] == [second]
    assert "No key has run out" in keys("retire")
    for kid in ("nonsense", "-Pnonsense-dh"):  # one id in 64 begins with a dash
        assert f"no key {kid}" in complaint(
            market_command("keys", "revoke", kid, "--data-dir", str(tmp_path))
        )


def test_help_names_every_command_and_loads_little(market_command: MarketCommand) -> None:
    done = market_command("--help")
    assert all(f"  {command} " in done.stdout for command in (*COMMANDS, "admin", "jobs", "keys"))
    script = (
        "import sys, market.cli; heavy = {'litestar', 'sqlalchemy', 'pydantic', 'great_expectations', 'asyncpg'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_api_process_loads_no_great_expectations() -> None:
    script = "import sys, market.app, market.operations.serving; print('great_expectations' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "False"


def test_openapi_needs_no_database(market_command: MarketCommand) -> None:
    done = market_command("openapi")
    assert done.returncode == 0, done.stderr
    assert '"openapi": "3.' in done.stdout


def test_taken_port_is_named(market_command: MarketCommand, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = complaint(market_command("up", "--data-dir", str(tmp_path), "--port", port))
    assert f"Port {port} on 127.0.0.1 is taken" in told
    assert "--port" in told
    assert list(tmp_path.iterdir()) == []


def test_data_folder_that_cannot_be_written_is_named(market_command: MarketCommand, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = complaint(market_command("migrate", "--data-dir", str(tmp_path / "file" / "data")))
    assert "cannot write to" in told


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://a:b@127.0.0.1:1/c", "PostgreSQL cannot be reached"),
        ("no address at all", "no address of a PostgreSQL database: write it like postgresql://"),
    ],
)
def test_database_that_does_not_answer_is_named(
    market_command: MarketCommand, url: str, words: str, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": url, "MARKET_PORT": str(free_port())}
    for command in (["migrate"], ["serve"], ["worker"], ["backup", str(tmp_path / "b")], ["up"]):
        told = complaint(market_command(*command, "--data-dir", str(tmp_path / "d"), **environment))
        assert words in told
        assert "DATABASE_URL" in told


def test_commands_without_any_database_say_so(market_command: MarketCommand, tmp_path: Path) -> None:
    for command in ("serve", "worker"):
        assert "market up" in complaint(market_command(command, "--data-dir", str(tmp_path)))


async def test_wrong_login_is_named(market_command: MarketCommand, settings: Settings) -> None:
    assert settings.database_url is not None
    wrong = settings.database_url.get_secret_value().replace(":", ":x", 2).replace("x//", "//", 1)
    told = complaint(market_command("migrate", DATABASE_URL=wrong))
    assert "refuses the login" in told


@pytest.mark.parametrize(("revision", "words"), [("0001", "run `market migrate`"), ("9999", "is newer than")])
async def test_schema_of_another_version_is_named(
    market_command: MarketCommand, revision: str, words: str, settings: Settings
) -> None:
    assert settings.database_url is not None
    assert settings.database_service_url is not None
    owner, service = (
        settings.database_url.get_secret_value(),
        settings.database_service_url.get_secret_value(),
    )
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
        for command in ("serve", "worker"):
            told = complaint(market_command(command, DATABASE_SERVICE_URL=service))
            assert words in told
        if revision == "9999":
            told = complaint(market_command("migrate", DATABASE_URL=owner, DATABASE_SERVICE_URL=service))
            assert words in told
    finally:
        await connection.execute("UPDATE alembic_version SET version_num = $1", runner.head())
        await connection.close()


def test_fault_of_ours_keeps_its_traceback() -> None:
    assert one_line(KeyError("surprise")) is None
    assert one_line(FileNotFoundError("surprise")) is None
