"""The life of an upload."""

from enum import StrEnum

from infra.messages import Message
from infra.states import StateMachine, Transition
from listings.uploads.errors import UploadStateForbids


class UploadStatus(StrEnum):
    """How far an upload is."""

    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"
    QUEUED = "queued"
    RECEIVING = "receiving"
    RUNNING = "running"
    SUCCEEDED = "succeeded"


class UploadAction(StrEnum):
    """What happens to an upload."""

    CANCELLATION = "cancellation"
    COMPLETION = "completion"
    EXPIRY = "expiry"
    FAILURE = "failure"
    START = "start"
    SUCCESS = "success"


class UploadPhase(StrEnum):
    """What a worker does with an upload."""

    FETCHING = "fetching"
    ASSEMBLING = "assembling"
    UNPACKING = "unpacking"
    READING = "reading"
    VERIFYING = "verifying"
    WRITING = "writing"
    PROFILING = "profiling"
    REGISTERING = "registering"


class CredentialKind(StrEnum):
    """How a source is shown who asks."""

    BEARER = "bearer"
    S3 = "s3"


class FetchStatus(StrEnum):
    """Whether a source is fetched when its time comes."""

    ACTIVE = "active"
    PAUSED = "paused"


S = UploadStatus

OPEN = frozenset({S.RECEIVING, S.QUEUED, S.RUNNING})
"""What still takes room and may come to something."""

FIRST = frozenset({S.RECEIVING, S.QUEUED})
"""What a new one may be: sent to us, or fetched by us."""

UPLOAD: StateMachine[UploadStatus, UploadAction] = StateMachine(
    thing=Message("upload"),
    transitions={
        UploadAction.COMPLETION: Transition(frozenset({S.RECEIVING}), S.QUEUED),
        UploadAction.START: Transition(frozenset({S.QUEUED, S.RUNNING}), S.RUNNING),
        UploadAction.SUCCESS: Transition(frozenset({S.RUNNING}), S.SUCCEEDED),
        UploadAction.FAILURE: Transition(frozenset({S.QUEUED, S.RUNNING}), S.FAILED),
        UploadAction.CANCELLATION: Transition(OPEN, S.CANCELLED),
        UploadAction.EXPIRY: Transition(frozenset({S.RECEIVING}), S.EXPIRED),
    },
    forbids=UploadStateForbids,
)
