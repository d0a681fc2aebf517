"""Tables of reconciliation: each run and its breaks, append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, enum_column, id_column, json_column, message_column, timestamp_column
from market.settlement.reconciliation.domain import BreakKind


class Reconciliation(Table, table=True):
    """One run: what was compared, and whether nothing was left over."""

    __tablename__ = "reconciliations"

    id: UUID = id_column()
    run_at: datetime = timestamp_column()
    run_by: UUID
    clean: bool
    checked: dict[str, Any] = json_column()


class ReconciliationBreak(Table, table=True):
    """One difference of a run. ``owner_id`` null means the platform's finance has to explain it.

    ``difference`` is minor units of the currency, or units of use where there is none.
    """

    __tablename__ = "reconciliation_breaks"

    reconciliation_id: UUID = Field(primary_key=True, foreign_key="reconciliations.id")
    number: int = Field(primary_key=True)
    kind: BreakKind = enum_column(BreakKind)
    subject_kind: str
    subject: str
    difference: int = Field(sa_type=sa.BigInteger)
    currency: str | None = None
    owner_id: UUID | None = None
    since: datetime = timestamp_column()
    explanation: str = message_column()
