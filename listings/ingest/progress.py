"""How far a conversion is, told from the child while its engine works."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import duckdb

from listings.ingest.result import IngestPhase, Progress

INTERVAL_S = 0.25
"""Between two reports."""

_ENDS = {
    IngestPhase.UNPACKING: 0.1,
    IngestPhase.READING: 0.2,
    IngestPhase.VERIFYING: 0.5,
    IngestPhase.WRITING: 0.8,
    IngestPhase.PROFILING: 1.0,
}
"""Share of the whole that is done at the end of each phase, in their order."""


class Reporter:
    """Tells of phases as they begin, and of the share of each that is done, a few times a second.

    A thread of its own asks DuckDB how far its query is; other work says so itself (:meth:`at`).

    :param tell: called with each report, from either thread.
    """

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._phase = IngestPhase.READING
        self._begun = self._share = 0.0
        self._rows: int | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._told: Progress | None = None
        self._ended = threading.Event()
        self._changing = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def enter(self, phase: IngestPhase) -> None:
        """A phase begins; the one before is done."""
        with self._changing:
            self._begun = max(self._share, _begin(phase))
            self._phase, self._share = phase, self._begun

    def at(self, share: float) -> None:
        """So much of the phase is done, from 0 to 1; what says less than was said before is passed over."""
        with self._changing:
            share = self._begun + (_ENDS[self._phase] - self._begun) * min(max(share, 0.0), 1.0)
            self._share = max(self._share, share)

    def expect(self, rows: int) -> None:
        """The file has so many rows, as far as is known."""
        self._rows = rows

    @contextmanager
    def watching(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Ask this connection how far its query is."""
        self._connection = connection
        try:
            yield
        finally:
            with self._changing:  # the thread is not asking it now
                self._connection = None

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL_S):
            with self._changing:
                done = self._connection.query_progress() if self._connection is not None else 0.0
            if done > 0:
                self.at(done / 100)
            self._report()

    def _report(self) -> None:
        with self._changing:
            phase, share, begun = self._phase, self._share, self._begun
        done = (share - begun) / max(_ENDS[phase] - begun, 1e-9)
        rows = (
            round(self._rows * done)
            if self._rows is not None and phase is not IngestPhase.UNPACKING
            else None
        )
        progress = Progress(phase, round(share, 3), rows)
        if progress != self._told:
            self._told = progress
            self._tell(progress)


def _begin(phase: IngestPhase) -> float:
    """Share of the whole that is done where a phase begins."""
    phases = list(IngestPhase)
    place = phases.index(phase)
    return _ENDS[phases[place - 1]] if place else 0.0
