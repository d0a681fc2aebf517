"""What the service's own database role may do, table by table: a new table, column or right takes a decision here.

The first rule is append-only. Where rows live on, the role may change named columns only; where the whole row is the
service's to write (credentials, queues), the reason is given.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from contracts.agreements import states as agreements
from contracts.agreements.states import AgreementStatus
from infra.rulebook.states import PROPOSAL, ProposalStatus
from infra.states import Transition
from listings.authorisations import states as authorisations
from listings.authorisations.amendment_states import AMENDMENT, AmendmentStatus
from listings.authorisations.states import AuthorisationStatus
from listings.editions.states import EDITION, EditionStatus
from listings.enforcement.states import PROCEDURE, EnforcementStatus
from listings.products import states as products
from listings.products.states import ProductStatus
from listings.purges.states import PURGE, PurgeStatus
from listings.registrations.states import APPLICATION, OBJECTION, ApplicationStatus, ObjectionStatus
from listings.revisions import states as revisions
from listings.revisions.states import ChangeStatus
from listings.rights.states import ENCUMBRANCE, GRANT, EncumbranceStatus, GrantStatus
from listings.uploads import states as uploads
from listings.uploads.states import UPLOAD
from market.participants.states import (
    APPEAL,
    FACTOR_RESET,
    RECOVERY,
    AppealStatus,
    FactorResetStatus,
    RecoveryStatus,
)
from market.settlement.bank_accounts.states import BANK_ACCOUNT, BankAccountStatus
from market.settlement.invoices.states import INVOICE, InvoiceStatus
from market.settlement.payments.states import REFUND, RefundStatus
from market.settlement.rails.cards.states import CARD_PAYMENT, CardPaymentStatus
from quality.runs import states as quality
from quality.runs.states import RunStatus
from quality.waivers.states import REQUEST, WaiverRequestStatus
from tests.support.database import TestDatabase

ALL = frozenset({"*"})


@dataclass(frozen=True)
class Rights:
    """What the role may do to a table besides reading it.

    :ivar update: the columns it may change; `ALL` for whole rows.
    """

    insert: bool = True
    update: frozenset[str] = frozenset()
    delete: bool = False


def changing(columns: str) -> Rights:
    return Rights(update=frozenset(columns.split()))


READ_ONLY = Rights(insert=False)
APPEND_ONLY = Rights()
WHOLE_ROWS = Rights(update=ALL)
QUEUE = Rights(update=ALL, delete=True)

DECIDED: Mapping[str, Rights] = {
    "agreement_signatures": APPEND_ONLY,
    "agreements": changing("status finalized_at terminated_at termination_reason"),
    "alembic_version": READ_ONLY,
    "appeals": changing("status decided_by decided_at decision_reason"),
    "attempt_budgets": QUEUE,
    "audit_entries": APPEND_ONLY,
    "audit_heads": APPEND_ONLY,
    "audit_leaves": APPEND_ONLY,
    "audit_nodes": APPEND_ONLY,
    "authorisation_amendments": changing("status ended_at end_reason"),
    "authorisation_cells": changing("term"),
    "authorisation_resources": APPEND_ONLY,
    "authorisation_signatures": APPEND_ONLY,
    "authorisation_versions": APPEND_ONLY,
    "authorisations": changing("status accepted_at accepted_by ended_at reason rules"),
    "backups": READ_ONLY,
    "bank_accounts": changing(
        "status confirmed_by confirmed_at closed_by closed_at closure_reason replaced_by_id"
    ),
    "bank_documents": APPEND_ONLY,
    "bank_entries": APPEND_ONLY,
    "bank_match_parts": APPEND_ONLY,
    "bank_matches": APPEND_ONLY,
    "bank_statement_approvals": APPEND_ONLY,
    "bank_statement_reviews": APPEND_ONLY,
    "bank_statements": APPEND_ONLY,
    "card_events": changing("applied_at outcome"),
    "card_payments": changing("status failure processor_id sent_at completed_at"),
    # Written by triggers; forgotten after a day.
    "catalogue_changes": Rights(insert=False, delete=True),
    # Credentials come and go; to whom they belong is kept by a trigger.
    "client_secrets": QUEUE,
    "clients": WHOLE_ROWS,
    "column_gradings": APPEND_ONLY,
    "column_proposal_decisions": APPEND_ONLY,
    "column_proposals": APPEND_ONLY,
    "content_decisions": APPEND_ONLY,
    "contract_reviews": APPEND_ONLY,
    "data_products": changing(
        "status title_zh title_en description_zh description_en themes update_frequency dictionary plan_id"
        " quality_suite_id theme_axes delivery_classes purposes declared_columns classification edition_id"
        " submitted_at submitted_by reviewed_at reviewed_by review_note published_at rules"
    ),
    # With a registration that is written in the same transaction, which a trigger asks for.
    "data_resources": changing(
        "title_zh title_en description_zh description_en domain update_frequency classification personal_information"
        " raw_data_stays source_statement responsible_department responsible_person registration_code"
        " registered_at registered_until registration_cancelled_at"
    ),
    "edition_explanations": APPEND_ONLY,
    "edition_remarks": APPEND_ONLY,
    "edition_reviews": APPEND_ONLY,
    "enforcement_procedures": changing("status due_at delisted ended_at"),
    "enforcement_steps": APPEND_ONLY,
    "service_credits": APPEND_ONLY,
    # Handled events are forgotten after a time.
    "event_deliveries": Rights(
        update=frozenset({"status", "attempts", "due_at", "updated_at", "last_error"}), delete=True
    ),
    "event_outbox": Rights(delete=True),
    "event_subjects": changing("last_sequence"),
    "events": APPEND_ONLY,
    "idempotency_keys": APPEND_ONLY,
    "identity_evidence": WHOLE_ROWS,
    "impact_assessments": APPEND_ONLY,
    "invitations": WHOLE_ROWS,
    "invoice_lines": APPEND_ONLY,
    "invoice_series": changing("last_number"),
    "invoices": changing("status paid_at paid_minor"),
    "ledger_accounts": APPEND_ONLY,
    "ledger_journals": APPEND_ONLY,
    "ledger_postings": APPEND_ONLY,
    "licence_counters": READ_ONLY,
    "licence_tokens": APPEND_ONLY,
    "licences": APPEND_ONLY,
    "mails": Rights(
        update=frozenset({"status", "attempts", "due_at", "completed_at", "last_error"}), delete=True
    ),
    "memberships": QUEUE,
    # How far each process is with its answers; forgotten a day after it ended.
    "metering_processes": QUEUE,
    "organisations": WHOLE_ROWS,
    "overdue_notices": APPEND_ONLY,
    "payment_reversals": APPEND_ONLY,
    # One link for each account, replaced, used up and swept.
    "password_resets": QUEUE,
    "payments": APPEND_ONLY,
    "people": WHOLE_ROWS,
    "period_closes": APPEND_ONLY,
    "personal_columns": APPEND_ONLY,
    "pgqueuer": QUEUE,
    "pgqueuer_log": QUEUE,
    "pgqueuer_schedules": QUEUE,
    "pgqueuer_statistics": QUEUE,
    "price_plans": APPEND_ONLY,
    # The document is that of a draft only, by a trigger.
    "product_editions": changing(
        "number status document digest submitted_at submitted_by reviewed_at reviewed_by review_note effective_at"
        " superseded_at withdrawal_reason rules"
    ),
    "product_samples": APPEND_ONLY,
    "product_revisions": APPEND_ONLY,
    "quality_reports": APPEND_ONLY,
    # How far a run is, while it runs.
    "quality_progress": QUEUE,
    "purge_orders": changing(
        "status revision_ids decided_by decided_by_organisation decided_at decision_reason completed_at backups"
    ),
    "call_observations": changing("calls succeeded milliseconds"),
    "timeliness_observations": changing("in_time periods observed_at"),
    "quality_waivers": changing("revoked_by revoked_at revocation_reason ended_told_at"),
    "quality_waiver_requests": changing("status decided_by decided_at decision_reason waiver_id"),
    # The suites of trials take effect with an edition, and the trials count from then on.
    "quality_runs": changing("status error attempts started_at finished_at trial requested_at"),
    "quality_suites": APPEND_ONLY,
    "reconciliation_breaks": APPEND_ONLY,
    "reconciliations": APPEND_ONLY,
    "recovery_codes": Rights(update=frozenset({"used_at"}), delete=True),
    "recoveries": changing(
        "status approved_by approved_at approval_reason effective_at"
        " cancelled_by cancelled_at cancellation_reason completed_at invitation_id"
    ),
    "refused_sign_ins": QUEUE,
    "second_factor_resets": changing("status ended_by ended_at"),
    "refunds": changing("status failure processor_id sent_at completed_at approved_by approved_at ended_by"),
    "registration_applications": changing(
        "status attempt content due_at notice_opened_at notice_ends_at notice_left_seconds"
    ),
    "registration_objections": changing("status answered_by answered_at answer"),
    "registration_reminders": APPEND_ONLY,
    "registration_steps": APPEND_ONLY,
    "registrations": APPEND_ONLY,
    "resource_assessments": APPEND_ONLY,
    "resource_rights": APPEND_ONLY,
    "right_encumbrances": changing(
        "status outcome stops_use effective_by effective_at effective_reason ended_by ended_at end_reason"
    ),
    "right_grants": changing("status right_id decided_by decided_at decision_reason"),
    "resource_viewers": Rights(delete=True),
    "revision_contents": APPEND_ONLY,
    "revoked_tokens": QUEUE,
    "rule_proposals": changing("status decided_by decided_by_organisation decided_at decision_reason"),
    "rulebook_kinds": READ_ONLY,
    "rulebook_parameters": APPEND_ONLY,
    "sample_decisions": APPEND_ONLY,
    "sample_keys": APPEND_ONLY,
    "sessions": QUEUE,
    "sign_in_attempts": QUEUE,
    "totp_factors": Rights(update=frozenset({"confirmed_at", "last_step"}), delete=True),
    "schema_changes": changing(
        "status breaking announced_at announced_by reason effective_at effective_told_at rules withdrawn_at"
        " withdrawn_by withdrawal_reason"
    ),
    # Set, replaced and deleted by organisations.
    "product_sources": QUEUE,
    "source_credentials": QUEUE,
    "stops": changing("lifted_at lifted_by lift_reason"),
    # Pieces of files that have come go once the file is a revision.
    "upload_parts": Rights(delete=True),
    "uploads": changing(
        "size_bytes status received_bytes phase percent rows attempts revision_id unchanged problem etag updated_at"
        " expires_at finished_at"
    ),
    # Written by functions of the owner: admission, crediting, opening and closing.
    "usage_credits": READ_ONLY,
    "usage_keys": READ_ONLY,
    "usage_periods": READ_ONLY,
    "usage_purposes": READ_ONLY,
    "usage_records": READ_ONLY,
    "usage_repeats": READ_ONLY,
    "webhook_attempts": APPEND_ONLY,
    "webhook_deliveries": QUEUE,
    "webhook_endpoints": QUEUE,
    "webhook_secrets": QUEUE,
    "worker_heartbeats": QUEUE,
}

TABLES = """
SELECT c.relname AS name, has_table_privilege(c.oid, 'INSERT') AS insert,
       has_table_privilege(c.oid, 'UPDATE') AS update,
       has_table_privilege(c.oid, 'DELETE') AS delete,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND has_column_privilege(c.oid, a.attnum, 'UPDATE')) AS columns,
       has_table_privilege(c.oid, 'SELECT') AS read,
       has_table_privilege(c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
           OR pg_has_role(current_user, c.relowner, 'USAGE') AS more
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
"""

MACHINES: Mapping[str, tuple[Mapping[Any, Transition[Any]], frozenset[Any]]] = {
    "agreements": (agreements.TRANSITIONS, frozenset({AgreementStatus.REQUESTED})),
    "appeals": (APPEAL.transitions, frozenset({AppealStatus.OPEN})),
    "authorisation_amendments": (AMENDMENT.transitions, frozenset({AmendmentStatus.PROPOSED})),
    "authorisations": (authorisations.TRANSITIONS, frozenset({AuthorisationStatus.OFFERED})),
    "bank_accounts": (BANK_ACCOUNT.transitions, frozenset({BankAccountStatus.REGISTERED})),
    "card_payments": (CARD_PAYMENT.transitions, frozenset({CardPaymentStatus.REQUESTED})),
    "data_products": (products.TRANSITIONS, frozenset({ProductStatus.DRAFT})),
    "enforcement_procedures": (PROCEDURE.transitions, frozenset({EnforcementStatus.WARNED})),
    # An invoice of zero needs no payment.
    "invoices": (INVOICE.transitions, frozenset({InvoiceStatus.ISSUED, InvoiceStatus.PAID})),
    "product_editions": (EDITION.transitions, frozenset({EditionStatus.DRAFT})),
    "quality_waiver_requests": (REQUEST.transitions, frozenset({WaiverRequestStatus.WAITING})),
    "quality_runs": (quality.TRANSITIONS, frozenset({RunStatus.QUEUED})),
    "recoveries": (RECOVERY.transitions, frozenset({RecoveryStatus.REQUESTED})),
    "right_encumbrances": (
        ENCUMBRANCE.transitions,
        frozenset({EncumbranceStatus.IN_FORCE, EncumbranceStatus.PENDING}),
    ),
    "right_grants": (GRANT.transitions, frozenset({GrantStatus.PROPOSED})),
    "purge_orders": (PURGE.transitions, frozenset({PurgeStatus.ORDERED})),
    "registration_applications": (APPLICATION.transitions, frozenset({ApplicationStatus.SUBMITTED})),
    "registration_objections": (OBJECTION.transitions, frozenset({ObjectionStatus.OPEN})),
    "rule_proposals": (PROPOSAL.transitions, frozenset({ProposalStatus.PROPOSED})),
    "second_factor_resets": (FACTOR_RESET.transitions, frozenset({FactorResetStatus.REQUESTED})),
    "schema_changes": (revisions.TRANSITIONS, frozenset({ChangeStatus.PROPOSED})),
    "uploads": (UPLOAD.transitions, uploads.FIRST),
    "refunds": (REFUND.transitions, frozenset({RefundStatus.REQUESTED})),
}
"""Table → its state machine, and what a new row may be."""

EDGES = """
SELECT tgrelid::regclass::text AS name, encode(tgargs, 'escape') AS arguments
  FROM pg_trigger WHERE tgfoid = 'keep_status_edges'::regproc
"""

DEFINERS = """
SELECT p.oid::regproc::text FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
   AND (p.proconfig IS NULL OR NOT 'search_path=public, pg_temp' = ANY (p.proconfig)
        OR has_function_privilege('public', p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'::regtype)
"""


@pytest.fixture
async def service(database: TestDatabase) -> AsyncIterator["asyncpg.Connection[Any]"]:
    made = await asyncpg.connect(database.service_url)
    yield made
    await made.close()


async def test_every_table_has_the_rights_that_were_decided(service: "asyncpg.Connection[Any]") -> None:
    found = {}
    for row in await service.fetch(TABLES):
        assert row["read"], row["name"]
        assert not row["more"], row["name"]
        update = ALL if row["update"] else frozenset(row["columns"])
        found[row["name"]] = Rights(row["insert"], update, row["delete"])
    assert found == DECIDED


async def test_what_is_append_only_refuses_its_owner_too(database: TestDatabase) -> None:
    owner = await asyncpg.connect(database.owner_url)
    try:
        guarded = await owner.fetch(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'refuse_change'::regproc"
            " AND tgtype::int & 1 = 0 AND tgtype::int & 16 = 16"
        )
    finally:
        await owner.close()
    kept = {row[0] for row in guarded}
    append_only = {name for name, rights in DECIDED.items() if rights == APPEND_ONLY}
    # An attempt is deleted with its delivery, a token once it has run out; the owner's functions end one before.
    # A confirmed purge order empties rows, which a trigger of theirs sees to.
    purged = {
        *("column_proposals", "product_revisions", "product_samples", "quality_reports"),
        *("quality_suites", "revision_contents"),
    }
    assert append_only - kept == {"licence_tokens", "webhook_attempts", *purged}


async def test_the_database_knows_the_state_machines_of_the_code(service: "asyncpg.Connection[Any]") -> None:
    held: dict[str, set[str]] = {}
    for row in await service.fetch(EDGES):
        held[row["name"]] = {edge for edge in row["arguments"].split("\\000") if edge}
    wanted = {}
    for table, (transitions, first) in MACHINES.items():
        wanted[table] = {f">{status.value}" for status in first} | {
            f"{source.value}>{transition.target.value}"
            for transition in transitions.values()
            for source in transition.sources
            if source is not transition.target
        }
    assert held == wanted, "a change of a state machine takes a migration that calls ddl.status_edges"


async def test_what_runs_as_the_owner_fixes_its_search_path_and_is_called_by_the_service_alone(
    service: "asyncpg.Connection[Any]",
) -> None:
    assert [row[0] for row in await service.fetch(DEFINERS)] == []
