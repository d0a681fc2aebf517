"""Long-lived tasks are started again when they end, and say so meanwhile."""

import asyncio
import itertools
import time
from collections.abc import Callable

import pytest
from prometheus_client import generate_latest

from infra import tasks, telemetry
from infra.settings import Settings
from infra.tasks import TaskRegistry
from infra.threads import run_thread
from tests.support.events import until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(tasks, "SETTLED_SECONDS", 0.05)


@pytest.mark.parametrize("how", ["raises", "returns", "is cancelled from inside"])
async def test_work_that_ends_is_started_again_and_named_meanwhile(how: str) -> None:
    registry, runs, go_on = TaskRegistry(), 0, asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs <= 3:
            if how == "raises":
                raise OSError("no space")
            if how == "is cancelled from inside":
                raise asyncio.CancelledError
            return
        await go_on.wait()

    registry.start("flusher", work)
    await until(lambda: runs == 2)
    down = registry.components()["flusher"]
    assert not down.up
    assert down.since is not None
    assert down.reason == {"raises": "OSError", "returns": "ended"}.get(how, "CancelledError")
    await until(lambda: registry.components()["flusher"].up)
    assert runs == 4
    await registry.close()


async def test_pauses_grow_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LONGEST_PAUSE_SECONDS", 0.04)
    registry = TaskRegistry()
    moments: list[float] = []

    async def work() -> None:
        moments.append(time.monotonic())
        raise ValueError

    registry.start("looping", work)
    await until(lambda: len(moments) == 7)
    await registry.close()
    pauses = [later - sooner for sooner, later in itertools.pairwise(moments)]
    assert pauses[0] >= 0.01
    assert pauses[1] >= 0.02
    assert all(pause >= 0.04 for pause in pauses[2:])


async def test_an_end_that_is_meant_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, stop = TaskRegistry(), asyncio.Event()

    async def work() -> None:
        await stop.wait()
        raise OSError("while ending")

    task = registry.start("ending", work, ended=stop.is_set)
    await asyncio.sleep(0)
    stop.set()
    await task
    assert registry.components()["ending"].up
    await registry.close()


async def test_a_task_that_somebody_cancels_is_down() -> None:
    registry = TaskRegistry()
    task = registry.start("cancelled", asyncio.Event().wait)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert registry.components()["cancelled"].reason == "cancelled"
    await registry.close()


async def test_work_may_say_what_keeps_it_from_working(settings: Settings) -> None:
    telemetry.configure(settings, component="api")
    registry, problems = TaskRegistry(), ["database"]
    registry.start("reporting", asyncio.Event().wait, problem=lambda: problems[0] if problems else None)  # type: ignore[arg-type]
    assert registry.components()["reporting"].reason == "database"
    assert 'market_task_up{task="reporting"} 0.0' in generate_latest().decode()
    problems.clear()
    assert registry.components()["reporting"].up
    await registry.close()


async def test_a_thread_that_ends_is_started_again() -> None:
    runs: list[int] = []
    done: Callable[[], bool] = lambda: len(runs) >= 3  # noqa: E731

    def work() -> None:
        runs.append(1)
        if done():
            time.sleep(60)
        raise OSError("selector")

    run_thread("test", work)
    await until(done)
