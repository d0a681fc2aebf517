"""A run in a process of its own, so that a check that crashes or never ends is the failure of that check alone.

The checking process loads the libraries once and forks for each run: the fork starts warm, is bounded as its parent is,
and gives all of its memory back when it ends. It reports the check that it turns to and each result as it is known.
When it ends without being done, or stays at one check for too long and is killed, that check could not be carried out,
and another fork goes on with those that are still open.

The parent of a fork must have no other thread: it only waits.
"""

import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from infra.child_process import end_with
from quality.checks import Check, CheckResult, Measured
from quality.facts import OnProgress, RunProgress

_WHOLE_FILE = -1
"""Instead of the number of a check: the fork is at something that no single check asks for."""


class RunFailed(Exception):
    """The run ended where no single check was at fault; says why, for a person."""


Tell = Callable[[Mapping[str, Any]], None]
"""Tells the waiting process something; see `started`, `finished`, `done` and `refused`."""

Work = Callable[[Mapping[int, Check], Tell], None]
"""Carries out numbered checks, and tells what came of them."""


def run(checks: Sequence[Check], work: Work, *, check_seconds: float, on_progress: OnProgress) -> Measured:
    """Run checks, each of them bounded in time.

    :param work: done in a fork of this process, of the checks that are still open.
    :param check_seconds: that a run may stay at one check.
    :raises RunFailed: the revision cannot be read, or not within the bounds.
    """
    results: dict[int, CheckResult] = {}
    while True:
        still_open = {number: check for number, check in enumerate(checks) if number not in results}
        attempt = _Attempt(len(checks), still_open, results, check_seconds, on_progress)
        found = attempt.carry_out(partial(work, still_open))
        if found is not None:
            ordered = tuple(results[number] for number in range(len(checks)))
            return Measured(ordered, *found)


def started(number: int | None) -> dict[str, Any]:
    """The work turns to a check, or (None) to what all of them need."""
    return {"at": _WHOLE_FILE if number is None else number}


def finished(number: int, result: CheckResult) -> dict[str, Any]:
    """What came of a check."""
    return {"number": number, "result": result.to_json()}


def done(rows: int, repeated: int) -> dict[str, Any]:
    """All checks have their result; rows of the revision, and how many of them repeat an earlier one."""
    return {"rows": rows, "repeated": repeated}


def refused(reason: str) -> dict[str, Any]:
    """The revision cannot be checked, says one sentence for a person."""
    return {"refused": reason}


class _Attempt:
    """One fork, and what it tells."""

    def __init__(
        self,
        total: int,
        asked: Mapping[int, Check],
        results: dict[int, CheckResult],
        check_seconds: float,
        on_progress: OnProgress,
    ) -> None:
        self._total = total
        self._asked = asked
        self._results = results
        self._check_seconds = check_seconds
        self._on_progress = on_progress
        self._at = _WHOLE_FILE
        self._found: tuple[int, int] | None = None

    def carry_out(self, work: Callable[[Callable[[Any], None]], None]) -> tuple[int, int] | None:
        """Rows and repeated rows when the fork is done; None when another one has to go on.

        :raises RunFailed: see ``run``.
        """
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _become_worker(writing, work)
        os.close(writing)
        try:
            in_time = self._listen(reading)
        finally:
            os.close(reading)
            if self._found is None:
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        if self._found is None:
            self._blame("took too long" if not in_time else _ending(status))
        return self._found

    def _listen(self, reading: int) -> bool:
        """Hear the fork until it ends; False when it stays at one check for too long."""
        buffer, since = b"", time.monotonic()
        while True:
            left = self._check_seconds - (time.monotonic() - since)
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                return False
            received = os.read(reading, 1 << 16)
            if not received:
                return True
            *lines, buffer = (buffer + received).split(b"\n")
            for line in lines:
                since = time.monotonic()
                self._heard(json.loads(line))

    def _heard(self, told: Mapping[str, Any]) -> None:
        match told:
            case {"at": number}:
                self._at = number
                name = self._asked[number].name if number in self._asked else ""
                self._on_progress(RunProgress(len(self._results), self._total, name))
            case {"number": number, "result": result}:
                self._results[number] = CheckResult.from_json(self._asked[number], result)
            case {"rows": rows, "repeated": repeated}:
                self._found = rows, repeated
                self._on_progress(RunProgress(self._total, self._total))
            case {"refused": reason}:
                raise RunFailed(reason)

    def _blame(self, reason: str) -> None:
        check = self._asked.get(self._at)
        if check is None or self._at in self._results:
            raise RunFailed(f"The revision cannot be checked: it {reason}.")
        self._results[self._at] = CheckResult(check, 0, 0, error=f"the check {reason}")


def _become_worker(writing: int, work: Callable[[Callable[[Any], None]], None]) -> None:
    """Do the work and end this process, whatever happens, without a word on what its parent has open."""
    status = 1
    try:
        end_with(os.getppid())

        def tell(document: Any) -> None:
            line = memoryview(json.dumps(document).encode() + b"\n")
            while line:
                line = line[os.write(writing, line) :]

        work(tell)
        status = 0
    finally:
        os._exit(status)


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return "needs more memory than there is"
    return f"ended the process (signal {-code})" if code < 0 else f"ended the process (status {code})"
