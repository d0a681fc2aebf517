"""The worker goes on when its connections are cut, without a process being started anew."""

import asyncio
import os
import signal

import asyncpg
import pytest
from standardwebhooks import Webhook

from infra import secrets
from infra.addresses import secret_box
from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.jobs import enqueue
from infra.outgoing.client import OutgoingClient
from infra.settings import Settings
from infra.webhooks import service as webhooks
from market.operations import worker
from tests.support.database import TestDatabase
from tests.support.events import until
from tests.support.people import make_organisation, make_person
from tests.support.receiver import receiver

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query ILIKE 'listen%' AND datname = current_database()"


@pytest.fixture(autouse=True)
def measuring_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker ends the telemetry of its process; this process has further tests, which measure."""
    monkeypatch.setattr("infra.telemetry.shutdown", lambda: None)


async def until_listening(connection: "asyncpg.Connection[asyncpg.Record]", other_than: set[int]) -> set[int]:
    async with asyncio.timeout(60):
        while True:
            found = {row["pid"] for row in await connection.fetch(LISTENERS)} - other_than
            if found:
                return found
            await asyncio.sleep(0.2)


async def test_a_cut_listener_is_replaced_and_jobs_go_on(
    settings: Settings, database: TestDatabase, sessions: SessionMaker
) -> None:
    connection = await asyncpg.connect(database.service_url)
    before = {row["pid"] for row in await connection.fetch(LISTENERS)}
    running = asyncio.create_task(worker.run(settings))
    try:
        first = await until_listening(connection, before)
        for pid in first:
            await connection.execute("SELECT pg_terminate_backend($1)", pid)
        await until_listening(connection, before | first)
        marker = str(new_id())
        async with transaction(sessions) as session:
            # A run that does not exist is nothing to do: the job ends, and leaves the queue.
            await enqueue(session, "quality.check", {"run_id": marker})
        async with asyncio.timeout(30):
            while await connection.fetchval(
                "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE $1", f"%{marker}%"
            ):
                await asyncio.sleep(0.2)
        assert not running.done()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        await connection.close()


async def test_the_worker_sends_webhooks_about_events(settings: Settings, sessions: SessionMaker) -> None:
    here = settings.model_copy(
        update={"outgoing_networks": "127.0.0.0/8", "metrics_port": 0, "worker_metrics_port": 0}
    )
    secrets.install(secret_box(here))
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    someone = await make_person(sessions, organisation_id, [Role.ORGANISATION_ADMIN])
    async with receiver() as server:
        async with OutgoingClient.of(here) as outgoing, transaction(sessions) as session:
            _, secret = await webhooks.create(
                session,
                someone.actor,
                outgoing,
                url=server.url,
                description=None,
                event_kinds=[EventKind.INVOICE_PAID],
            )
        running = asyncio.create_task(worker.run(here))
        try:
            async with transaction(sessions) as session:
                await events.publish(
                    session, EventKind.INVOICE_PAID, subject_id=new_id(), organisations=[organisation_id]
                )
            await until(lambda: server.requests, seconds=60)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await running
    message = Webhook(secret).verify(server.requests[0].body, server.requests[0].headers)
    assert message["type"] == "invoice.paid"
