"""Every kind of domain event, in one alphabetical enumeration."""

from enum import StrEnum


class EventKind(StrEnum):
    """What happened, as ``subject.past_participle``. The part before the dot is the kind of the subject."""

    AGREEMENT_FINALIZED = "agreement.finalized"
    AGREEMENT_REINSTATED = "agreement.reinstated"
    AGREEMENT_REQUESTED = "agreement.requested"
    AGREEMENT_SIGNED = "agreement.signed"
    AGREEMENT_SUSPENDED = "agreement.suspended"
    AGREEMENT_TERMINATED = "agreement.terminated"
    APPEAL_DECIDED = "appeal.decided"
    APPEAL_LODGED = "appeal.lodged"
    AUTHORISATION_REVOKED = "authorisation.revoked"
    AUTHORISATION_SUSPENDED = "authorisation.suspended"
    BANK_STATEMENT_IMPORTED = "bank_statement.imported"
    INVITATION_HANDED_OVER = "invitation.handed_over"
    INVOICE_ISSUED = "invoice.issued"
    INVOICE_PAID = "invoice.paid"
    INVOICE_REFUNDED = "invoice.refunded"
    INVOICE_REOPENED = "invoice.reopened"
    LICENCE_ISSUED = "licence.issued"
    LICENCE_STOPPED = "licence.stopped"
    ORGANISATION_SUSPENDED = "organisation.suspended"
    ORGANISATION_VERIFIED = "organisation.verified"
    PRODUCT_PUBLISHED = "product.published"
    PRODUCT_REINSTATED = "product.reinstated"
    PRODUCT_SUSPENDED = "product.suspended"
    PRODUCT_WITHDRAWN = "product.withdrawn"
    RECONCILIATION_COMPLETED = "reconciliation.completed"
    RECOVERY_APPROVED = "recovery.approved"
    RECOVERY_CANCELLED = "recovery.cancelled"
    RECOVERY_COMPLETED = "recovery.completed"
    RECOVERY_REQUESTED = "recovery.requested"
    REVISION_MEASURED = "revision.measured"
    REVISION_PUBLISHED = "revision.published"

    @property
    def subject_kind(self) -> str:
        """The kind of thing it happened to, such as ``product``."""
        return self.value.partition(".")[0]
