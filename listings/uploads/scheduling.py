"""Use cases of sources that are fetched by the clock: each fetch is an upload like any other."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, Permission
from infra.db import AsyncSession, new_id, now
from infra.errors import MarketError, NotFound
from infra.events import service as events
from infra.events.kinds import EventKind
from infra.identity import acting
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.settings import Settings
from listings.ingest.result import IngestOptions
from listings.products import service as products
from listings.revisions import service as revisions
from listings.uploads import credentials, repository, service
from listings.uploads.errors import SourceTooFrequent
from listings.uploads.schemas import SourceCreate
from listings.uploads.source_schemas import ProductSourcePut
from listings.uploads.states import OPEN, FetchStatus, UploadStatus
from listings.uploads.tables import ProductSource, Upload
from listings.uploads.times import MINUTES, Times

INTERVAL_RULE = "upload.source_interval_minutes"
FAILURES_RULE = "upload.source_failures"


async def put(
    session: AsyncSession, actor: Actor, settings: Settings, product_id: UUID, data: ProductSourcePut
) -> ProductSource:
    """Set what is fetched for a product, and when; replaces what the organisation set before.

    :raises NotFound: the actor is neither operator nor owner of the product, or has no credentials of the name.
    :raises ProductStateForbids: it is under review or withdrawn.
    :raises SourceTooFrequent: the market's rules have it fetched less often.
    :raises SourceUnusable: the address and the credentials do not go together.
    """
    await products.get_uploadable(session, actor, product_id, lock=True)
    least = (await rulebook.in_force(session)).integer(INTERVAL_RULE)
    if MINUTES[data.times.frequency] < least:
        raise SourceTooFrequent(
            Message("A source is fetched every {minutes} minutes at most.", minutes=least),
            remedy=Message(
                "Fetch it daily or weekly; GET /v1/rulebook/{key} has the rule.", key=INTERVAL_RULE
            ),
        )
    await _require_usable(session, actor, data.source)
    row = await repository.get_source(session, actor.organisation_id, product_id, lock=True)
    moment = await now(session)
    if row is None:
        row = ProductSource(id=new_id(), product_id=product_id, organisation_id=actor.organisation_id)  # type: ignore[call-arg]
        session.add(row)
    row.url, row.credentials, row.name = data.source.url, data.source.credentials, data.file_name
    row.options = (data.options.options() if data.options else IngestOptions()).to_json()
    times = data.times.times()
    row.frequency, row.minute, row.hour, row.weekday = (
        times.frequency,
        times.minute,
        times.hour,
        times.weekday,
    )
    row.etag = None
    _activate(row, actor)
    row.next_run_at, row.updated_at = times.after(moment, settings.time_zone), moment
    await session.flush()
    await _record(session, actor, row, "set")
    return row


async def access(
    session: AsyncSession, actor: Actor, product_id: UUID, *, lock: bool = False
) -> ProductSource:
    """What the actor's organisation set for a product.

    :raises NotFound: nothing.
    """
    row = await repository.get_source(session, actor.organisation_id, product_id, lock=lock)
    if row is None:
        raise NotFound(
            Message("Your organisation has set no source for this product."),
            remedy=Message("PUT /v1/products/{product_id}/source sets it."),
        )
    return row


async def remove(session: AsyncSession, actor: Actor, product_id: UUID) -> None:
    """Fetch it no more.

    :raises NotFound: there is none.
    """
    row = await access(session, actor, product_id, lock=True)
    await _record(session, actor, row, "deleted")
    await session.delete(row)


async def resume(session: AsyncSession, actor: Actor, settings: Settings, product_id: UUID) -> ProductSource:
    """Fetch it again, on the actor's behalf from now on.

    :raises NotFound: there is none.
    :raises ProductStateForbids: the product takes no data.
    """
    row = await access(session, actor, product_id, lock=True)
    await products.get_uploadable(session, actor, product_id)
    moment = await now(session)
    _activate(row, actor)
    row.next_run_at, row.updated_at = times_of(row).after(moment, settings.time_zone), moment
    await session.flush()
    await _record(session, actor, row, "resumed")
    return row


async def run_now(session: AsyncSession, actor: Actor, settings: Settings, product_id: UUID) -> Upload:
    """Fetch it once more, besides its times.

    :raises NotFound, ProductStateForbids, UploadsExhausted: as for any upload.
    """
    row = await access(session, actor, product_id, lock=True)
    return await _begin(session, actor, settings, row)


async def run_due(session: AsyncSession, settings: Settings, source_id: UUID) -> None:
    """Begin the fetch that is due, and say when the next one is; a source of somebody who may not is paused."""
    row = await repository.lock_due(session, source_id)
    if row is None:
        return
    row.next_run_at = times_of(row).after(await now(session), settings.time_zone)
    last = await repository.lock(session, row.last_upload_id) if row.last_upload_id else None
    if last is not None and last.status in OPEN:
        return  # it takes longer than there is between two times
    actor = await acting.find_actor(session, row.set_by, row.organisation_id, program=row.by_program)
    if actor is None or not actor.may(Permission.REVISION_UPLOAD):
        await _pause(
            session, row, Message("Whoever set the source may no longer upload data for the organisation.")
        )
        return
    try:
        async with session.begin_nested():
            await _begin(session, actor, settings, row)
    except MarketError as refusal:
        await _count_failure(session, row, refusal.detail)


async def upload_ended(session: AsyncSession, upload: Upload) -> None:
    """Count how a fetch ended, in the transaction that ends it."""
    row = await repository.lock_source(session, upload.source_id) if upload.source_id else None
    if row is None:
        return
    if upload.status is UploadStatus.SUCCEEDED:
        row.failures = 0
        row.etag = upload.etag or row.etag
    elif upload.status is UploadStatus.FAILED:
        await _count_failure(session, row, service.failure_of(upload))
    await session.flush()


@dataclass(frozen=True, slots=True)
class Former:
    """What a source gave before, and the revision that it is."""

    etag: str
    revision_id: UUID
    rows: int


async def find_former(session: AsyncSession, upload: Upload) -> Former | None:
    """What the source of an upload gave before, where it is still the product's newest revision."""
    row = await repository.find_source(session, upload.source_id) if upload.source_id else None
    if row is None or row.etag is None:
        return None
    newest = await revisions.find_newest(session, upload.product_id)
    made = await repository.newest_made(session, row.id)
    if newest is None or made != newest.id:
        return None
    return Former(row.etag, newest.id, newest.rows)


