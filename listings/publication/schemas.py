"""What goes in to a publication over HTTP."""

from infra.schema import Input, Reason


class ApprovalRequest(Input):
    """An approval, with a note if there is something to add."""

    note: Reason | None = None
