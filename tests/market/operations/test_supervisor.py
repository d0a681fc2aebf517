"""`market up`, lived through: ready, refused twice, hurt in every part, killed, started again, stopped."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from infra.postgres import EmbeddedPostgres
from infra.postgres_host import free_port
from infra.settings import Settings
from market.operations.supervisor import Child, Restarts, answers, last_line

PROJECT = Path(__file__).parents[3]
MEBIBYTE = 1024 * 1024


class Up:
    """One `market up` in a data folder of its own."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self.settings = Settings(_env_file=None, data_dir=data_dir, port=port)
        self.output = data_dir.parent / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; the seconds until it runs."""
        began = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command(), cwd=PROJECT, env=environment(), stdout=output, stderr=subprocess.STDOUT
            )
        wait_until(lambda: "Running." in self.output.read_text() or self.ended(), 60, self.output.read_text)
        assert not self.ended(), self.output.read_text()
        return time.monotonic() - began

    def command(self) -> list[str]:
        up = [sys.executable, "-m", "market.cli", "up"]
        return [*up, "--data-dir", str(self.data_dir), "--port", str(self.port)]

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def answers(self) -> bool:
        return answers(self.settings)

    def children(self, words: str) -> list[int]:
        """Numbers of the processes below the supervisor whose command line has these words at its end."""
        assert self.process is not None
        return [pid for pid in descendants(self.process.pid) if command_line(pid).endswith(words)]


def environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("MARKET_", "DATABASE_"))
    }


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = re.search(r"^PPid:\s(\d+)$", status.read_text(), re.MULTILINE)
        except OSError:
            continue
        if parent is not None and int(parent[1]) == pid:
            child = int(status.parent.name)
            found += [child, *descendants(child)]
    return found


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    text = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert text is not None
    return int(text[1]) * 1024


def wait_until(what: Callable[[], bool], seconds: float, told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def service() -> Iterator[Up]:
    """One service for the whole file."""
    folder = Path(tempfile.mkdtemp(prefix="market-up-"))
    folder.chmod(0o755)
    made = Up(folder / "data", free_port())
    made.start()
    yield made
    assert made.process is not None
    if not made.ended():
        made.process.kill()
        made.process.wait()
    EmbeddedPostgres(made.data_dir).destroy()
    shutil.rmtree(folder)


@pytest.fixture
def running(service: Up) -> Up:
    """The service, running; started again when the test before left it stopped."""
    if service.ended():
        service.start()
    return service


def test_first_start_shows_one_password_and_is_ready(running: Up) -> None:
    told = running.output.read_text()
    assert re.search(r"First login +admin@market\.example +password \S{20,}", told)
    assert running.answers()
    assert len(running.children("worker")) == 1


def test_api_process_is_small(running: Up) -> None:
    assert max(resident(pid) for pid in running.children("serve")) < 250 * MEBIBYTE


def test_owner_address_stays_with_the_supervisor(running: Up) -> None:
    for pid in (*running.children("serve"), *running.children("worker")):
        names = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert not any(name.startswith(b"DATABASE_URL=") for name in names)


def test_second_one_on_the_same_folder_is_told_so_in_one_line(running: Up) -> None:
    postmaster = (running.data_dir / "postgres/cluster/postmaster.pid").read_text()
    for port, words in ((free_port(), "in use by process"), (running.port, "is taken by another program")):
        command = [*running.command()[:-1], str(port)]
        second = subprocess.run(
            command, cwd=PROJECT, env=environment(), capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert words in second.stderr
    assert (running.data_dir / "postgres/cluster/postmaster.pid").read_text() == postmaster
    assert running.answers()


def test_running_service_is_backed_up(running: Up) -> None:
    destination = running.data_dir.parent / "backup"
    command = [
        sys.executable,
        "-m",
        "market.cli",
        "backup",
        str(destination),
        "--data-dir",
        str(running.data_dir),
    ]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = {path.name for path in destination.rglob("*") if path.is_file()}
    apart = {path.name for path in destination.with_name("backup-keys").rglob("*") if path.is_file()}
    assert {"database.dump", "manifest.json"} <= kept
    assert {"master.key", "ring.json"} <= apart
    assert running.answers()


class TestRestarts:
    def test_pauses_grow_up_to_a_bound_and_never_end(self) -> None:
        restarts = Restarts()
        pauses = [restarts.ended(ran=0.1) for _ in range(2000)]
        assert pauses[:8] == [0.25, 0.5, 1, 2, 4, 8, 16, 30]
        assert set(pauses[8:]) == {30}
        assert restarts.ended(ran=61) == 0.25

    def test_a_person_is_told_at_once_and_then_once_a_minute(self) -> None:
        restarts = Restarts()
        told = []
        for second in range(0, 200, 10):
            restarts.ended(ran=1)
            told.append(restarts.to_tell(now=1000.0 + second))
        assert told == [1, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 6, 0]


async def test_a_log_that_cannot_be_put_aside_does_not_fill_the_volume(tmp_path: Path) -> None:
    talkative = Child("test", ["--help"], dict(os.environ), tmp_path / "test.log")
    talkative.log.write_bytes(b"x" * 9 * MEBIBYTE)
    (tmp_path / "test.log.1").symlink_to("/dev/full")
    talkative.trim_log()
    assert talkative.log.stat().st_size == 0


async def test_a_process_runs_without_a_log_where_none_can_be_written(tmp_path: Path) -> None:
    silent = Child("test", ["--help"], dict(os.environ), tmp_path / "missing" / "test.log")
    assert await silent.run() == 0
    assert "cannot be read" in silent.last_output


def test_the_reason_is_the_last_line_that_is_marked(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("LOG: up\nPANIC: No space left on device\nLOG: terminated\n")
    assert last_line(log, "PANIC:") == "PANIC: No space left on device"
    assert last_line(log) == "LOG: terminated"


def test_a_first_start_that_does_not_succeed_is_given_up_with_its_reason() -> None:
    folder = Path(tempfile.mkdtemp(prefix="market-up-"))
    folder.chmod(0o755)
    made = Up(folder / "data", free_port())
    made.data_dir.mkdir(mode=0o711)
    (made.data_dir / "keys").write_text("a file where a folder should be")
    try:
        done = subprocess.run(
            made.command(),
            cwd=PROJECT,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 1
        # The second on a machine so busy that a minute is over first.
        assert re.search("was never ready, last with: .*keys|was not ready in 60 seconds", done.stderr)
        assert str(made.data_dir / "logs/api.log") in done.stderr
        assert done.stderr.count("\n") == 1
    finally:
        EmbeddedPostgres(made.data_dir).destroy()
        shutil.rmtree(folder)


async def test_large_log_is_put_aside(tmp_path: Path) -> None:
    talkative = Child("test", ["--help"], dict(os.environ), tmp_path / "test.log")
    assert await talkative.run() == 0
    with talkative.log.open("ab") as log:
        log.write(b"last words\n".rjust(9 * MEBIBYTE))
    assert talkative.last_output == "last words"
    talkative.trim_log()
    assert talkative.log.stat().st_size == 0
    assert talkative.last_output == "no output"
    assert (tmp_path / "test.log.1").stat().st_size > 9 * MEBIBYTE


def test_killed_api_and_worker_come_back(running: Up) -> None:
    before = {*running.children("serve"), *running.children("worker")}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: (
            running.answers() and len({*running.children("serve"), *running.children("worker")} - before) >= 3
        ),
        30,
        running.output.read_text,
    )
    assert "is started again" in running.output.read_text()


def test_stopped_postgresql_comes_back_and_the_service_with_it(running: Up) -> None:
    postmaster = running.data_dir / "postgres/cluster/postmaster.pid"
    os.kill(int(postmaster.read_text().splitlines()[0]), signal.SIGQUIT)
    wait_until(lambda: "PostgreSQL ended and is started again" in running.output.read_text(), 10)
    wait_until(running.answers, 20, running.output.read_text)


@pytest.mark.long
def test_deaths_in_a_row_of_everything_end_nothing(running: Up) -> None:
    """More of them than was once thought enough to give up, within a minute, and of each process."""
    told_before = running.output.read_text()
    postmaster = running.data_dir / "postgres/cluster/postmaster.pid"
    for round_ in range(6):
        for words in ("worker", "serve"):
            wait_until(lambda words=words: bool(running.children(words)), 30, running.output.read_text)  # type: ignore[misc]
            for pid in running.children(words):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if round_ % 2:
            wait_until(EmbeddedPostgres(running.data_dir).alive, 30, running.output.read_text)
            os.kill(int(postmaster.read_text().splitlines()[0]), signal.SIGQUIT)
    wait_until(lambda: running.ended() or running.answers(), 60, running.output.read_text)
    assert not running.ended(), running.output.read_text()
    wait_until(lambda: len(running.children("worker")) == 1, 40, running.output.read_text)
    told = running.output.read_text().removeprefix(told_before)
    # Once a minute for each of the three, with the reason and where to read more.
    assert told.count("is started again") <= 6, told


def test_killed_service_leaves_nothing_in_the_way_of_the_next(running: Up) -> None:
    assert running.process is not None
    below = [*running.children("serve"), *running.children("worker")]
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not any("market.cli" in command_line(pid) for pid in below), 5)
    # About three seconds on two idle cores; the bound leaves room for busy ones.
    assert running.start() < 15
    told = running.output.read_text()
    assert "password" not in told
    assert running.answers()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_everything(running: Up, how: signal.Signals) -> None:
    assert running.process is not None
    below = descendants(running.process.pid)
    running.process.send_signal(how)
    assert running.process.wait(30) == 0, running.output.read_text()
    assert not any("market.cli" in command_line(pid) for pid in below)
    assert not EmbeddedPostgres(running.data_dir).alive()
    assert "Traceback" not in running.output.read_text()
