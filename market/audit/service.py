"""Audit entries as they are shown."""

from collections.abc import Sequence

from infra.audit.tables import AuditEntry
from infra.db import AsyncSession
from infra.identity.service import party_names
from market.audit.schemas import AuditEntryRead


async def read_entries(session: AsyncSession, rows: Sequence[AuditEntry]) -> list[AuditEntryRead]:
    """The entries with the names of the organisations in them, in one query more."""
    parties = {row.organisation_id for row in rows}
    parties |= {row.subject_id for row in rows if row.subject_kind == "organisation"}
    names = await party_names(session, parties)
    return [
        AuditEntryRead(
            **row.model_dump(exclude={"leaf"}),
            leaf=row.leaf.hex(),
            organisation_name=names.get(row.organisation_id),
            subject_name=names.get(row.subject_id),
        )
        for row in rows
    ]
