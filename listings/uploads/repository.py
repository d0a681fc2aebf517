"""SQL of uploads."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.uploads.states import OPEN, FetchStatus, UploadStatus
from listings.uploads.tables import ProductSource, SourceCredential, Upload, UploadPart


async def get_own(
    session: AsyncSession, organisation_id: UUID, upload_id: UUID, *, lock: bool = False
) -> Upload | None:
    """An upload of the organisation, as it stands now where it is locked."""
    statement = select(Upload).where(
        col(Upload.id) == upload_id, col(Upload.organisation_id) == organisation_id
    )
    if lock:
        statement = statement.with_for_update()
    return (await session.exec(statement.execution_options(populate_existing=lock))).one_or_none()


async def lock(session: AsyncSession, upload_id: UUID) -> Upload | None:
    """An upload, whoever's; nobody else changes it until the transaction ends."""
    return await session.get(Upload, upload_id, with_for_update=True, populate_existing=True)


async def list_own(
    session: AsyncSession,
    organisation_id: UUID,
    page: PageRequest,
    *,
    only_open: bool,
    product_id: UUID | None,
) -> tuple[Sequence[Upload], str | None]:
    """One page of an organisation's uploads, newest first."""
    statement = select(Upload).where(col(Upload.organisation_id) == organisation_id)
    if only_open:
        statement = statement.where(col(Upload.finished_at).is_(None))
    if product_id is not None:
        statement = statement.where(col(Upload.product_id) == product_id)
    return await paginate(session, statement, col(Upload.id), page)


async def list_of_revisions(session: AsyncSession, revision_ids: Collection[UUID]) -> Sequence[UUID]:
    """Ids of the uploads that revisions were made of."""
    return (await session.exec(select(Upload.id).where(col(Upload.revision_id).in_(revision_ids)))).all()


async def count_open(session: AsyncSession, organisation_id: UUID, unknown_bytes: int) -> tuple[int, int]:
    """How many uploads an organisation has under way, and how many bytes they hold or were declared with.

    One caller at a time, until its transaction ends.

    :param unknown_bytes: counted for an upload of which nobody said how long it is.
    """
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"uploads:{organisation_id}", 3)))
    )
    size = sa.func.coalesce(col(Upload.size_bytes), unknown_bytes)
    statement = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(size), 0)).where(
        col(Upload.organisation_id) == organisation_id, col(Upload.finished_at).is_(None)
    )
    count, held = (await session.execute(statement)).one()
    return count, int(held)


async def report(session: AsyncSession, upload_id: UUID, values: dict[str, Any]) -> bool:
    """Note how far the work is.

    :return: whether the upload is still being worked on.
    """
    statement = (
        sa.update(Upload)
        .where(col(Upload.id) == upload_id, col(Upload.status) == UploadStatus.RUNNING)
        .values(**values, updated_at=sa.func.now())
        .returning(col(Upload.id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def parts(session: AsyncSession, upload_id: UUID) -> Sequence[UploadPart]:
    """What has come, in order."""
    statement = select(UploadPart).where(col(UploadPart.upload_id) == upload_id)
    return (await session.exec(statement.order_by(col(UploadPart.begins_at)))).all()


async def drop_parts(session: AsyncSession, upload_id: UUID) -> None:
    """Forget the pieces of an upload."""
    await session.execute(sa.delete(UploadPart).where(col(UploadPart.upload_id) == upload_id))


async def abandoned(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Uploads that wait for bytes and have expired."""
    statement = (
        select(Upload.id)
        .where(col(Upload.status) == UploadStatus.RECEIVING, col(Upload.expires_at) < sa.func.now())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def ended_with_parts(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Uploads that have ended and still hold pieces."""
    statement = (
        select(Upload.id)
        .where(col(Upload.status).not_in(OPEN))
        .where(sa.exists().where(col(UploadPart.upload_id) == col(Upload.id)))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these objects are pieces of an upload."""
    statement = select(UploadPart.object_key).where(col(UploadPart.object_key).in_(keys))
    return set((await session.exec(statement)).all())


async def stalled(session: AsyncSession, before: datetime, limit: int) -> Sequence[UUID]:
    """Uploads that were to be worked on and of which nothing was heard since."""
    statement = (
        select(Upload.id)
        .where(
            col(Upload.status).in_([UploadStatus.QUEUED, UploadStatus.RUNNING]),
            col(Upload.updated_at) < before,
        )
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def get_credential(
    session: AsyncSession, organisation_id: UUID, name: str, *, lock: bool = False
) -> SourceCredential | None:
    """An organisation's credentials of a name."""
    return await session.get(SourceCredential, (organisation_id, name), with_for_update=lock or None)


async def list_credentials(session: AsyncSession, organisation_id: UUID) -> Sequence[SourceCredential]:
    """All credentials of an organisation, by name."""
    statement = select(SourceCredential).where(col(SourceCredential.organisation_id) == organisation_id)
    return (await session.exec(statement.order_by(col(SourceCredential.name)))).all()


async def get_source(
    session: AsyncSession, organisation_id: UUID, product_id: UUID, *, lock: bool = False
) -> ProductSource | None:
    """What an organisation set for a product."""
    statement = select(ProductSource).where(
        col(ProductSource.product_id) == product_id, col(ProductSource.organisation_id) == organisation_id
    )
    if lock:
        statement = statement.with_for_update()
    return (await session.exec(statement.execution_options(populate_existing=lock))).one_or_none()


async def lock_source(session: AsyncSession, source_id: UUID) -> ProductSource | None:
    """A source, whoever's; nobody else changes it until the transaction ends."""
    return await session.get(ProductSource, source_id, with_for_update=True, populate_existing=True)


async def due_sources(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Sources whose time has come, the longest due first."""
    statement = select(ProductSource.id).where(*_due()).order_by(col(ProductSource.next_run_at)).limit(limit)
    return (await session.exec(statement)).all()


async def lock_due(session: AsyncSession, source_id: UUID) -> ProductSource | None:
    """A source whose time has come, unless another worker has it already."""
    statement = select(ProductSource).where(col(ProductSource.id) == source_id, *_due())
    found = await session.exec(statement.with_for_update(skip_locked=True))
    return found.one_or_none()


def _due() -> tuple[sa.ColumnElement[bool], ...]:
    return (col(ProductSource.status) == FetchStatus.ACTIVE, col(ProductSource.next_run_at) <= sa.func.now())


async def find_source(session: AsyncSession, source_id: UUID) -> ProductSource | None:
    """A source, whoever's."""
    return await session.get(ProductSource, source_id)


async def newest_made(session: AsyncSession, source_id: UUID) -> UUID | None:
    """The revision that the last fetch of a source became, or found there."""
    statement = (
        select(Upload.revision_id)
        .where(col(Upload.source_id) == source_id, col(Upload.status) == UploadStatus.SUCCEEDED)
        .order_by(col(Upload.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()
