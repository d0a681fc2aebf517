"""Registration of resources as a procedure with its history; assessments in versions; grace for what is older."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations import ddl

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_MEASURES = "公共数据资源登记管理暂行办法（发改数据规〔2025〕26号，2025-03-01 施行）"
_SINCE = "2025-03-01T00:00:00+08:00"
_NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"
_KINDS = ("initial", "change", "correction", "renewal", "cancellation")
_GROUNDS = (
    "unlawful_core_data",
    "source_missing",
    "source_unlawful",
    "dispute_unresolved",
    "not_the_holder",
    "other",
)
_STATUSES = (
    "submitted",
    "accepted",
    "announced",
    "contested",
    "returned",
    "refused",
    "withdrawn",
    "completed",
)
_ACTIONS = (
    "acceptance",
    "approval",
    "objection",
    "resumption",
    "return",
    "refusal",
    "resubmission",
    "withdrawal",
    "completion",
)
_EDGES = (
    ">submitted",
    "submitted>accepted",
    "accepted>announced",
    "announced>contested",
    "contested>announced",
    "announced>completed",
    "returned>submitted",
    *(f"{status}>returned" for status in ("submitted", "accepted", "announced", "contested")),
    *(f"{status}>refused" for status in ("submitted", "accepted", "announced", "contested")),
    *(f"{status}>withdrawn" for status in ("submitted", "accepted", "announced", "contested", "returned")),
)


def upgrade() -> None:
    """Make the tables of registrations, and let the resources there are count as registered for a time."""
    _parameters()
    _assessments()
    _resources()
    _applications()
    _registrations()
    _grace()
    ddl.install("listings/registrations/registrations_triggers.v1")


def _time(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _parameters() -> None:
    def days(key: str, zh: str, en: str, value: int, maximum: str, source: str, status: str) -> None:
        ddl.rule_kind(key, "integer", zh, en, minimum="0", maximum=maximum, unit="days")
        ddl.parameter(key, value, source=source, source_status=status, effective_from=_SINCE)

    unread = f"{_MEASURES}：公示10个工作日，未经核实 recalled, not verified"
    house = "Decided by the market 平台自定: "
    unchanged = house + "the content in force is not changed, or only slips of the pen are 未变更登记内容"
    days("registration.initial_notice_days", "首次登记公示期（工作日）",
         "Public notice of an initial registration, in working days", 10, "90", unread, "M")  # fmt: skip
    days("registration.change_notice_days", "变更登记公示期（工作日）",
         "Public notice of a change, in working days", 10, "90", unread, "M")  # fmt: skip
    days("registration.cancellation_notice_days", "注销登记公示期（工作日）",
         "Public notice of a cancellation, in working days", 10, "90", unread, "M")  # fmt: skip
    days("registration.correction_notice_days", "更正登记公示期（工作日）",
         "Public notice of a correction, in working days", 0, "90", unchanged, "house")  # fmt: skip
    days("registration.renewal_notice_days", "续展登记公示期（工作日）",
         "Public notice of a renewal, in working days", 0, "90", unchanged, "house")  # fmt: skip
    days("registration.acceptance_days", "受理期限（工作日）", "Days to accept an application, in working days",
         5, "90", house + "days within which the registration office accepts or returns", "house")  # fmt: skip
    days("registration.review_days", "形式审核期限（工作日）", "Days of the formal review, in working days",
         20, "180", f"{_MEASURES}：审核20个工作日，未经核实 recalled, not verified", "M")  # fmt: skip
    days("registration.renewal_days", "续展提前期（日）",
         "Days before the end from which on a registration is renewed, and its owner is reminded", 60, "365",
         f"{_MEASURES}：届满前60日续展，未经核实 recalled, not verified", "M")  # fmt: skip
    days("registration.grace_days", "存量资源登记宽限期（日）",
         "Days for which resources that are older than registration count as registered", 365, "3650",
         house + "time to register what was listed before registration became a procedure", "house")  # fmt: skip
    ddl.rule_kind("registration.validity_years", "integer", "登记有效期（年）", "Validity of a registration",
                  minimum="1", maximum="10", unit="years")  # fmt: skip
    ddl.parameter(
        "registration.validity_years",
        3,
        source=f"{_MEASURES}：登记结果有效期三年 valid for three years, renewable",
        source_status="S",
        effective_from=_SINCE,
    )


def _assessments() -> None:
    op.create_table(
        "resource_assessments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        _time("valid_until", nullable=True),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        _time("filed_at"),
        sa.UniqueConstraint(
            "resource_id", "kind", "number", name=op.f("uq_resource_assessments_resource_id_kind_number")
        ),
        sa.CheckConstraint(
            ddl.check_in("kind", ["risk"]), name=op.f("ck_resource_assessments_assessment_kind")
        ),
    )
    # Who put it on file, and when, is in the audit log.
    op.execute(
        "INSERT INTO resource_assessments (id, resource_id, kind, number, sha256, note, filed_by, filed_at)"
        " SELECT gen_random_uuid(), r.id, 'risk', 1, r.risk_assessment_sha256, r.risk_assessment_note,"
        "        coalesce(e.actor_id, r.registered_by), coalesce(e.recorded_at, r.registered_at)"
        "   FROM data_resources r"
        "   LEFT JOIN LATERAL (SELECT actor_id, recorded_at FROM audit_entries"
        "                       WHERE subject_id = r.id AND action = 'resource.risk_assessment_filed'"
        "                       ORDER BY recorded_at DESC LIMIT 1) e ON true"
        "  WHERE r.risk_assessment_sha256 IS NOT NULL"
    )
    op.drop_column("data_resources", "risk_assessment_sha256")
    op.drop_column("data_resources", "risk_assessment_note")
    ddl.append_only("resource_assessments")


def _resources() -> None:
    for name in ("source_statement", "responsible_department", "responsible_person", "registration_code"):
        op.add_column("data_resources", sa.Column(name, sa.String(), nullable=True))
    for name in ("registered_until", "registration_cancelled_at", "grace_from"):
        op.add_column("data_resources", _time(name, nullable=True))
    op.alter_column("data_resources", "registered_by", new_column_name="created_by")
    op.alter_column("data_resources", "registered_at", new_column_name="created_at")
    op.add_column("data_resources", _time("registered_at", nullable=True))
    ddl.grant(
        "UPDATE (title_zh, title_en, description_zh, description_en, domain, update_frequency, classification,"
        " personal_information, source_statement, responsible_department, responsible_person, registration_code,"
        " registered_at, registered_until, registration_cancelled_at)",
        "data_resources",
    )


def _applications() -> None:
    op.create_table(
        "registration_applications",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("base", JSONB(), nullable=False),
        sa.Column("applied_by", sa.Uuid(), nullable=False),
        _time("applied_at"),
        _time("due_at", nullable=True),
        _time("notice_opened_at", nullable=True),
        _time("notice_ends_at", nullable=True),
        sa.Column("notice_left_seconds", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            ddl.check_in("kind", _KINDS), name=op.f("ck_registration_applications_registration_kind")
        ),
        sa.CheckConstraint(
            ddl.check_in("status", _STATUSES), name=op.f("ck_registration_applications_application_status")
        ),
    )
    op.create_index("ix_registration_applications_resource_id", "registration_applications", ["resource_id"])
    op.create_index("ix_registration_applications_owner_id", "registration_applications", ["owner_id"])
    op.create_index("ix_registration_applications_status", "registration_applications", ["status"])
    op.create_index(
        "uq_registration_applications_open",
        "registration_applications",
        ["resource_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('submitted', 'accepted', 'announced', 'contested', 'returned')"),
    )
    ddl.grant("SELECT, INSERT", "registration_applications")
    ddl.grant(
        "UPDATE (status, attempt, content, due_at, notice_opened_at, notice_ends_at, notice_left_seconds)",
        "registration_applications",
    )
    ddl.status_edges("registration_applications", _EDGES)
    op.create_table(
        "registration_steps",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("application_id", sa.Uuid(), sa.ForeignKey("registration_applications.id"), nullable=False),
        sa.Column("action", sa.String(40), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        _time("taken_at"),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ground", sa.String(40), nullable=True),
        sa.Column("content", JSONB(), nullable=True),
        sa.Column("content_sha256", sa.String(), nullable=True),
        sa.Column("rules", JSONB(), nullable=False),
        sa.CheckConstraint(
            ddl.check_in("action", _ACTIONS), name=op.f("ck_registration_steps_application_action")
        ),
        sa.CheckConstraint(
            ddl.check_in("status", _STATUSES), name=op.f("ck_registration_steps_application_status")
        ),
        sa.CheckConstraint(
            ddl.check_in("ground", _GROUNDS), name=op.f("ck_registration_steps_refusal_ground")
        ),
    )
    op.create_index("ix_registration_steps_application_id", "registration_steps", ["application_id"])
    ddl.append_only("registration_steps")
    op.create_table(
        "registration_objections",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("application_id", sa.Uuid(), sa.ForeignKey("registration_applications.id"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reasons", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=True),
        sa.Column("raised_by", sa.Uuid(), nullable=False),
        _time("raised_at"),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        _time("answered_at", nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.UniqueConstraint(
            "application_id",
            "attempt",
            "organisation_id",
            name=op.f("uq_registration_objections_application_id_attempt_organisation_id"),
        ),
        sa.CheckConstraint(
            ddl.check_in("status", ["open", "dismissed", "upheld", "moot"]),
            name=op.f("ck_registration_objections_objection_status"),
        ),
    )
    op.create_index(
        "ix_registration_objections_organisation_id", "registration_objections", ["organisation_id"]
    )
    ddl.grant("SELECT, INSERT", "registration_objections")
    ddl.grant("UPDATE (status, answered_by, answered_at, answer)", "registration_objections")
    ddl.status_edges("registration_objections", [">open", "open>dismissed", "open>upheld", "open>moot"])


def _registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), sa.ForeignKey("data_resources.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("application_id", sa.Uuid(), sa.ForeignKey("registration_applications.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        _time("valid_from"),
        _time("valid_until"),
        _time("registered_at"),
        sa.Column("rules", JSONB(), nullable=False),
        sa.UniqueConstraint("code", "version", name=op.f("uq_registrations_code_version")),
        sa.UniqueConstraint("resource_id", "number", name=op.f("uq_registrations_resource_id_number")),
        sa.UniqueConstraint("application_id", name=op.f("uq_registrations_application_id")),
        sa.CheckConstraint(ddl.check_in("kind", _KINDS), name=op.f("ck_registrations_registration_kind")),
    )
    ddl.append_only("registrations")
    op.execute("CREATE SEQUENCE registration_numbers")
    op.execute(sa.text(f"GRANT USAGE ON SEQUENCE registration_numbers TO {ddl.service_role()}"))
    op.create_table(
        "registration_reminders",
        sa.Column("subject_id", sa.Uuid(), primary_key=True),
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("instant", sa.DateTime(timezone=True), primary_key=True),
        _time("told_at"),
    )
    ddl.append_only("registration_reminders")
    op.create_index(
        "uq_stops_registration",
        "stops",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("subject_kind = 'registration' AND lifted_at IS NULL"),
    )


def _grace() -> None:
    """What is older than registration counts as registered for a time, at the end of which its stop counts."""
    op.execute(
        "UPDATE data_resources SET grace_from = now(), registered_until = now() + make_interval(days =>"
        " (SELECT (value #>> '{}')::int FROM rulebook_parameters WHERE key = 'registration.grace_days'"
        "   ORDER BY version DESC LIMIT 1))"
    )
    op.execute("ALTER TABLE stops DISABLE TRIGGER USER")
    op.execute(
        "INSERT INTO stops (id, subject_kind, subject_id, reason, final, placed_by, placed_by_organisation, placed_at,"
        " begins_at) SELECT gen_random_uuid(), 'registration', r.id,"
        " '登记宽限期已满 The time of grace to register it is over', false,"
        f" {_NOBODY}, {_NOBODY}, now(), r.registered_until FROM data_resources r"
    )
    op.execute("ALTER TABLE stops ENABLE TRIGGER USER")
