"""An organisation with webhook endpoints, and a worker that sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from infra.db import SessionMaker, new_id, transaction
from infra.events import runner as events
from infra.events import service
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.settings import Settings
from infra.webhooks import sender as webhooks
from market.subscriptions import SUBSCRIBERS
from tests.support.database import TestDatabase
from tests.support.events import context_of, until

PATH = "/v1/webhook-endpoints"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who manages the endpoints of an organisation."""

    organisation_id: UUID
    http: httpx.AsyncClient

    async def register(self, url: str, *kinds: EventKind, key: str | None = None) -> dict[str, Any]:
        """A new endpoint with its secret."""
        body = {"url": url, "event_kinds": list(kinds or EventKind)}
        answer = await self.http.post(PATH, json=body, headers={"Idempotency-Key": key or str(new_id())})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def read(self, path: str) -> dict[str, Any]:
        """Read below the endpoints."""
        answer = await self.http.get(f"{PATH}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def post(self, path: str, body: dict[str, Any] | None = None, *, status: int) -> dict[str, Any]:
        """Do something to an endpoint, and take the answer of exactly this status."""
        answer = await self.http.post(f"{PATH}/{path}", json=body, headers={"Idempotency-Key": str(new_id())})
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def deliveries(self, endpoint: dict[str, Any], status: str | None = None) -> list[dict[str, Any]]:
        """What was sent to an endpoint, newest first."""
        query = f"?status={status}" if status else ""
        items: list[dict[str, Any]] = (await self.read(f"{endpoint['id']}/deliveries{query}"))["items"]
        return items

    async def settled(self, endpoint: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many messages were sent, or failed, and none is pending."""

        async def done() -> bool:
            found = await self.deliveries(endpoint)
            return len(found) >= count and all(item["status"] != "pending" for item in found)

        await until(done)
        return await self.deliveries(endpoint)


async def happen(
    sessions: SessionMaker,
    kind: EventKind,
    *organisations: UUID,
    subject_id: UUID | None = None,
    **payload: Any,
) -> Event:
    """Publish an event that concerns organisations."""
    async with transaction(sessions) as session:
        return await service.publish(
            session, kind, subject_id=subject_id or new_id(), organisations=organisations, payload=payload
        )


@asynccontextmanager
async def sending(database: TestDatabase, settings: Settings, sessions: SessionMaker) -> AsyncIterator[None]:
    """Run what a worker does for events and webhooks meanwhile."""
    stop = asyncio.Event()
    context = context_of(settings, sessions)
    running = [
        asyncio.create_task(events.run(database.service_url, context, SUBSCRIBERS, stop)),
        asyncio.create_task(webhooks.run(database.service_url, context, stop)),
    ]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*running)
