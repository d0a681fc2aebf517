"""Use cases of uploads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from infra import jobs
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, Permission
from infra.db import AsyncSession, new_id, now
from infra.errors import MarketError
from infra.identity import acting
from infra.messages import Message
from infra.objects import ObjectStore
from infra.paging import PageRequest
from infra.settings import Settings
from listings.ingest.limits import MEBIBYTE
from listings.ingest.result import IngestOptions
from listings.products import service as products
from listings.revisions.spool import require_size
from listings.uploads import credentials, domain, repository
from listings.uploads.errors import NoSuchUpload, ProcessingFailed, UploaderRefused, UploadStateForbids
from listings.uploads.problems import detail_of, problem_to_json
from listings.uploads.schemas import UploadCreate
from listings.uploads.states import UPLOAD, UploadAction, UploadStatus
from listings.uploads.tables import ProductSource, Upload, UploadPart

SUBJECT = "upload"


@dataclass(frozen=True, slots=True)
class Work:
    """An upload that a worker begins with, and for whom."""

    upload: Upload
    actor: Actor
    last: bool


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that is to come: sent to us, or fetched where ``source_url`` says."""

    name: str
    options: IngestOptions
    size_bytes: int | None = None
    sha256: str | None = None
    source_url: str | None = None
    credentials: str | None = None
    source_id: UUID | None = None


async def create(
    session: AsyncSession, actor: Actor, settings: Settings, product_id: UUID, data: UploadCreate
) -> Upload:
    """Announce a file: its bytes come next, or a worker fetches them.

    :raises NotFound: the actor is neither operator nor owner of the product, or has no credentials of the name.
    :raises ProductStateForbids: it is under review or withdrawn.
    :raises UploadTooLarge: it is larger than the setting `max_upload_bytes`.
    :raises UploadsExhausted: the organisation has too many uploads under way.
    :raises SourceUnusable: its source and the credentials named do not go together.
    """
    source = data.source
    new = NewUpload(
        data.file_name,
        data.options.options() if data.options else IngestOptions(),
        data.size_bytes,
        data.sha256,
        source.url if source else None,
        source.credentials if source else None,
    )
    return await _begin(session, actor, settings, product_id, new)


async def create_scheduled(
    session: AsyncSession, actor: Actor, settings: Settings, source: ProductSource
) -> Upload:
    """Announce what a product's source has now; raises what :func:`create` does."""
    new = NewUpload(
        source.name,
        IngestOptions.from_json(source.options),
        source_url=source.url,
        credentials=source.credentials,
        source_id=source.id,
    )
    return await _begin(session, actor, settings, source.product_id, new)


async def _begin(
    session: AsyncSession, actor: Actor, settings: Settings, product_id: UUID, new: NewUpload
) -> Upload:
    await products.get_uploadable(session, actor, product_id)
    limit = settings.max_upload_bytes
    require_size(new.size_bytes or 0, limit)
    if new.source_url is not None:
        credential = (
            await credentials.find(session, actor.organisation_id, new.credentials)
            if new.credentials
            else None
        )
        credentials.make_call(new.source_url, credential)
    count, held = await repository.count_open(session, actor.organisation_id, limit)
    domain.require_open(
        count,
        held,
        new.size_bytes or limit,
        max_uploads=settings.open_uploads,
        max_bytes=settings.open_uploads_mb * MEBIBYTE,
    )
    moment = await now(session)
    row = Upload(
        id=new_id(),
        product_id=product_id,
        organisation_id=actor.organisation_id,
        created_by=actor.id,
        by_program=actor.kind == "program",
        name=new.name,
        options=new.options.to_json(),
        size_bytes=new.size_bytes,
        sha256=new.sha256,
        source_url=new.source_url,
        credentials=new.credentials,
        source_id=new.source_id,
        status=UploadStatus.QUEUED if new.source_url else UploadStatus.RECEIVING,
        received_bytes=0,
        rows=None,
        revision_id=None,
        created_at=moment,
        updated_at=moment,
        expires_at=moment + timedelta(hours=settings.upload_hours),
    )
    session.add(row)
    await session.flush()
    if new.source_url is not None:
        await enqueue(session, row.id)
    await _record(session, actor, row, "created")
    return row


