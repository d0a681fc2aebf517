"""The life of a quality run, and what it says of its revision."""

from itertools import product

import pytest

from quality.runs.errors import RunStateForbids
from quality.runs.states import (
    RUN,
    TRANSITIONS,
    QualityStatus,
    ReportStatus,
    RunAction,
    RunStatus,
    quality_status,
)

S = RunStatus
A = RunAction


@pytest.mark.parametrize(("status", "action"), list(product(S, A)))
def test_only_named_transitions_are_possible(status: S, action: A) -> None:
    if status in TRANSITIONS[action].sources:
        assert RUN.next_state(status, action) is TRANSITIONS[action].target
    else:
        with pytest.raises(RunStateForbids, match=str(status)):
            RUN.next_state(status, action)


def test_a_run_that_is_done_stays_done() -> None:
    assert not any(RUN.allows(S.DONE, action) for action in A)
    assert [action for action in A if RUN.allows(S.FAILED, action)] == [A.RETRY]


@pytest.mark.parametrize(
    ("run", "report", "expected"),
    [
        (S.QUEUED, None, QualityStatus.CHECKING),
        (S.RUNNING, None, QualityStatus.CHECKING),
        (S.FAILED, None, QualityStatus.ERROR),
        (S.DONE, ReportStatus.PASSED, QualityStatus.PASSED),
        (S.DONE, ReportStatus.FAILED, QualityStatus.FAILED),
    ],
)
def test_what_a_run_says_of_its_revision(
    run: RunStatus, report: ReportStatus | None, expected: QualityStatus
) -> None:
    assert quality_status(run, report) is expected
