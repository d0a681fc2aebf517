"""A stored report that was changed is found."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from infra.db import SessionMaker, now, transaction
from quality.reports.verification import altered
from tests.support.database import TestDatabase
from tests.support.parties import Party
from tests.support.products import complete


async def found(sessions: SessionMaker, report_id: str, *, purged: Collection[UUID] = ()) -> bool:
    async with transaction(sessions) as session:
        since = await now(session) - timedelta(hours=1)
        return UUID(report_id) in {one async for one in altered(session, since=since, purged=purged)}


async def change(database: TestDatabase, statement: str, report_id: str) -> None:
    """Change a report as only the owner of the database can, with the triggers off."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        async with owner.transaction():
            await owner.execute("ALTER TABLE quality_reports DISABLE TRIGGER USER")
            await owner.execute(statement, UUID(report_id))
            await owner.execute("ALTER TABLE quality_reports ENABLE TRIGGER USER")
    finally:
        await owner.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE quality_reports SET grade = 'A', uncapped_grade = 'A' WHERE id = $1",
        "UPDATE quality_reports SET checks = jsonb_set(checks, '{0,satisfied}', '12345') WHERE id = $1",
        "UPDATE quality_reports SET refusals = '[{}]', digest = repeat('0', 64) WHERE id = $1",
    ],
)
async def test_a_changed_report_is_found(
    owner: Party, operator: Party, sessions: SessionMaker, database: TestDatabase, tampering: str
) -> None:
    product_id = await complete(owner, operator)
    revision = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]["id"]
    report_id = (await operator.get(f"/v1/revisions/{revision}/quality-report"))["id"]
    assert not await found(sessions, report_id)
    await change(database, tampering, report_id)
    assert await found(sessions, report_id)


async def test_what_was_purged_of_a_report_is_not_told_as_changed(
    owner: Party, operator: Party, sessions: SessionMaker, database: TestDatabase
) -> None:
    product_id = await complete(owner, operator)
    revision = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]["id"]
    report_id = (await operator.get(f"/v1/revisions/{revision}/quality-report"))["id"]
    emptied = "UPDATE quality_reports SET checks = '[]' WHERE id = $1"
    await change(database, emptied, report_id)
    assert await found(sessions, report_id)
    assert not await found(sessions, report_id, purged=[UUID(product_id)])
