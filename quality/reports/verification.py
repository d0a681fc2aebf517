"""Whether stored reports say what they said when they were written."""

import json
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from uuid import UUID

from infra.audit import service as audit
from infra.db import AsyncSession
from infra.digest import json_digest
from quality.runs import service as quality

PURGED = "[purged]"
"""What stands in place of a value that was purged; see ``listings/purges/sql``."""

_ENTRIES = 200
"""Entries of the audit log about one revision that are looked through for its reports."""


async def altered(
    session: AsyncSession, *, since: datetime, purged: Collection[UUID] = ()
) -> AsyncIterator[UUID]:
    """The reports written since then whose content is not what their digest in the audit log was taken of.

    Reading a report does not ask this; the nightly reconciliation does.

    :param purged: products of which data was purged: their reports may lack what a purge took out of them.
    """
    async for report in quality.list_since(session, since):
        if report.product_id in purged and (not report.checks or PURGED in json.dumps(report.checks)):
            continue
        entries = await audit.list_about(session, [report.revision_id], _ENTRIES)
        recorded = {
            entry.detail["digest"]
            for entry in entries
            if entry.action == "quality.reported" and entry.detail["report_id"] == str(report.id)
        }
        if recorded != {json_digest(quality.content(report)).hex()}:
            yield report.id