def times_of(row: ProductSource) -> Times:
    """When a source is fetched."""
    return Times(row.frequency, row.minute, row.hour, row.weekday)


async def _begin(session: AsyncSession, actor: Actor, settings: Settings, row: ProductSource) -> Upload:
    upload = await service.create_scheduled(session, actor, settings, row)
    row.last_upload_id = upload.id
    await session.flush()
    return upload


async def _count_failure(session: AsyncSession, row: ProductSource, reason: str) -> None:
    row.failures += 1
    if row.failures >= (await rulebook.in_force(session)).integer(FAILURES_RULE):
        await _pause(
            session,
            row,
            Message("It failed {times} times in a row. {reason}", times=row.failures, reason=reason),
        )
        return
    await _publish(session, row, EventKind.SOURCE_FAILED)


async def _pause(session: AsyncSession, row: ProductSource, reason: Message) -> None:
    row.status, row.pause_reason, row.updated_at = FetchStatus.PAUSED, reason, await now(session)
    await session.flush()
    await _record(session, SYSTEM, row, "paused")
    await _publish(session, row, EventKind.SOURCE_PAUSED)


async def _publish(session: AsyncSession, row: ProductSource, kind: EventKind) -> None:
    await session.flush()
    payload: dict[str, Any] = {"product_id": str(row.product_id), "failures": row.failures}
    if row.last_upload_id is not None:
        payload["upload_id"] = str(row.last_upload_id)
    await events.publish(
        session, kind, subject_id=row.id, organisations=(row.organisation_id,), payload=payload
    )


def _activate(row: ProductSource, actor: Actor) -> None:
    row.status, row.pause_reason, row.failures = FetchStatus.ACTIVE, None, 0
    row.set_by, row.by_program = actor.id, actor.kind == "program"


async def _require_usable(session: AsyncSession, actor: Actor, source: SourceCreate) -> None:
    found = None
    if source.credentials:
        found = await credentials.find(session, actor.organisation_id, source.credentials)
    credentials.make_call(source.url, found)


async def _record(session: AsyncSession, actor: Actor, row: ProductSource, what: str) -> None:
    await audit.record(
        session,
        actor,
        action=f"source.{what}",
        subject_kind="source",
        subject_id=row.id,
        detail={"product_id": str(row.product_id), "name": row.name},
    )
