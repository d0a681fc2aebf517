"""Upload of a file: from a stream to a registered revision, or to nothing at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from infra import jobs
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, SessionMaker, new_id, now, transaction
from infra.memory_budget import MemoryBudget
from infra.messages import Message
from infra.objects import ObjectStore
from infra.settings import Settings
from infra.stops import service as stops
from listings.authorisations import service as authorisations
from listings.findings import service as findings
from listings.ingest.convert import convert
from listings.ingest.errors import BadColumnName, TypeMismatch
from listings.ingest.expected import ExpectedColumn
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import IngestOptions, IngestResult, Progress
from listings.products import service as products
from listings.products.dictionary import personal_columns
from listings.products.masking import mask_rows
from listings.revisions import changes, checking, columns, repository
from listings.revisions import service as revisions
from listings.revisions.disclosure import disclose
from listings.revisions.domain import (
    TRY_OUT_JOB,
    recorded_options,
    require_columns_authorised,
    require_declared,
)
from listings.revisions.errors import DataPurged, SpoolUnavailable
from listings.revisions.holding import hold_unofferable
from listings.revisions.renames import follow_renames
from listings.revisions.spool import spooled
from listings.revisions.storable import storable
from listings.revisions.tables import ProductRevision
from quality.limits import MAX_CELLS, MAX_CHECKS

FOLDER = "revisions"
"""Where revisions lie in the object store, named by their ids."""

log = structlog.get_logger()

Conclude = Callable[[AsyncSession, UUID, int, bool], Awaitable[None]]
"""Told of the revision, its rows, and whether it was there before."""


@dataclass(frozen=True, slots=True)
class UploadContext:
    """What an upload needs of the process: it takes longer than one transaction should."""

    sessions: SessionMaker
    settings: Settings
    store: ObjectStore
    budget: MemoryBudget


@dataclass(frozen=True, slots=True)
class Converted:
    """A file that has become Parquet and waits to be registered; ``declared`` are the columns it was read with."""

    revision_id: UUID
    object_key: str
    name: str
    options: IngestOptions
    declared: list[dict[str, Any]]
    result: IngestResult


async def ingest_upload(
    context: UploadContext,
    actor: Actor,
    product_id: UUID,
    name: str,
    stream: AsyncIterator[bytes],
    *,
    options: IngestOptions,
) -> UUID:
    """Turn an uploaded file into the product's next revision; its quality check is asked for with it.

    The same bytes as those of the newest revision again, with the same options, change nothing, so that an upload may
    be repeated.

    :param name: of the file, a hint to its format.
    :return: id of the revision.
    :raises NotFound: the actor is neither operator nor owner of the product.
    :raises ProductStateForbids: it is under review or withdrawn.
    :raises FilesBusy: other files take the memory there is for conversions.
    :raises UploadTooLarge: more bytes than the setting `max_upload_bytes`.
    :raises FileRefused: a subclass says what is wrong with the file, with line and column.
    :raises ColumnsUnauthorised: the data goes beyond the authorisation.
    :raises DataPurged: it is a file whose data was purged.
    :raises DeclaredColumnsMissing: it lacks columns that were declared.
    """
    async with transaction(context.sessions) as session:
        await products.get_uploadable(session, actor, product_id)
    settings = context.settings
    async with spooled(stream, settings.spool_dir, settings.max_upload_bytes) as source:
        return await ingest_file(context, actor, product_id, name, source, options=options)


async def ingest_file(
    context: UploadContext,
    actor: Actor,
    product_id: UUID,
    name: str,
    source: Path,
    *,
    options: IngestOptions,
    on_progress: Callable[[Progress], None] | None = None,
    conclude: Conclude | None = None,
) -> UUID:
    """Turn a file on this machine into the product's next revision, as :func:`ingest_upload` does.

    :param source: only read; what is made of it lies beside it meanwhile.
    :param on_progress: called with how far the conversion is.
    :param conclude: called at the end of the transaction that registers; what it raises undoes all of it.
    """
    async with transaction(context.sessions) as session:
        product = await products.get_uploadable(session, actor, product_id)
        declared = product.declared_columns
        expected = await columns.get_expected_columns(session, product)
        alternatives = await changes.get_expected_alternatives(session, product)
    target = source.with_suffix(".parquet")
    try:
        result = await _converted(
            context, source, target, name, options, [expected, *alternatives], on_progress
        )
        converted = _identified(name, options, declared, result)
        return await _store(context, actor, product_id, converted, target, conclude)
    except TypeMismatch:
        async with transaction(context.sessions) as session:
            await _try_out_served(session, product_id)
        raise
    finally:
        target.unlink(missing_ok=True)


async def _try_out_served(session: AsyncSession, product_id: UUID) -> None:
    """Have what buyers read tried out: when it cannot be served, nobody relies on it, and it is withdrawn."""
    served = await revisions.find_newest_passed(session, product_id)
    if served is not None:
        key = f"{TRY_OUT_JOB}:{served.id}"
        await jobs.enqueue(session, TRY_OUT_JOB, {"revision_id": str(served.id)}, dedupe_key=key)


async def _converted(
    context: UploadContext,
    source: Path,
    target: Path,
    name: str,
    options: IngestOptions,
    readings: Sequence[Sequence[ExpectedColumn]],
    on_progress: Callable[[Progress], None] | None,
) -> IngestResult:
    """Convert a file by the first of several readings whose types it fits.

    :raises TypeMismatch: it fits none; told of the first.
    """
    refused: TypeMismatch | None = None
    for expected in readings:
        try:
            return await _convert(context, source, target, name, options, expected, on_progress)
        except TypeMismatch as error:
            refused = refused or error
    assert refused is not None, "there is one reading at least"
    raise refused


async def _convert(
    context: UploadContext,
    source: Path,
    target: Path,
    name: str,
    options: IngestOptions,
    expected: Sequence[ExpectedColumn],
    on_progress: Callable[[Progress], None] | None,
) -> IngestResult:
    settings = context.settings
    result = await convert(
        source,
        target,
        filename=name,
        timeout_s=settings.ingest_timeout_s,
        budget=context.budget,
        options=options,
        expected=expected,
        on_progress=on_progress,
        limits=Limits(
            source_bytes=settings.max_upload_bytes,
            memory_bytes=settings.ingest_memory_mb * MEBIBYTE,
            # What cannot be checked is refused now, and not when the check fails.
            cells=MAX_CELLS,
            counted_columns=MAX_CHECKS,
        ),
    )
    if any("\0" in column.original_name for column in result.columns):
        raise BadColumnName(
            Message("A column's name holds a NUL character."), remedy=Message("Rename the column.")
        )
    return result


def _identified(
    name: str, options: IngestOptions, declared: list[dict[str, Any]], result: IngestResult
) -> Converted:
    revision_id = new_id()
    return Converted(
        revision_id=revision_id,
        object_key=f"{FOLDER}/{revision_id}.parquet",
        name=name,
        options=options,
        declared=declared,
        result=result,
    )


async def _store(
    context: UploadContext,
    actor: Actor,
    product_id: UUID,
    converted: Converted,
    target: Path,
    conclude: Conclude | None,
) -> UUID:
    """Put the file into the store and register it; the file goes again when the registration fails."""
    try:
        await asyncio.to_thread(context.store.put, target, converted.object_key)
    except OSError as error:
        raise SpoolUnavailable(
            Message("The object store did not take the file: {error}.", error=error.strerror),
            remedy=Message("Try again later."),
        ) from error
    registered = converted.revision_id
    try:
        async with transaction(context.sessions) as session:
            registered = await _register(session, actor, product_id, converted)
            if conclude is not None:
                unchanged = registered != converted.revision_id
                await conclude(session, registered, converted.result.rows, unchanged)
    except BaseException:
        await _discard_unregistered(context, converted)
        raise
    if registered != converted.revision_id:
        await asyncio.to_thread(context.store.discard, converted.object_key)
    return registered


async def _discard_unregistered(context: UploadContext, converted: Converted) -> None:
    # The answer to a COMMIT can be lost after it took effect: a file without a row is untidy, a row without its
    # file would be a fault. So the file goes only when the database says that there is no row.
    try:
        async with transaction(context.sessions) as session:
            kept = await repository.get(session, converted.revision_id) is not None
    except Exception:
        log.warning("revision_file_left", object_key=converted.object_key, exc_info=True)
        return
    if not kept:
        await asyncio.to_thread(context.store.discard, converted.object_key)


async def _register(session: AsyncSession, actor: Actor, product_id: UUID, converted: Converted) -> UUID:
    product = await products.get_uploadable(session, actor, product_id, lock=True)
    result = converted.result
    grant = await authorisations.get_live_grant(session, product.authorisation_id, product.resource_id)
    require_columns_authorised(result.columns, grant.columns)
    newest = next(iter(await repository.list_newest(session, product.id, 1)), None)
    await _require_not_purged(session, result)
    if newest is not None and _is_repeat(newest, converted) and await _still_wanted(session, newest):
        # Nothing new, but a check that could not be carried out is tried again, and one from before uploads were
        # searched for personal information is by now.
        if newest.id not in await findings.get_detected(session, [newest.id]):
            await findings.record_contents(session, product.id, newest.id, result.detected)
        await checking.request_check(session, actor, product, newest)
        return newest.id
    placement = await changes.place(session, product, result.columns)
    require_declared(products.get_declared_columns(product), result.columns)
    await follow_renames(session, product, newest, [asdict(column) for column in result.profile])
    # Rows are stored as they may be shown, and not as they are: whoever reads the database reads no more.
    disclosure = await disclose(session, product, [column.name for column in result.columns], result.detected)
    rules = disclosure.uncounted_rules
    row = ProductRevision(
        id=converted.revision_id,
        product_id=product.id,
        number=newest.number + 1 if newest else 1,
        schema_version=placement.version,
        previous_id=placement.previous_id,
        object_key=converted.object_key,
        sha256=result.sha256,
        bytes=result.size_bytes,
        rows=result.rows,
        columns=[asdict(column) for column in result.columns],
        profile=storable(
            {
                "columns": [asdict(column) for column in result.profile],
                "keys": [asdict(key) for key in result.keys],
                "notices": [notice.to_json() for notice in result.notices],
                "encoding": result.encoding,
                "delimiter": result.delimiter,
                "options": converted.options.to_json(),
                "declared": converted.declared,
                "row_bytes": result.row_bytes,
                "sample_rules": {name: rule and rule.to_json() for name, rule in rules.items()},
            }
        ),
        sample=mask_rows(result.sample, rules, personal_columns(disclosure.dictionary)),
        source_name=converted.name,
        source_format=result.source_format,
        source_sha256=result.source_sha256,
        source_bytes=result.source_bytes,
        uploaded_at=await now(session),
        uploaded_by=actor.id,
    )
    session.add(row)
    await session.flush()
    await hold_unofferable(session, product, row)
    await changes.propose(session, row, placement)
    if placement.breaking:
        await _try_out_served(session, product.id)
    await findings.record_contents(session, product.id, row.id, result.detected)
    await checking.request_check(session, actor, product, row)
    await audit.record(
        session,
        actor,
        action="revision.registered",
        subject_kind="revision",
        subject_id=row.id,
        detail={
            "product_id": str(product.id),
            "number": row.number,
            "sha256": row.sha256,
            "source_sha256": row.source_sha256,
            "rows": row.rows,
        },
    )
    return row.id


async def _require_not_purged(session: AsyncSession, result: IngestResult) -> None:
    purged = await repository.find_unlawful(session, result.source_sha256, result.sha256)
    if purged is None:
        return
    remedy = Message("Ask the regulator, and upload a file without what was unlawful.")
    if purged:
        raise DataPurged(Message("A regulator had the data of this very file purged."), remedy=remedy)
    raise DataPurged(
        Message("A regulator has ordered the data of this very file to be purged."),
        remedy=remedy,
    )


async def _still_wanted(session: AsyncSession, newest: ProductRevision) -> bool:
    """Whether the newest revision can still come to be read; one that cannot is uploaded anew."""
    if any(stop.final for stop in await stops.active(session, [newest.id])):
        return False
    return await changes.is_waiting(session, newest)


def _is_repeat(newest: ProductRevision, converted: Converted) -> bool:
    return (
        newest.source_sha256 == converted.result.source_sha256
        and recorded_options(newest.profile) == converted.options
        and newest.profile.get("declared", []) == converted.declared
    )
