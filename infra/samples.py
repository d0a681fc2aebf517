"""Figures that stand in the database, asked for now and then and shown as gauges."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from infra.db import AsyncSession, SessionMaker, transaction
from infra.telemetry.setup import gauge

SAMPLE_SECONDS = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sample:
    """A figure by one label.

    :param name: as OpenTelemetry names metrics: ``market.jobs.oldest_waiting``.
    :param unit: ``s``, or empty for a number.
    :param label: name of the label.
    :param read: value by the label's value; only values that are known beforehand, so that they are few.
    """

    name: str
    description: str
    unit: str
    label: str
    read: Callable[[AsyncSession], Awaitable[Mapping[str, float]]]


class Sampler:
    """Shows samples as gauges. One to a process."""

    def __init__(self, sessions: SessionMaker, samples: Sequence[Sample]) -> None:
        self._sessions = sessions
        self._samples = samples
        self._latest: dict[str, Mapping[str, float]] = {}
        for sample in samples:
            _show(sample, self._latest)

    async def run(self) -> None:
        """Take the samples every :data:`SAMPLE_SECONDS` until cancelled; what cannot be read is not shown."""
        while True:
            for sample in self._samples:
                try:
                    async with asyncio.timeout(SAMPLE_SECONDS), transaction(self._sessions) as session:
                        self._latest[sample.name] = await sample.read(session)
                except Exception as error:
                    # The database may be away; the process says so, and goes on.
                    log.warning("sample_failed", sample=sample.name, error=type(error).__name__)
                    self._latest.pop(sample.name, None)
            await asyncio.sleep(SAMPLE_SECONDS)


def _show(sample: Sample, latest: Mapping[str, Mapping[str, float]]) -> None:
    def read() -> list[tuple[float, dict[str, str]]]:
        return [(value, {sample.label: key}) for key, value in latest.get(sample.name, {}).items()]

    gauge(sample.name, sample.description, read, unit=sample.unit)
