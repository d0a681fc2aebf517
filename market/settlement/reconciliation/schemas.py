"""Reconciliation over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from infra.identity.schemas import PartyName, PartyNames
from infra.schema import Input, Output, Told
from market.settlement.reconciliation.domain import BreakKind
from market.settlement.reconciliation.remedies import REMEDIES
from market.settlement.reconciliation.service import Run
from market.settlement.reconciliation.tables import Reconciliation, ReconciliationBreak
from pricing.money import Money, MoneyOut


class ReconciliationCreate(Input):
    """An empty object: everything is compared."""


class BreakRemedy(Output):
    """What to do, in Chinese and in English."""

    zh: str
    en: str


class BreakRead(Output):
    """One difference, whose it is, and since when."""

    kind: BreakKind
    subject_kind: str
    subject: str
    difference: MoneyOut | None = Field(description="Negative: missing; null where it is no money")
    units: int | None = Field(description="Difference in units of use or in things, where it is no money")
    owner_id: UUID | None = Field(description="Who has to explain it; null: the platform's finance")
    owner_name: PartyName | None
    since: datetime
    age_days: int = Field(description="Whole days from then to the run")
    explanation: Told
    remedy: BreakRemedy = Field(description="What a person does about it")

    @classmethod
    def of(cls, row: ReconciliationBreak, run_at: datetime, names: PartyNames) -> Self:
        """Render a break.

        :param names: of the organisations that have to explain breaks.
        """
        money = MoneyOut.of(Money(row.difference, row.currency)) if row.currency else None
        return cls(
            kind=row.kind,
            subject_kind=row.subject_kind,
            subject=row.subject,
            difference=money,
            units=None if row.currency else row.difference,
            owner_id=row.owner_id,
            owner_name=names.get(row.owner_id) if row.owner_id else None,
            since=row.since,
            age_days=max((run_at - row.since).days, 0),
            explanation=row.explanation,
            remedy=BreakRemedy.model_validate(REMEDIES[row.kind]),
        )


class ReconciliationSummary(Output):
    """One run: how much was compared, and whether anything was left over."""

    id: UUID
    run_at: datetime
    run_by: UUID
    clean: bool = Field(description="Nothing was left over")
    statements: int
    statement_lines: int
    statement_lines_matched: int
    invoices: int
    invoices_open: int = Field(description="Not paid yet; a break once overdue")
    payments: int
    refunds: int
    card_payments: int
    journals: int
    postings: int
    accounts: int

    @classmethod
    def of(cls, row: Reconciliation) -> Self:
        """Render a run without its breaks."""
        return cls(id=row.id, run_at=row.run_at, run_by=row.run_by, clean=row.clean, **row.checked)


class ReconciliationRead(ReconciliationSummary):
    """One run with its breaks, the oldest first."""

    breaks: list[BreakRead]

    @classmethod
    def of_run(cls, run: Run, names: PartyNames) -> Self:
        """Render a run.

        :param names: of the organisations that have to explain breaks.
        """
        row = run.reconciliation
        return cls(
            **ReconciliationSummary.of(row).model_dump(),
            breaks=[BreakRead.of(item, row.run_at, names) for item in run.breaks],
        )
