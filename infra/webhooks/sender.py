"""What the worker does all the time for webhooks: send what is due, apart for each endpoint."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID

import structlog

from infra import wakeups
from infra.db import transaction
from infra.jobs import JobContext
from infra.outgoing.client import OutgoingClient
from infra.outgoing.errors import AddressRefused, CallFailed
from infra.webhooks import deliveries, repository, signing
from infra.webhooks.domain import Attempt, kept_text, message_id, retry_after

ENDPOINTS = 500
"""Endpoints that one worker serves at once: so many dead addresses would have to be called before others wait."""

AT_ONCE = 4
"""Messages that one worker sends to one endpoint at once; one while the endpoint fails."""

DATABASE_AT_ONCE = 2
"""Connections to the database that are used for all of this: none is held while a receiver is waited for."""

LEASE_MARGIN = timedelta(seconds=30)
ANSWER_BYTES = 4000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is about to be sent."""

    delivery_id: UUID
    message_id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What is sent to an endpoint next."""

    url: str
    keys: list[str]
    messages: list[Outgoing]


async def run(url: str, context: JobContext, stop: asyncio.Event) -> None:
    """Send webhooks until told to stop.

    :param url: of the service's own login, for the connection that is notified of new deliveries.
    """
    async with OutgoingClient.of(context.settings) as outgoing:
        sender = Sender(context, outgoing)
        try:
            await wakeups.keep_going(url, repository.CHANNEL, sender.round, wake=sender.wake, stop=stop)
        finally:
            await sender.close()


class Sender:
    """The endpoints that one worker is sending to."""

    def __init__(self, context: JobContext, outgoing: OutgoingClient) -> None:
        self.wake = asyncio.Event()
        self._context = context
        self._outgoing = outgoing
        self._database = asyncio.Semaphore(DATABASE_AT_ONCE)
        self._busy: dict[UUID, asyncio.Task[None]] = {}

    async def round(self) -> None:
        """Begin with every endpoint that something is due for and that is not being sent to."""
        room = ENDPOINTS - len(self._busy)
        if room <= 0:
            return
        async with self._database, transaction(self._context.sessions) as session:
            due = await repository.due_endpoints(session, list(self._busy), room)
        for endpoint_id in due:
            task = self._busy[endpoint_id] = asyncio.create_task(self._serve(endpoint_id))
            task.add_done_callback(lambda ended, served=endpoint_id: self._ended(served, ended))  # type: ignore[misc]

    async def close(self) -> None:
        """Stop sending; what is cut off is sent again when its lease has ended."""
        tasks = list(self._busy.values())
        if tasks:
            await asyncio.wait(tasks, timeout=self._context.settings.webhook_timeout_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, endpoint_id: UUID, task: "asyncio.Task[None]") -> None:
        del self._busy[endpoint_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("webhooks_interrupted", endpoint_id=str(endpoint_id), exc_info=error)
        else:
            # Something may have become due between its last look and now.
            self.wake.set()

    async def _serve(self, endpoint_id: UUID) -> None:
        """Send what is due for one endpoint, until nothing is."""
        while (claim := await self._claim(endpoint_id)) is not None:
            await asyncio.gather(*(self._send(endpoint_id, claim, message) for message in claim.messages))

    async def _claim(self, endpoint_id: UUID) -> Claim | None:
        lease = timedelta(seconds=self._context.settings.webhook_timeout_s) + LEASE_MARGIN
        async with self._database, transaction(self._context.sessions) as session:
            endpoint = await repository.enabled_endpoint(session, endpoint_id)
            if endpoint is None:
                return None
            limit = AT_ONCE if endpoint.failing_since is None else 1
            rows = await repository.claim(session, endpoint_id, limit, lease)
            if not rows:
                return None
            keys = [row.secret for row in await repository.secrets(session, endpoint_id)]
            messages = [Outgoing(row.id, row.message_id, row.body.encode()) for row in rows]
            return Claim(endpoint.url, keys, messages)

    async def _send(self, endpoint_id: UUID, claim: Claim, message: Outgoing) -> None:
        moment = datetime.now(UTC)
        attempt = await self._attempt(claim, message, moment)
        settings = self._context.settings
        log.info(
            "webhook_sent",
            endpoint_id=str(endpoint_id),
            delivery_id=str(message.delivery_id),
            status=attempt.status,
            error=attempt.error,
        )
        async with self._database, transaction(self._context.sessions) as session:
            await deliveries.record_attempt(
                session,
                endpoint_id,
                message.delivery_id,
                attempt,
                moment,
                schedule=settings.webhook_schedule,
                disable_after=timedelta(hours=settings.webhook_disable_after_hours),
            )

    async def _attempt(self, claim: Claim, message: Outgoing, moment: datetime) -> Attempt:
        headers = signing.signed_headers(
            message_id(message.message_id), int(moment.timestamp()), message.body, claim.keys
        )
        began = perf_counter()
        try:
            answer = await self._outgoing.request(
                "POST",
                claim.url,
                headers={**headers, "Content-Type": "application/json"},
                content=message.body,
                seconds=self._context.settings.webhook_timeout_s,
                max_bytes=ANSWER_BYTES,
            )
        except (AddressRefused, CallFailed) as error:
            text = error.detail if isinstance(error, AddressRefused) else str(error)
            return Attempt(None, timedelta(seconds=perf_counter() - began), error=text[:ANSWER_BYTES])
        return Attempt(
            answer.status,
            timedelta(seconds=perf_counter() - began),
            text=kept_text(answer.body),
            retry_after=retry_after(answer.headers.get("retry-after"), moment),
        )
