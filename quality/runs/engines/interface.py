"""What every engine offers to the worker."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from quality.checks import Check, Measured
from quality.facts import OnProgress, RunFacts


class Engine(Protocol):
    """What runs checks on a revision."""

    @property
    def version(self) -> str:
        """Name and version of the checking library."""

    async def start(self) -> None:
        """Make it ready, so that a run begins sooner.

        :raises CheckingFailed: it does not start.
        """

    async def stop(self) -> None:
        """End its processes."""

    async def run(
        self,
        checks: Sequence[Check],
        parquet_path: Path,
        facts: RunFacts,
        on_progress: OnProgress | None = None,
    ) -> Measured:
        """One result per check, in their order, and what was found of the rows as a whole.

        :raises CheckingFailed: they could not be carried out.
        """
