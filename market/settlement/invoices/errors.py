"""What invoicing refuses."""

from infra.errors import Conflict
from infra.messages import Message


class PeriodNotOpen(Conflict):
    """Periods are closed one after the other."""

    slug = "period-not-open"
    title = Message("This period is not open yet")


class PeriodNotOver(Conflict):
    """A period is closed at its end, and before it only where the contract has ended."""

    slug = "period-not-over"
    title = Message("This period is not over yet")


class PeriodNotConfirmed(Conflict):
    """A period is billed once each of its calls is known to be answered, or is credited."""

    slug = "period-not-confirmed"
    title = Message("Calls of this period are not accounted for yet")


class AgreementNotConcluded(Conflict):
    """There is nothing to bill before both sides have signed."""

    slug = "agreement-not-concluded"
    title = Message("The agreement is not concluded")


class InvoiceNotPayable(Conflict):
    """The invoice is not waiting for a payment."""

    slug = "invoice-not-payable"
    title = Message("This invoice is not waiting for a payment")


class InvoiceStateForbids(Conflict):
    """The action is not possible in the present state."""

    slug = "invoice-state"
    title = Message("The state of the invoice does not allow that")
