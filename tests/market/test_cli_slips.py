"""Slips at the command line: each is told in words that name what was typed, and nothing is made by mistake."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.command import MarketCommand


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(market_command: MarketCommand, option: str) -> None:
    done = market_command(option)
    assert (done.returncode, done.stdout) == (0, f"market {version('data-market')}\n")


@pytest.mark.parametrize("command", ["up", "serve", "demo"])
@pytest.mark.parametrize("port", ["0", "-1", "99999", "80.5", "http"])
def test_a_wrong_port_is_blamed_on_the_option(
    market_command: MarketCommand, command: str, port: str, tmp_path: Path
) -> None:
    done = market_command(command, "--port", port, "--data-dir", tmp_path)
    assert done.returncode == 2
    assert "'--port'" in done.stderr
    assert "MARKET_PORT" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_variable_is_blamed_on_the_variable(market_command: MarketCommand, tmp_path: Path) -> None:
    done = market_command("up", "--data-dir", tmp_path, MARKET_PORT="99999")
    assert done.returncode == 1
    assert done.stderr == (
        "market: The setting MARKET_PORT cannot be used: must be 65535 or less. "
        "Change it in the environment or in .env.\n"
    )
    done = market_command("up", "--data-dir", tmp_path, MARKET_FILE_MEMORY_MB="lots")
    assert "MARKET_FILE_MEMORY_MB cannot be used: must be a whole number." in done.stderr


def test_an_option_wins_over_a_wrong_variable(market_command: MarketCommand, tmp_path: Path) -> None:
    done = market_command("demo", "--data-dir", tmp_path, "--port", "1", MARKET_PORT="99999")
    assert "MARKET_PORT" not in done.stderr
    assert "MARKET_ADMIN_PASSWORD" in done.stderr


def test_the_demo_says_at_once_that_nobody_reads_its_mail(
    market_command: MarketCommand, tmp_path: Path
) -> None:
    mail = {"MARKET_SMTP_HOST": "127.0.0.1", "MARKET_SMTP_SENDER": "market@market.example"}
    done = market_command("demo", "--data-dir", tmp_path, MARKET_ADMIN_PASSWORD="none", **mail)
    assert done.returncode == 1
    assert "MARKET_SMTP_HOST" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("up",),
        ("serve",),
        ("worker",),
        ("migrate",),
        ("demo",),
        ("restore", "copy"),
        ("admin", "reset-password", "a@market.example"),
    ],
    ids=lambda words: words[0],
)
def test_an_empty_data_folder_name_is_not_the_folder_one_stands_in(
    market_command: MarketCommand, command: tuple[str, ...]
) -> None:
    done = market_command(*command, "--data-dir", "")
    assert done.returncode == 2
    assert "'--data-dir'" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("up",),
        ("migrate",),
        ("demo",),
        ("keys", "list"),
        ("restore-administrator", "a@market.example"),
        ("restore", "copy"),
        ("admin", "reset-password", "a@market.example"),
        ("jobs", "list"),
    ],
    ids=lambda words: words[0],
)
def test_a_file_in_place_of_the_data_folder_is_called_a_file(
    market_command: MarketCommand, command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("")
    done = market_command(*command, "--data-dir", tmp_path / "notes.txt")
    assert done.returncode == 2
    assert "'--data-dir'" in done.stderr
    assert "is a file" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "copy"),
        ("restore-administrator", "a@market.example"),
        ("admin", "reset-password", "a@market.example"),
        ("admin", "reset-second-factor", "a@market.example"),
        ("jobs", "list"),
        ("jobs", "show", "1"),
    ],
    ids=lambda words: "-".join(words),
)
def test_a_folder_without_data_is_named_and_stays_as_it_is(
    market_command: MarketCommand, command: tuple[str, ...], tmp_path: Path
) -> None:
    """Mistyped, it would otherwise be filled with a service that nobody wanted."""
    data_dir = tmp_path / "vra"
    words = [str(tmp_path / word) if word == "copy" else word for word in command]
    done = market_command(*words, "--data-dir", data_dir)
    assert done.returncode == 1
    assert done.stderr == (
        f"market: There is no market's data in {data_dir}: name its folder with --data-dir or MARKET_DATA_DIR, or make"
        " one with `market up`.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_backup_into_a_file_leaves_nothing_behind(market_command: MarketCommand, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgres.json").write_text("{}")
    (tmp_path / "copy").write_text("")
    done = market_command("backup", tmp_path / "copy", "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "data"]


@pytest.mark.parametrize(
    ("target", "words"),
    [("nowhere/out.json", "no folder"), (".", "is a folder"), ("file/out.json", "no folder")],
)
def test_where_the_facts_go_is_looked_at_before_the_trade_is_played(
    market_command: MarketCommand, tmp_path: Path, target: str, words: str
) -> None:
    (tmp_path / "file").write_text("")
    done = market_command(
        "demo", "--json", tmp_path / target, "--data-dir", tmp_path, MARKET_ADMIN_PASSWORD="none"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("market: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("upp",), "Did you mean 'up'?"),
        (("up", "--prot", "1"), "--port"),
        (("up", "extra"), "extra"),
        (("backup",), "destination"),
        (("restore", "somewhere"), "--data-dir"),
        (("jobs", "drop", "1"), "--reason"),
        (("restore-administrator",), "email"),
        (("--port", "1", "up"), "--port"),
        (("openapi", "--port", "1"), "--port"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else None,
)
def test_wrong_words_are_named(market_command: MarketCommand, arguments: tuple[str, ...], words: str) -> None:
    done = market_command(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_sends_no_password_to_another_service(market_command: MarketCommand, tmp_path: Path) -> None:
    asked: list[str] = []

    class Another(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append("GET")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>It works!</h1>")

        def do_POST(self) -> None:
            asked.append("POST")
            self.send_error(501)

        def log_message(self, *args: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Another) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_address[1])
        done = market_command("demo", "--data-dir", tmp_path, "--port", port, MARKET_ADMIN_PASSWORD="secret")
        server.shutdown()
    assert done.returncode == 1
    assert "Another service answers" in done.stderr
    assert "--port" in done.stderr
    assert asked == ["GET"]


@pytest.mark.parametrize("address", ["zzz", "mysql://a:secret@127.0.0.1:1/x", "postgresql://a:b@c:port/x"])
def test_an_address_of_no_postgresql_is_told_how_to_write_one(
    market_command: MarketCommand, tmp_path: Path, address: str
) -> None:
    done = market_command("migrate", "--data-dir", tmp_path, DATABASE_URL=address)
    assert done.returncode == 1
    assert "postgresql://user:password@host:5432/database" in done.stderr
    assert "secret" not in done.stderr
