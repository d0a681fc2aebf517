"""What licensees are told of the revisions of their products."""

from infra.events.kinds import EventKind

TOLD_TO_LICENSEES = {
    EventKind.REVISION_ANNOUNCED: EventKind.LICENCE_REVISION_ANNOUNCED,
    EventKind.REVISION_PURGED: EventKind.LICENCE_REVISION_PURGED,
    EventKind.REVISION_RECALLED: EventKind.LICENCE_REVISION_RECALLED,
    EventKind.REVISION_REINSTATED: EventKind.LICENCE_REVISION_REINSTATED,
    EventKind.REVISION_SUSPENDED: EventKind.LICENCE_REVISION_SUSPENDED,
    EventKind.REVISION_WITHDRAWN: EventKind.LICENCE_REVISION_WITHDRAWN,
}
"""What happened to a revision → what the parties of each licence of its product are told."""
