"""Refused passwords stand in the audit log, and strangers do not fill it with them."""

import secrets
from datetime import timedelta
from uuid import UUID

import httpx
import sqlalchemy as sa

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.identity import jobs
from infra.identity.domain import REFUSALS_TOGETHER
from infra.settings import Settings
from tests.support.events import context_of
from tests.support.people import make_organisation, make_person


async def refusals(sessions: SessionMaker, person_id: UUID) -> list[dict[str, object]]:
    statement = sa.text(
        "SELECT detail FROM audit_entries WHERE action = 'session.refused' AND subject_id = :id ORDER BY id"
    )
    async with sessions() as session:
        return list((await session.execute(statement, {"id": person_id})).scalars())


async def record(sessions: SessionMaker, settings: Settings, *, late: bool) -> None:
    if late:
        async with transaction(sessions) as session:
            earlier = sa.text("UPDATE refused_sign_ins SET since = since - CAST(:age AS interval)")
            await session.execute(earlier, {"age": REFUSALS_TOGETHER + timedelta(seconds=1)})
    await jobs.record_refusals(context_of(settings, sessions), {})


async def guess(client: httpx.AsyncClient, email: str, times: int) -> None:
    for _ in range(times):
        body = {"email": email, "password": "not this one, sorry"}
        assert (await client.post("/v1/session", json=body)).status_code == 401


async def test_all_of_a_few_minutes_make_one_entry(
    client: httpx.AsyncClient, sessions: SessionMaker, settings: Settings
) -> None:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    someone = await make_person(sessions, organisation_id, [Role.BUYER])
    await guess(client, someone.email, 6)
    await record(sessions, settings, late=False)
    assert await refusals(sessions, someone.id) == []
    await record(sessions, settings, late=True)
    await record(sessions, settings, late=True)
    [entry] = await refusals(sessions, someone.id)
    assert entry["count"] == 6
    assert str(entry["since"]) < str(entry["until"])
    await guess(client, someone.email, 1)
    await record(sessions, settings, late=True)
    assert [entry["count"] for entry in await refusals(sessions, someone.id)] == [6, 1]


async def test_addresses_that_nobody_has_share_one_entry(
    client: httpx.AsyncClient, sessions: SessionMaker, settings: Settings
) -> None:
    await record(sessions, settings, late=True)
    before = await refusals(sessions, UUID(int=0))
    for _ in range(20):
        await guess(client, f"{secrets.token_hex(6)}@people.example", 1)
    await record(sessions, settings, late=True)
    [entry] = (await refusals(sessions, UUID(int=0)))[len(before) :]
    assert entry["count"] == 20
