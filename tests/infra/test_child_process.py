"""A child process is bounded, hears nothing of the service's secrets, and ends with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.child_process import ROOT, ChildCrashed, ChildProcess, ChildTimedOut, ProcessLimits
from tests.support.budget import roomy

MODULE = "tests.support.odd_child"
PARENT = """
import asyncio, pathlib, sys
from infra.child_process import ChildProcess, ProcessLimits
from tests.infra.test_child_process import MODULE
from tests.support.budget import roomy

async def main():
    home = pathlib.Path(sys.argv[1])
    async with roomy(home).claim(256) as claim:
        child = await ChildProcess.start(MODULE, limits=ProcessLimits(), home=home, claim=claim)
    await child.ask({"do": "echo", "text": ""}, timeout_s=30)
    print(child._process.pid, flush=True)
    await child.ask({"do": "sleep"}, timeout_s=60)

asyncio.run(main())
"""


@asynccontextmanager
async def child(home: Path, **limits: int) -> AsyncIterator[ChildProcess]:
    async with roomy(home).claim(256) as claim:
        started = await ChildProcess.start(MODULE, limits=ProcessLimits(**limits), home=home, claim=claim)
    try:
        yield started
    finally:
        await started.kill()


async def ask(started: ChildProcess, do: str, *, timeout_s: float = 30, **given: Any) -> dict[str, Any]:
    return await started.ask({"do": do, **given}, timeout_s=timeout_s)


async def test_it_answers_one_request_after_the_other_whatever_is_printed(tmp_path: Path) -> None:
    async with child(tmp_path) as started:
        assert await ask(started, "echo", text="空气\n") == {"echo": "空气\n"}
        assert await ask(started, "echo", text="x" * 1_000_000) == {"echo": "x" * 1_000_000}
        assert started.running


@pytest.mark.parametrize(
    ("do", "ending"), [("crash", "signal 11"), ("leave", "status 3"), ("nonsense", "invalid output")]
)
async def test_a_crash_and_nonsense_are_told_and_leave_nothing_running(
    tmp_path: Path, do: str, ending: str
) -> None:
    async with child(tmp_path) as started:
        with pytest.raises(ChildCrashed) as crash:
            await ask(started, do)
        assert crash.value.ending == ending
        assert not started.running
        with pytest.raises(ChildCrashed):
            await ask(started, "echo", text="still there?")


async def test_one_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    async with child(tmp_path) as started:
        await ask(started, "echo", text="ready")
        began = time.monotonic()
        with pytest.raises(ChildTimedOut):
            await ask(started, "sleep", timeout_s=0.2)
        assert time.monotonic() - began < 10
        assert not started.running


async def test_a_cancelled_caller_leaves_no_child(tmp_path: Path) -> None:
    async with child(tmp_path) as started:
        await ask(started, "echo", text="ready")
        asking = asyncio.create_task(ask(started, "sleep"))
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not started.running


async def test_memory_files_and_processor_time_are_bounded(tmp_path: Path) -> None:
    bounds = {"address_space_bytes": 512 * 1024 * 1024, "file_bytes": 1_000, "cpu_seconds": 1}
    for do, size in (("allocate", 1024**3), ("write", 10_000), ("spin", 0)):
        async with child(tmp_path, **bounds) as started:
            assert (await ask(started, "allocate", bytes=1_000_000))["size"] == 1_000_000
            with pytest.raises(ChildCrashed):
                await ask(started, do, bytes=size)


async def test_it_knows_no_secret_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:password@somewhere/market")
    monkeypatch.setenv("MARKET_STRIPE_API_KEY", "sk_live_secret")
    async with child(tmp_path) as started:
        known = await ask(started, "environment")
    assert set(known) <= {"PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "TZ"}
    assert known["HOME"] == str(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's parent-death signal")
def test_it_is_killed_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    time.sleep(0.2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    """Whether the process runs: one that has ended may wait for whoever adopted it to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("do", "memory"), [("abort", True), ("be killed", True), ("crash", False), ("leave", False)]
)
async def test_a_want_of_memory_is_told_from_other_crashes(tmp_path: Path, do: str, memory: bool) -> None:
    async with child(tmp_path) as started:
        with pytest.raises(ChildCrashed) as crash:
            await ask(started, do)
    assert crash.value.out_of_memory is memory


@pytest.mark.skipif(sys.platform != "linux", reason="needs bounds that another process can move")
async def test_the_bound_of_its_own_memory_can_be_moved_below_the_one_it_began_with(tmp_path: Path) -> None:
    megabyte = 1024 * 1024
    async with child(tmp_path, data_bytes=200 * megabyte) as started:
        assert (await ask(started, "allocate", bytes=100 * megabyte))["size"] == 100 * megabyte
        assert 0 < (started.data_bytes or 0) < 100 * megabyte
        started.bound_data(64 * megabyte)
        with pytest.raises(ChildCrashed) as crash:
            await ask(started, "allocate", bytes=100 * megabyte)
        assert crash.value.out_of_memory
    async with child(tmp_path, data_bytes=64 * megabyte) as started:
        started.bound_data(200 * megabyte)
        with pytest.raises(ChildCrashed):
            await ask(started, "allocate", bytes=100 * megabyte)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel to say what a process uses")
async def test_one_that_uses_too_much_memory_is_killed_and_one_that_only_maps_it_is_not(
    tmp_path: Path,
) -> None:
    megabyte = 1024 * 1024
    async with child(tmp_path, resident_bytes=100 * megabyte) as started:
        assert (await ask(started, "map", bytes=1000 * megabyte))["size"] == 1000 * megabyte
        assert (await ask(started, "use", bytes=50 * megabyte))["size"] == 50 * megabyte
        with pytest.raises(ChildCrashed) as crash:
            await ask(started, "use", bytes=2000 * megabyte)
        assert crash.value.out_of_memory
