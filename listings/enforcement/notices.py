"""What the parties of a product are told at each step: what it is about, what to do, until when. Pure."""

from datetime import datetime

from infra.messages import Message, translate
from listings.enforcement.states import EnforcementGround, EnforcementStatus

STOP_REASONS = {
    EnforcementGround.FAILED_REVISIONS: Message(
        "Revisions of the product failed their quality checks repeatedly, and none passed within the cure period."
    ),
    EnforcementGround.LATE_DATA: Message(
        "The promised data of the product was overdue, and none came within the cure period."
    ),
    EnforcementGround.UNAVAILABLE: Message(
        "Data calls of the product failed too often, and went on failing within the cure period."
    ),
}
_TO_DO = {
    EnforcementGround.FAILED_REVISIONS: Message("Upload data that passes its quality check{by}."),
    EnforcementGround.LATE_DATA: Message(
        "Upload the data that is overdue, so that it passes its quality check{by}."
    ),
    EnforcementGround.UNAVAILABLE: Message(
        "See to it that data calls are answered{by}, for example by a revision that can be served. The calls from this"
        " step on decide."
    ),
}
_DELISTED = Message(
    "Request that the product is listed again:"
    " POST /v1/enforcement-procedures/{procedure_id}/relisting-request. A regulator decides."
)
_SUSPENDED_UNAVAILABLE = Message(
    "Say what was changed so that data calls will be answered{by}:"
    " POST /v1/enforcement-procedures/{procedure_id}/relisting-request. A regulator ends the suspension."
)
_HELD = Message(
    "The product was withdrawn; no further step follows. It stays suspended for the licences that run on, until a"
    " regulator ends the procedure. Ask for that:"
    " POST /v1/enforcement-procedures/{procedure_id}/relisting-request."
)
WITHDRAWN = Message("The operator has withdrawn the product.")
"""Why a procedure ends, or goes no further, by itself."""
_NOTHING = Message("Nothing is left to be done.")


def to_do(status: EnforcementStatus, ground: EnforcementGround, due_at: datetime | None) -> Message:
    """What the operator does to end a procedure."""
    if status is EnforcementStatus.DELISTED:
        return _DELISTED
    if status in (EnforcementStatus.CURED, EnforcementStatus.TERMINATED):
        return _NOTHING
    if status is EnforcementStatus.SUSPENDED and due_at is None:
        return _HELD
    by = Message(" by {due_at}", due_at=due_at.isoformat(timespec="minutes")) if due_at else ""
    if status is EnforcementStatus.SUSPENDED and ground is EnforcementGround.UNAVAILABLE:
        return _SUSPENDED_UNAVAILABLE.of(by=by, procedure_id="{procedure_id}")
    return _TO_DO[ground].of(by=by)


def in_both(text: Message) -> tuple[str, str]:
    """A text in Chinese and in English."""
    return translate(text, "zh"), translate(text, "en")
