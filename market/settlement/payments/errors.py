"""What payments refuse."""

from infra.errors import Conflict
from infra.messages import Message


class InvoiceNotRefundable(Conflict):
    """There is no payment that could be given back this way."""

    slug = "invoice-not-refundable"
    title = Message("This invoice cannot be refunded")


class RefundStateForbids(Conflict):
    """The refund has ended, or waits for something else."""

    slug = "refund-state"
    title = Message("The state of the refund does not allow that")


class RefundInProgress(Conflict):
    """The money is on its way back."""

    slug = "refund-in-progress"
    title = Message("A refund is in progress")
