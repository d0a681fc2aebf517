"""A log that cannot be written, or that nobody reads, never raises into the work nor holds it up."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.telemetry.log_output import LogOutput, LogStream
from tests.support.faults import unread_pipe

ROOT = Path(__file__).parents[2]
# Everything that writes lines: ours, the standard library, a print, a warning, a traceback.
SCRIPT = """
import asyncio, logging, sys, time, warnings
import structlog
from infra.settings import Settings
from infra.telemetry import logs

class Hostile:
    def __repr__(self):
        raise ValueError("no text")

logs.take_over_streams()
logs.configure_logging(Settings(_env_file=None, log_format=sys.argv[1]))
log = structlog.get_logger()
began = time.monotonic()
for number in range(int(sys.argv[2])):
    log.warning("interrupted", number=number, text="x" * 100)
log.info("hostile", value=Hostile())
try:
    raise RuntimeError("in the middle")
except RuntimeError:
    log.exception("failed")
    logging.getLogger("library").exception("failed")
logging.getLogger("library").error("%d", "no number")
print("printed", flush=True)
warnings.warn("a warning")
assert time.monotonic() - began < 5, "the work was held up"
# The thread that writes may not have come to the last ones.
while logs.dropped_lines() < int(sys.argv[4]) and time.monotonic() - began < 20:
    time.sleep(0.01)
# The outcome goes where the test can read it: not through what is tried here.
with open(sys.argv[3], "w") as told:
    told.write(str(logs.dropped_lines()))
"""


def run(tmp_path: Path, stream: int, lines: int, form: str = "json", dropped: int = 0) -> int:
    """Log in another process until as many lines were dropped; answers how many were."""
    told = tmp_path / "told"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, form, str(lines), str(told), str(dropped)],
        cwd=ROOT,
        stdout=stream,
        stderr=stream,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    return int(told.read_text())


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_on_a_full_volume_raises_nothing_and_is_counted(tmp_path: Path, form: str) -> None:
    with Path("/dev/full").open("w") as full:
        assert run(tmp_path, full.fileno(), 100, form, dropped=100) >= 100


def test_a_log_that_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        dropped = run(tmp_path, writing, 60_000)
    finally:
        os.close(reading)
        os.close(writing)
    assert dropped > 1000


def test_a_log_whose_reader_is_gone_raises_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        run(tmp_path, writing, 100)
    finally:
        os.close(writing)


def test_what_is_logged_last_is_written_before_the_process_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        assert run(tmp_path, file.fileno(), 500) == 0
    lines = log.read_text().splitlines()
    assert sum('"interrupted"' in line for line in lines) == 500
    assert any("log_event_unprintable" in line for line in lines)
    assert any("RuntimeError: in the middle" in line for line in lines)
    assert "printed" in lines
    assert any("a warning" in line for line in lines)


class TestOutput:
    def test_lost_lines_are_said_once_when_it_can_write_again(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        descriptor = os.open("/dev/full", os.O_WRONLY)
        output = LogOutput(descriptor)
        for number in range(3):
            output.write(f"lost {number}\n")
        until(lambda: output.dropped == 3)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, descriptor)
        # Said by itself, without a further line.
        until(lambda: "log_lines_dropped" in log.read_text())
        output.write("written\n")
        output.drain(5)
        first, second = log.read_text().splitlines()
        said = json.loads(first)
        assert (said["event"], said["lines"]) == ("log_lines_dropped", 3)
        assert second == "written"
        os.close(descriptor)
        os.close(file)

    def test_a_process_that_forks_goes_on_logging_on_both_sides(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        output = LogOutput(descriptor)
        output.write("before\n")
        output.drain(5)
        child = os.fork()
        if child == 0:
            output.write("child\n")
            output.drain(5)
            os._exit(0)
        os.waitpid(child, 0)
        output.write("parent\n")
        output.drain(5)
        os.close(descriptor)
        assert log.read_text().splitlines() == ["before", "child", "parent"]

    def test_a_stream_keeps_lines_whole(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        output = LogOutput(descriptor)
        stream = LogStream(output)
        print("in", "parts", file=stream)
        print("单行\ud800", file=stream)
        print("a prompt", end="", file=stream, flush=True)
        output.drain(5)
        os.close(descriptor)
        assert log.read_text() == "in parts\n单行\\ud800\na prompt"
        assert not stream.isatty()


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


AT_THE_END = """
import gc, logging
from infra.telemetry import logs

class Last:
    def __del__(self):
        logging.error("at the very end")

logs.take_over_streams()
logging.basicConfig(handlers=[logs.LogHandler()])
logging.error("before it")
gc.disable()
last = Last()
last.itself = last
"""


def test_what_a_finalizer_logs_while_the_interpreter_ends_holds_nothing_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == "ERROR root before it\nERROR root at the very end\n"


def test_what_nobody_reads_holds_nothing_up_even_then() -> None:
    with unread_pipe() as pipe:
        subprocess.run([sys.executable, "-c", AT_THE_END], cwd=ROOT, stderr=pipe, timeout=30, check=True)
