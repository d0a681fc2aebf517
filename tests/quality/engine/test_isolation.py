"""A check that crashes, never ends or takes all memory is the failure of that check, and of no other."""

import os
import signal
import time
from collections.abc import Mapping

import pytest

from quality.checks import Check, CheckResult, CheckType, Dimension
from quality.engine.isolation import RunFailed, Tell, done, finished, refused, run, started
from quality.facts import RunProgress

CHECKS = [Check(CheckType.NOT_NULL, (name,), Dimension.COMPLETENESS) for name in "abcd"]


def carry_out(
    asked: Mapping[int, Check], tell: Tell, fault: object = None, at: int | None = 2, rows: int = 10
) -> None:
    for number in [*asked, None]:
        tell(started(number))
        if number == at and callable(fault):
            fault()
        if number is not None:
            tell(finished(number, CheckResult(asked[number], rows, rows)))
    tell(done(rows, 1))


def crash() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def run_out_of_memory() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def never_end() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(60)


def leave() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (crash, "signal 15"),
        (run_out_of_memory, "more memory"),
        (never_end, "too long"),
        (leave, "status 1"),
    ],
)
def test_a_fault_is_that_of_one_check(fault: object, reason: str) -> None:
    told: list[RunProgress] = []
    measured = run(
        CHECKS, lambda asked, tell: carry_out(asked, tell, fault), check_seconds=0.5, on_progress=told.append
    )
    assert [one.error is None for one in measured.results] == [True, True, False, True]
    assert reason in str(measured.results[2].error)
    assert (measured.rows, measured.repeated) == (10, 1)
    assert [one.check for one in told] == ["not_null:a", "not_null:b", "not_null:c", "not_null:d", "", ""]
    assert told[-1] == RunProgress(4, 4)


def test_a_fault_of_the_whole_ends_the_run() -> None:
    with pytest.raises(RunFailed, match="took too long"):
        run(
            CHECKS,
            lambda asked, tell: carry_out(asked, tell, never_end, at=None),
            check_seconds=0.3,
            on_progress=lambda _: None,
        )
    with pytest.raises(RunFailed, match="No such file"):
        run(
            CHECKS,
            lambda _, tell: tell(refused("No such file.")),
            check_seconds=5,
            on_progress=lambda _: None,
        )


def test_what_raises_on_progress_ends_the_work() -> None:
    def stop(_: RunProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(CHECKS, carry_out, check_seconds=5, on_progress=stop)
