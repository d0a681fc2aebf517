"""The worker's checking processes: several at once, each one warm while it is needed, one kept warm after."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from infra.memory_budget import MemoryBudget
from infra.settings import Settings
from quality.runs.engines.chosen import ChosenEngine
from quality.runs.engines.interface import Engine
from quality.runs.engines.spark import SparkEngine
from quality.runs.engines.warm import WarmEngine


class EnginePool:
    """Engines for runs that are carried out at once; each is a process of its own, so that none ends another's run.

    :param make: makes one that has not been started.
    :param size: runs at once; more wait.
    """

    def __init__(self, make: Callable[[], Engine], size: int) -> None:
        self._make = make
        self._turn = asyncio.Semaphore(size)
        self._free: list[Engine] = []
        self._lent: set[Engine] = set()

    @classmethod
    def of(cls, settings: Settings, budget: MemoryBudget) -> "EnginePool":
        """As many engines as the settings say, or as fit the memory for files."""

        def make() -> Engine:
            pandas = WarmEngine(
                timeout_s=settings.quality_timeout_s, memory_mb=settings.quality_memory_mb, budget=budget
            )
            return ChosenEngine(settings, pandas, SparkEngine(settings, budget))

        return cls(make, settings.quality_processes)

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those there are at present, lent or not."""
        return (*self._free, *self._lent)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Engine]:
        """An engine for one run, a warm one if there is any; waits while all are lent.

        It may not have been started. One is kept when the run is over, more are ended.
        """
        async with self._turn:
            engine = self._free.pop() if self._free else self._make()
            self._lent.add(engine)
            try:
                yield engine
            finally:
                self._lent.remove(engine)
                if self._free:
                    await engine.stop()
                else:
                    self._free.append(engine)

    async def warm_up(self) -> None:
        """Start one engine, unless there is one. A run that comes meanwhile takes it as soon as it is ready.

        :raises CheckingFailed: it does not start.
        """
        if not self.engines:
            engine = self._make()
            self._free.append(engine)
            await engine.start()

    async def stop(self) -> None:
        """End them all."""
        for engine in self.engines:
            await engine.stop()
        self._free.clear()
