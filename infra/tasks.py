"""Tasks that last as long as their process: watched, started again when they end, and part of readiness.

A loop that ends unnoticed leaves a process that answers its probes and does nothing. So each of them runs under
:class:`TaskRegistry`: whatever ends it, it is started again after a growing pause, counted, and named by the readiness
probe until it has run for a while. A test reads the source: long-lived tasks are started here and nowhere else.
"""

import asyncio
import time
import weakref
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 2.0
"""A task that was started again counts as up once it has run for so long."""

STEADY_SECONDS = 60.0
"""After so long a further end is taken for the first one: the pause before the next start is short again."""

log = structlog.get_logger()
# Not by infra.telemetry, whose port for metrics runs on a thread that reports here.
_meter = metrics.get_meter("data-market")
_restarts = _meter.create_counter(
    "market.task.restarts",
    description="Long-lived tasks that ended unexpectedly and were started again, by task",
)


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """How one part of a process stands.

    :param essential: whether the process serves its purpose without it.
    :param since: when it went down; None while it is up.
    :param reason: why, in a word; None while it is up.
    """

    up: bool
    essential: bool = True
    since: datetime | None = None
    reason: str | None = None


@dataclass(slots=True, eq=False)
class _Watched:
    name: str
    essential: bool
    problem: Callable[[], str | None]
    failing_since: datetime | None = None
    reason: str | None = None
    running_since: float | None = None
    over: bool = False
    task: "asyncio.Task[None] | None" = None

    def began(self) -> None:
        self.running_since = time.monotonic()

    def failed(self, reason: str) -> float:
        """Note the end of the work; the seconds it had run."""
        ran = time.monotonic() - (self.running_since or time.monotonic())
        if self.failing_since is None or ran >= SETTLED_SECONDS:
            self.failing_since = datetime.now(UTC)
        self.reason = reason
        self.running_since = None
        return ran

    def status(self) -> ComponentStatus:
        if self.over:
            return ComponentStatus(up=True, essential=self.essential)
        if self.task is not None and self.task.done():
            return self._down(self.failing_since, "cancelled")
        settled = self.running_since is not None and time.monotonic() - self.running_since >= SETTLED_SECONDS
        if self.failing_since is not None and not settled:
            return self._down(self.failing_since, self.reason or "ended")
        if (problem := self.problem()) is not None:
            return self._down(None, problem)
        return ComponentStatus(up=True, essential=self.essential)

    def _down(self, since: datetime | None, reason: str) -> ComponentStatus:
        return ComponentStatus(up=False, essential=self.essential, since=since, reason=reason)


def _never() -> bool:
    return False


def _no_problem() -> None:
    return None


@dataclass(eq=False)
class TaskRegistry:
    """The long-lived tasks of one process, by name."""

    _watched: dict[str, _Watched] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _registries.add(self)

    def start(
        self,
        name: str,
        work: Callable[[], Coroutine[Any, Any, None]],
        *,
        ended: Callable[[], bool] = _never,
        essential: bool = True,
        problem: Callable[[], str | None] = _no_problem,
    ) -> "asyncio.Task[None]":
        """Run work until it is cancelled, or ends when it should; started again whenever it ends otherwise.

        :param name: one of few: it is a label of metrics, and what readiness names.
        :param work: makes a fresh coroutine for each start.
        :param ended: whether an end of the work is as it should be.
        :param problem: what keeps work that runs from doing its work, in a word; called from any thread.
        """
        assert name not in self._watched or self._watched[name].over, f"{name} runs already"
        watched = self._watched[name] = _Watched(name, essential, problem)
        watched.task = asyncio.create_task(self._watch(watched, work, ended), name=name)
        return watched.task

    def components(self) -> Mapping[str, ComponentStatus]:
        """How every task stands."""
        return {name: watched.status() for name, watched in list(self._watched.items())}

    async def close(self) -> None:
        """Cancel every task and wait until it has ended."""
        tasks = [watched.task for watched in self._watched.values() if watched.task is not None]
        for watched in self._watched.values():
            watched.over = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(
        self, watched: _Watched, work: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], bool]
    ) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            watched.began()
            failure: BaseException | None = None
            try:
                await work()
            except Exception as error:
                failure = error
            except asyncio.CancelledError as error:
                this = asyncio.current_task()
                if this is None or this.cancelling() or ended():
                    watched.over = watched.over or ended()
                    raise
                failure = error  # something that it waited for was cancelled, not the task itself
            if ended():
                watched.over = True
                if failure is not None:
                    log.error("task_failed_while_ending", task=watched.name, exc_info=failure)
                return
            reason = type(failure).__name__ if failure is not None else "ended"
            if watched.failed(reason) >= STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            _restarts.add(1, {"task": watched.name})
            log.error("task_ended", task=watched.name, reason=reason, again_in=pause, exc_info=failure)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def thread_ended(name: str, failure: Exception | None) -> None:
    """Count and log the end of a thread that :mod:`infra.threads` starts again."""
    _restarts.add(1, {"task": name})
    log.error("thread_ended", task=name, exc_info=failure)


_registries: "weakref.WeakSet[TaskRegistry]" = weakref.WeakSet()


def _up(_: CallbackOptions) -> list[Observation]:
    return [
        Observation(float(status.up), {"task": name})
        for registry in list(_registries)
        for name, status in registry.components().items()
    ]


_meter.create_observable_gauge(
    "market.task.up", callbacks=[_up], description="Whether a long-lived task runs, by task"
)
