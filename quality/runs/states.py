"""The states of a quality run, which action leads from which to which, and what a run says of its revision. Pure."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from quality.runs.errors import RunStateForbids


class RunStatus(StrEnum):
    """Status of a run. A failed run could not be carried out; that is not a report of bad quality."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunAction(StrEnum):
    """What can be done to a run."""

    START = "start"
    COMPLETE = "completion"
    FAIL = "failure"
    CANCEL = "cancellation"
    RETRY = "retry"


class ReportStatus(StrEnum):
    """Whether a revision is good enough to be sold."""

    PASSED = "passed"
    FAILED = "failed"


class QualityStatus(StrEnum):
    """What the quality check of a revision has come to: of its newest run and that run's report."""

    CHECKING = "checking"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


_S = RunStatus

TRANSITIONS = {
    # From running too: a worker that was killed leaves the run so, and the queue hands it to another.
    RunAction.START: Transition(frozenset({_S.QUEUED, _S.RUNNING}), _S.RUNNING),
    RunAction.COMPLETE: Transition(frozenset({_S.RUNNING}), _S.DONE),
    RunAction.FAIL: Transition(frozenset({_S.RUNNING}), _S.FAILED),
    RunAction.CANCEL: Transition(frozenset({_S.QUEUED, _S.RUNNING}), _S.CANCELLED),
    RunAction.RETRY: Transition(frozenset({_S.FAILED, _S.CANCELLED}), _S.QUEUED),
}

RUN = StateMachine(Message("quality run"), TRANSITIONS, RunStateForbids)
"""The life of a run; raises `RunStateForbids` for an action that its status does not allow."""


def quality_status(run: RunStatus, report: ReportStatus | None) -> QualityStatus:
    """What a revision's newest run says of it.

    :param report: status of the run's report, which a run that is done has.
    """
    match run:
        case RunStatus.DONE:
            return QualityStatus.PASSED if report is ReportStatus.PASSED else QualityStatus.FAILED
        case RunStatus.FAILED | RunStatus.CANCELLED:
            return QualityStatus.ERROR
        case RunStatus.QUEUED | RunStatus.RUNNING:
            return QualityStatus.CHECKING