async def access_upload(session: AsyncSession, actor: Actor, upload_id: UUID) -> Upload:
    """An upload of the actor's organisation.

    :raises NoSuchUpload: there is none.
    """
    return _found(await repository.get_own(session, actor.organisation_id, upload_id))


async def list_uploads(
    session: AsyncSession, actor: Actor, page: PageRequest, *, only_open: bool, product_id: UUID | None
) -> tuple[Sequence[Upload], str | None]:
    """One page of the uploads of the actor's organisation, newest first."""
    return await repository.list_own(
        session, actor.organisation_id, page, only_open=only_open, product_id=product_id
    )


async def list_of_revisions(session: AsyncSession, revision_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Ids of the uploads that revisions were made of."""
    return await repository.list_of_revisions(session, revision_ids)


async def begin_part(
    session: AsyncSession, actor: Actor, settings: Settings, upload_id: UUID, offset: int, length: int | None
) -> Upload:
    """Check that bytes may come, before any of them is taken.

    :param length: of the whole upload, where it was said with these bytes.
    :raises NoSuchUpload: there is none.
    :raises UploadStateForbids: it takes no more bytes.
    :raises OffsetConflict: these do not follow those that have come.
    :raises LengthMismatch, UploadTooLarge: the length cannot be so.
    :raises ProductStateForbids: the product takes no data any more.
    """
    row = _found(await repository.get_own(session, actor.organisation_id, upload_id, lock=True))
    require_receiving(row)
    domain.require_offset(row.received_bytes, offset)
    require_size(length or 0, settings.max_upload_bytes)
    row.size_bytes = domain.require_length(row.size_bytes, length, row.received_bytes)
    await products.get_uploadable(session, actor, row.product_id)
    if row.received_bytes == row.size_bytes:
        await _complete(session, row)
    await session.flush()
    return row


async def add_part(
    session: AsyncSession, actor: Actor, settings: Settings, upload_id: UUID, part: UploadPart
) -> Upload:
    """Register a piece that lies in the object store; with the last one a worker is asked.

    :raises NoSuchUpload, UploadStateForbids, OffsetConflict: meanwhile it ended, or somebody else sent the same bytes.
    """
    row = _found(await repository.get_own(session, actor.organisation_id, upload_id, lock=True))
    require_receiving(row)
    domain.require_offset(row.received_bytes, part.begins_at)
    session.add(part)
    row.received_bytes += part.bytes
    domain.require_room(row.size_bytes, row.received_bytes)
    row.updated_at = await now(session)
    row.expires_at = row.updated_at + timedelta(hours=settings.upload_hours)
    if row.received_bytes == row.size_bytes:
        await _complete(session, row)
    await session.flush()
    return row


async def cancel(session: AsyncSession, actor: Actor, upload_id: UUID) -> Upload:
    """End an upload that has not ended: nothing of it is registered, and its pieces go.

    :raises NoSuchUpload: there is none.
    :raises UploadStateForbids: it has ended.
    """
    row = _found(await repository.get_own(session, actor.organisation_id, upload_id, lock=True))
    if row.status is UploadStatus.CANCELLED:
        return row
    remedy = None
    if row.status is UploadStatus.SUCCEEDED:
        remedy = Message(
            "Suspend the revision that it became: POST /v1/revisions/{revision_id}/suspension.",
            revision_id=row.revision_id,
        )
    row.status = UPLOAD.next_state(row.status, UploadAction.CANCELLATION, remedy=remedy)
    await _end(session, row)
    await _record(session, actor, row, "cancelled")
    return row


async def start_work(session: AsyncSession, upload_id: UUID) -> Work | None:
    """Begin with an upload that is complete; None when it has ended.

    :raises UploaderRefused: whoever began it may not upload any more.
    :raises ProcessingFailed: workers began so often already, and none came to an end, not even to a failure.
    """
    row = await repository.lock(session, upload_id)
    if row is None or not UPLOAD.allows(row.status, UploadAction.START):
        return None
    row.status = UPLOAD.next_state(row.status, UploadAction.START)
    row.attempts += 1
    if row.attempts > domain.MAX_ATTEMPTS:
        raise given_up()
    row.phase, row.percent, row.rows = None, 0, None
    row.updated_at = await now(session)
    actor = await acting.find_actor(session, row.created_by, row.organisation_id, program=row.by_program)
    if actor is None or not actor.may(Permission.REVISION_UPLOAD):
        raise UploaderRefused(
            Message("Whoever began the upload may no longer upload data for the organisation."),
            remedy=Message("Let somebody who may begin it again: POST /v1/products/{product_id}/uploads."),
        )
    await session.flush()
    return Work(row, actor, row.attempts >= domain.MAX_ATTEMPTS)


async def succeed(
    session: AsyncSession, upload_id: UUID, revision_id: UUID, rows: int, *, unchanged: bool
) -> Upload:
    """Note what became of an upload, in the transaction that registers it.

    :raises UploadStateForbids: it was cancelled meanwhile, and nothing is to be registered.
    """
    row = await repository.lock(session, upload_id)
    assert row is not None
    row.status = UPLOAD.next_state(row.status, UploadAction.SUCCESS)
    row.revision_id, row.rows, row.unchanged, row.percent = revision_id, rows, unchanged, 100
    await _end(session, row)
    return row


async def fail(session: AsyncSession, upload_id: UUID, error: MarketError) -> Upload | None:
    """Note why an upload came to nothing; None when it had ended already."""
    row = await repository.lock(session, upload_id)
    if row is None or not UPLOAD.allows(row.status, UploadAction.FAILURE):
        return None
    row.status = UPLOAD.next_state(row.status, UploadAction.FAILURE)
    row.problem = problem_to_json(error)
    await _end(session, row)
    await _record(session, SYSTEM, row, "failed", problem=error.slug)
    return row


def given_up() -> ProcessingFailed:
    """What to tell of an upload that workers began with as often as they may."""
    return ProcessingFailed(
        Message(
            "The work on the file ended {attempts} times without a result.", attempts=domain.MAX_ATTEMPTS
        ),
        remedy=Message(
            "Try again later: POST /v1/products/{product_id}/uploads. If it repeats, tell the platform's operator."
        ),
    )


def failure_of(row: Upload) -> Message:
    """Why an upload failed, in a sentence."""
    return detail_of(row.problem) or Message("The work on the file ended without a result.")


async def expire(session: AsyncSession, upload_id: UUID) -> None:
    """End an upload whose bytes stopped coming."""
    row = await repository.lock(session, upload_id)
    if (
        row is None
        or not UPLOAD.allows(row.status, UploadAction.EXPIRY)
        or row.expires_at >= await now(session)
    ):
        return
    row.status = UPLOAD.next_state(row.status, UploadAction.EXPIRY)
    await _end(session, row)
    await _record(session, SYSTEM, row, "expired")


def require_receiving(row: Upload) -> None:
    """Bytes come only while the upload waits for them.

    :raises UploadStateForbids: it does not.
    """
    if row.status is not UploadStatus.RECEIVING:
        raise UploadStateForbids(
            Message("The upload is {status}; it takes no more bytes.", status=row.status),
            remedy=Message(
                "GET /v1/uploads/{upload_id} says what became of it; begin another one for another file.",
                upload_id=row.id,
            ),
            current_status=row.status.value,
        )


async def enqueue(session: AsyncSession, upload_id: UUID) -> None:
    """Ask a worker; once, however often it is asked while it works."""
    await jobs.enqueue(
        session, domain.JOB, {"upload_id": str(upload_id)}, dedupe_key=f"{domain.JOB}:{upload_id}"
    )


async def _complete(session: AsyncSession, row: Upload) -> None:
    row.status = UPLOAD.next_state(row.status, UploadAction.COMPLETION)
    row.updated_at = await now(session)
    await enqueue(session, row.id)


async def _end(session: AsyncSession, row: Upload) -> None:
    row.finished_at = row.updated_at = await now(session)
    row.phase = None
    await session.flush()


async def _record(session: AsyncSession, actor: Actor, row: Upload, what: str, **detail: str) -> None:
    await audit.record(
        session,
        actor,
        action=f"upload.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail={"product_id": str(row.product_id), "name": row.name, **detail},
    )


def discard_parts(store: ObjectStore, keys: Sequence[str]) -> None:
    """Remove pieces from the object store. Blocks."""
    for key in keys:
        store.discard(key)


def _found(row: Upload | None) -> Upload:
    if row is None:
        raise NoSuchUpload(
            Message("There is no such upload."),
            remedy=Message("GET /v1/uploads lists those of your organisation."),
        )
    return row
