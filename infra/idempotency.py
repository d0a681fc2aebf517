"""``Idempotency-Key``: a request that is sent more than once takes effect once.

Same key and same request: the first answer again. Same key, another request: 422. Still under way: 409. The key
is written in the transaction of its effect, so that neither exists without the other. Keys belong to one caller.
Follows draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from litestar import Request
from litestar.params import HeaderParameter
from pydantic import BaseModel
from sqlmodel import Field

from infra.auth import Actor
from infra.db import AsyncSession, Table, now, timestamp_column
from infra.errors import Conflict, Invalid, Malformed
from infra.messages import Message

AnswerT = TypeVar("AnswerT", bound=BaseModel)

KeyHeader = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A name of your choosing for this one request; send the same again when you retry it.",
    ),
]


class KeyReused(Invalid):
    """The key belongs to another request."""

    slug = "idempotency-key-reused"
    title = Message("Idempotency key reused for another request")


class RequestInFlight(Conflict):
    """The first request with this key is still under way."""

    slug = "request-in-flight"
    title = Message("Request with this idempotency key in progress")


class IdempotencyKey(Table, table=True):
    """One remembered answer; append-only."""

    __tablename__ = "idempotency_keys"

    organisation_id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: bytes
    answer: str
    recorded_at: datetime = timestamp_column()


class Idempotency:
    """Runs one request's effect at most once. Injected as ``idempotency``."""

    def __init__(self, session: AsyncSession, actor: Actor, key: str, request_digest: bytes) -> None:
        self._session = session
        self._actor = actor
        self._key = key
        self._digest = request_digest

    async def run(self, schema: type[AnswerT], effect: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """The effect's answer, or the remembered one.

        :param schema: what the answer is read back with.
        :raises KeyReused: the key came with another request before.
        :raises RequestInFlight: another request with this key has not ended yet.
        """
        scope = f"{self._actor.organisation_id}:{self._actor.id}:{self._key}"
        locked = await self._session.scalar(
            sa.select(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(scope, 1)))
        )
        if not locked:
            raise RequestInFlight(
                Message("The first request with this key has not completed."),
                remedy=Message("Retry after a second."),
            )
        kept = await self._session.get(
            IdempotencyKey, (self._actor.organisation_id, self._actor.id, self._key)
        )
        if kept is not None:
            if kept.request_digest != self._digest:
                raise KeyReused(
                    Message("The key was used before, with another path or body."),
                    remedy=Message("Use a fresh key for a new request."),
                )
            return schema.model_validate_json(kept.answer)
        answer = await effect()
        self._session.add(
            IdempotencyKey(
                organisation_id=self._actor.organisation_id,
                actor_id=self._actor.id,
                key=self._key,
                request_digest=self._digest,
                answer=answer.model_dump_json(),
                recorded_at=await now(self._session),
            )
        )
        await self._session.flush()
        return answer


async def provide_idempotency(
    request: Request[Any, Any, Any], session: AsyncSession, actor: Actor, idempotency_key: KeyHeader
) -> Idempotency:
    """Dependency ``idempotency``."""
    key = idempotency_key.strip('"')  # the draft writes the key as a quoted structured-field string
    if not key:
        raise Malformed(
            Message("The Idempotency-Key is empty."), remedy=Message("Send a fresh UUID, for example.")
        )
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), request.url.query.encode()):
        digest.update(part + b"\0")
    digest.update(await request.body())
    return Idempotency(session, actor, key, digest.digest())
