"""The machine's memory for work on files: one budget over processes, given back by the kernel, served in turn."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.child_process import ROOT, ChildCrashed, ChildProcess, ProcessLimits
from infra.memory_budget import FilesBusy, MemoryBudget
from infra.settings import Settings

HOLDER = """
import asyncio, pathlib, sys
from infra.memory_budget import MemoryBudget

async def main():
    budget = MemoryBudget(pathlib.Path(sys.argv[1]), megabytes=1024, queue=1, wait_s=5)
    async with budget.claim(int(sys.argv[2])):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def budget(folder: Path, *, queue: int = 10, wait_s: float = 0.3) -> MemoryBudget:
    return MemoryBudget(folder, megabytes=1024, queue=queue, wait_s=wait_s)


async def holder(folder: Path, megabytes: int) -> asyncio.subprocess.Process:
    """Another process that has claimed so much."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        str(folder),
        str(megabytes),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout is not None
    assert await started.stdout.readline() == b"held\n"
    return started


async def test_claims_of_all_processes_fit_the_budget_together(tmp_path: Path) -> None:
    other = await holder(tmp_path, 768)
    try:
        async with budget(tmp_path).claim(256):
            with pytest.raises(FilesBusy) as busy:
                async with budget(tmp_path).claim(1):
                    pytest.fail("there is nothing left")
        assert busy.value.status == 503
        assert int(busy.value.headers()["Retry-After"]) >= 1
        with pytest.raises(FilesBusy):
            async with budget(tmp_path).claim(512):
                pytest.fail("there are 256 MB left")
        async with budget(tmp_path).claim(256):
            pass  # what a claim in vain had gathered meanwhile is free again
    finally:
        other.kill()
        await other.wait()


async def test_the_kernel_gives_back_what_a_killed_process_held(tmp_path: Path) -> None:
    other = await holder(tmp_path, 1024)
    waiting = asyncio.create_task(budget(tmp_path).take(1024, wait_s=10))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    other.send_signal(signal.SIGKILL)
    await other.wait()
    (await asyncio.wait_for(waiting, 5)).release()


async def test_a_claim_is_held_as_long_as_the_child_that_it_was_handed_to_lives(tmp_path: Path) -> None:
    mine = budget(tmp_path)
    async with mine.claim(1024) as claim:
        child = await ChildProcess.start(
            "tests.support.odd_child", limits=ProcessLimits(), home=tmp_path, claim=claim
        )
        await child.ask({"do": "echo", "text": ""}, timeout_s=30)
    with pytest.raises(FilesBusy):
        await mine.take(128, wait_s=0.2)
    with pytest.raises(ChildCrashed):
        await child.ask({"do": "crash"}, timeout_s=30)
    (await mine.take(1024, wait_s=5)).release()


async def test_those_who_wait_are_served_in_turn_and_are_bounded(tmp_path: Path) -> None:
    mine = budget(tmp_path, queue=2, wait_s=5)
    held = await mine.take(512, wait_s=1)
    served: list[int] = []

    async def work(megabytes: int) -> None:
        async with mine.claim(megabytes):
            served.append(megabytes)

    large, small = asyncio.create_task(work(1024)), asyncio.create_task(work(128))
    await asyncio.sleep(0.2)
    assert served == [], "the small one does not overtake the large one"
    with pytest.raises(FilesBusy):
        await work(128)
    held.release()
    await asyncio.gather(large, small)
    assert served == [1024, 128]


async def test_one_that_gives_up_waiting_leaves_nothing_held(tmp_path: Path) -> None:
    mine = budget(tmp_path)
    held = await mine.take(512, wait_s=1)
    with pytest.raises(FilesBusy):
        await mine.take(1024, wait_s=0.2)
    held.release()
    (await mine.take(1024, wait_s=1)).release()
    before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0
    for _ in range(3):
        (await mine.take(1024, wait_s=1)).release()
    if sys.platform == "linux":
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_limit_above_the_budget_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="file_memory_mb must be 2048 at least"):
        Settings(file_memory_mb=1024)
