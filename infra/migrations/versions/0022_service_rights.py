"""The service changes what its use cases change, in the order of its state machines, and nothing else.

Columns that never change lose their UPDATE right; statuses follow their machines; a status that rests on other rows
(signed, paid, refunded, lifted) is checked against these rows when the transaction commits.
"""

from collections.abc import Mapping, Sequence

from alembic import op

from infra.migrations import ddl

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

UPDATED: Mapping[str, Sequence[str]] = {
    "agreements": ("status", "finalized_at", "terminated_at", "termination_reason"),
    "appeals": ("status", "decided_by", "decided_at", "decision_reason"),
    "authorisation_cells": ("term",),
    "authorisations": ("status", "accepted_at", "accepted_by", "ended_at", "reason", "rules"),
    "card_events": ("applied_at", "outcome"),
    "card_payments": ("status", "failure", "processor_id", "sent_at", "completed_at"),
    "data_products": (
        *("status", "title_zh", "title_en", "description_zh", "description_en", "themes", "update_frequency"),
        *(
            "dictionary",
            "plan_id",
            "search_terms",
            "submitted_at",
            "submitted_by",
            "reviewed_at",
            "reviewed_by",
        ),
        *("review_note", "published_at"),
    ),
    "data_resources": ("risk_assessment_sha256", "risk_assessment_note"),
    "event_deliveries": ("status", "attempts", "due_at", "updated_at", "last_error"),
    "event_subjects": ("last_sequence",),
    "invoice_series": ("last_number",),
    "invoices": ("status", "paid_at"),
    "quality_runs": ("status", "error", "started_at", "finished_at"),
    "refunds": ("status", "failure", "processor_id", "sent_at", "completed_at"),
    "stops": ("lifted_at", "lifted_by", "lift_reason"),
}
"""Table → what the service may change of its rows."""

EDGES: Mapping[str, Sequence[str]] = {
    "agreements": (
        *(">requested", "requested>agreed", "agreed>finalized"),
        *("requested>terminated", "agreed>terminated", "finalized>terminated"),
    ),
    "appeals": (">open", "open>dismissed", "open>upheld"),
    "authorisations": (">offered", "offered>active", "offered>declined", "offered>revoked", "active>revoked"),
    "card_payments": (
        *(">requested", "requested>failed", "requested>requires_action", "requested>succeeded"),
        *("requires_action>failed", "requires_action>succeeded"),
    ),
    "data_products": (
        *(">draft", "draft>submitted", "submitted>draft", "submitted>published"),
        *("draft>withdrawn", "submitted>withdrawn", "published>withdrawn"),
    ),
    "invoices": (">issued", ">paid", "issued>paid", "paid>refunded"),
    "quality_runs": (">queued", "queued>running", "running>done", "running>failed", "failed>queued"),
    "refunds": (">requested", "requested>succeeded", "requested>failed"),
}
"""Table → the edges of its state machine, and what a new row may be."""

KEPT: Mapping[str, Sequence[str]] = {
    "clients": ("organisation_id",),
    "identity_evidence": ("organisation_id", "kind", "document_sha256", "submitted_by", "submitted_at"),
    "memberships": ("person_id", "organisation_id"),
    "organisations": ("kind", "registered_by", "registered_at"),
}
"""Table of identity, whose other columns the service writes → what stays as it was."""

FILES = (
    "infra/stops/stops_triggers.v1",
    "infra/rulebook/rulebook_triggers.v1",
    "contracts/agreements/agreements_signed.v1",
    "listings/authorisations/authorisations_triggers.v1",
    "listings/products/products_triggers.v1",
    "market/settlement/invoices/invoices_check.v1",
    "market/settlement/payments/payments_check.v1",
    "market/settlement/rails/bank/bank_triggers.v1",
)


def upgrade() -> None:
    """Take rights from the service, and have the database check the rest."""
    ddl.install("infra/migrations/keep_status_edges.v1")
    for table, columns in UPDATED.items():
        op.execute(f"REVOKE UPDATE ON {table} FROM {ddl.service_role()}")
        ddl.grant(f"UPDATE ({', '.join(columns)})", table)
    for table, edges in EDGES.items():
        ddl.status_edges(table, edges)
    for table, columns in KEPT.items():
        changed = " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed})"
            " EXECUTE FUNCTION refuse_change()"
        )
    for file in FILES:
        ddl.install(file)
