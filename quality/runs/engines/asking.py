"""How a checking process is asked, and what its answer or its end means."""

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.child_process import ChildCrashed, ChildProcess, ChildTimedOut
from quality.checks import Check, Measured
from quality.facts import OnProgress, RunFacts, RunProgress
from quality.runs import reasons
from quality.runs.errors import CheckingFailed

START_SECONDS = 120
"""How long the libraries may take to load."""

ENVIRONMENT = {
    "GX_ANALYTICS_ENABLED": "false",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Of a checking process."""

OnNote = Callable[[dict[str, Any]], None]


def request_of(checks: Sequence[Check], path: Path, facts: RunFacts, examples: int) -> dict[str, Any]:
    """What a checking process is asked."""
    return {
        "path": str(path),
        "checks": [check.to_json() for check in checks],
        "examples": examples,
        "facts": facts.to_json(),
    }


def on_note(on_progress: OnProgress | None) -> OnNote:
    """What hears the notes of a checking process."""

    def hear(note: dict[str, Any]) -> None:
        if on_progress is not None:
            on_progress(RunProgress(**note))

    return hear


def measured_of(checks: Sequence[Check], answer: Mapping[str, Any]) -> Measured:
    """What a checking process answered.

    :raises CheckingFailed: it says why it could not.
    """
    if "error" in answer:
        raise CheckingFailed(answer["error"], transient=False)
    return Measured.from_json(checks, answer)


async def ask(
    child: ChildProcess, request: Mapping[str, Any], timeout_s: int, on_note: OnNote | None = None
) -> dict[str, Any]:
    """Ask a checking process.

    :raises CheckingFailed: it gave no answer, and has been killed.
    """
    try:
        return await child.ask(request, timeout_s=timeout_s, on_note=on_note)
    except ChildTimedOut:
        raise CheckingFailed(reasons.TOO_LONG.of(seconds=timeout_s), transient=False) from None
    except ChildCrashed as crash:
        # Killed by whomever: by the kernel for the machine's memory, or by a person. Its own limits end it otherwise.
        if crash.out_of_memory and crash.ending != f"signal {signal.SIGKILL:d}":
            raise CheckingFailed(reasons.TOO_MUCH_MEMORY, transient=False) from None
        raise CheckingFailed(reasons.CHILD_ENDED.of(ending=crash.ending), transient=True) from None
