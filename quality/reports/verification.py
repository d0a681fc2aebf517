"""Whether stored reports say what they said when they were written."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.db import AsyncSession
from infra.digest import json_digest
from quality.runs import service as quality

_ENTRIES = 200
"""Entries of the audit log about one revision that are looked through for its reports."""


async def altered(session: AsyncSession, *, since: datetime) -> AsyncIterator[UUID]:
    """The reports written since then whose content is not what their digest in the audit log was taken of.

    Reading a report does not ask this; the nightly reconciliation does.
    """
    async for report in quality.list_since(session, since):
        entries = await audit.list_about(session, [report.revision_id], _ENTRIES)
        recorded = {
            entry.detail["digest"]
            for entry in entries
            if entry.action == "quality.reported" and entry.detail["report_id"] == str(report.id)
        }
        if recorded != {json_digest(quality.content(report)).hex()}:
            yield report.id
