"""SQL of revisions."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
import sqlalchemy.orm
from sqlmodel import col, select

from infra.db import AsyncSession
from infra.paging import PageRequest, paginate
from listings.revisions.domain import CHANNEL
from listings.revisions.states import ChangeStatus
from listings.revisions.tables import ProductRevision, SchemaChange

_PURGING = 0x7075726765
"""Advisory lock: shared by what registers a revision, held alone by what orders or confirms a purge."""


async def get(session: AsyncSession, revision_id: UUID) -> ProductRevision | None:
    """The revision, whoever asks."""
    return await session.get(ProductRevision, revision_id)


async def known_ids(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these ids are revisions."""
    statement = select(ProductRevision.id).where(col(ProductRevision.id).in_(ids))
    return set((await session.exec(statement)).all())


async def list_product_ids(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of products with revisions, in their order, from after one on."""
    statement = select(ProductRevision.product_id).distinct().order_by(col(ProductRevision.product_id))
    if after is not None:
        statement = statement.where(col(ProductRevision.product_id) > after)
    return (await session.exec(statement.limit(limit))).all()


async def list_newest(session: AsyncSession, product_id: UUID, limit: int) -> Sequence[ProductRevision]:
    """The newest revisions of a product, newest first."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == product_id)
        .order_by(col(ProductRevision.number).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_before(session: AsyncSession, row: ProductRevision, limit: int) -> Sequence[ProductRevision]:
    """The revisions of the same product with lower numbers, newest first."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == row.product_id, col(ProductRevision.number) < row.number)
        .order_by(col(ProductRevision.number).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_released(session: AsyncSession, product_id: UUID, limit: int) -> Sequence[ProductRevision]:
    """The revisions of a product whose schema is in force or was, the first to be read first.

    The schema that came into force last goes before the others, and in each the newest revision.
    """
    statement = (
        select(ProductRevision)
        .outerjoin(SchemaChange, _of_revision())
        .where(
            col(ProductRevision.product_id) == product_id,
            col(ProductRevision.purged_at).is_(None),
            _in_force(),
        )
        .order_by(col(SchemaChange.effective_at).desc().nulls_last(), col(ProductRevision.number).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def is_released(session: AsyncSession, row: ProductRevision) -> bool:
    """Whether the schema of a revision is in force or was."""
    statement = (
        select(ProductRevision.id)
        .outerjoin(SchemaChange, _of_revision())
        .where(col(ProductRevision.id) == row.id, _in_force())
    )
    return (await session.exec(statement)).one_or_none() is not None


async def list_after(session: AsyncSession, row: ProductRevision, limit: int) -> Sequence[ProductRevision]:
    """The revisions of the same product and schema after one, oldest first."""
    statement = (
        select(ProductRevision)
        .where(
            col(ProductRevision.product_id) == row.product_id,
            col(ProductRevision.schema_version) == row.schema_version,
            col(ProductRevision.number) > row.number,
        )
        .order_by(col(ProductRevision.number))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


def _of_revision() -> sa.ColumnElement[bool]:
    return sa.and_(
        col(SchemaChange.product_id) == col(ProductRevision.product_id),
        col(SchemaChange.version) == col(ProductRevision.schema_version),
    )


def _in_force() -> sa.ColumnElement[bool]:
    """The first schema of a product has no row; a further one is in force by the clock."""
    return sa.or_(
        col(SchemaChange.id).is_(None),
        sa.and_(
            col(SchemaChange.status) == ChangeStatus.ANNOUNCED,
            col(SchemaChange.effective_at) <= sa.func.now(),
        ),
    )


async def list_changes(session: AsyncSession, product_id: UUID) -> Sequence[SchemaChange]:
    """Every change of a product's schema, oldest first."""
    statement = (
        select(SchemaChange)
        .where(col(SchemaChange.product_id) == product_id)
        .order_by(col(SchemaChange.version))
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def get_change(session: AsyncSession, product_id: UUID, version: int) -> SchemaChange | None:
    """The change that began a schema of a product; None of its first."""
    statement = select(SchemaChange).where(
        col(SchemaChange.product_id) == product_id, col(SchemaChange.version) == version
    )
    return (await session.exec(statement)).one_or_none()


async def pending_change(session: AsyncSession, product_id: UUID) -> SchemaChange | None:
    """The change that was announced and is not in force yet."""
    statement = select(SchemaChange).where(
        col(SchemaChange.product_id) == product_id,
        col(SchemaChange.status) == ChangeStatus.ANNOUNCED,
        col(SchemaChange.effective_at) > sa.func.now(),
    )
    return (await session.exec(statement)).first()


async def list_untold(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Changes that are in force, no later one is, and licensees were not told of it.

    The latest first: one whose data was all withdrawn cannot be read, and may stay untold for good.
    """
    later = sa.orm.aliased(SchemaChange)
    statement = (
        select(SchemaChange.id)
        .where(
            col(SchemaChange.status) == ChangeStatus.ANNOUNCED,
            col(SchemaChange.effective_told_at).is_(None),
            col(SchemaChange.effective_at) <= sa.func.now(),
            ~sa.exists().where(
                col(later.product_id) == col(SchemaChange.product_id),
                col(later.status) == ChangeStatus.ANNOUNCED,
                col(later.effective_at) <= sa.func.now(),
                col(later.effective_at) > col(SchemaChange.effective_at),
            ),
        )
        .order_by(col(SchemaChange.effective_at).desc())
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def lock_change(session: AsyncSession, change_id: UUID) -> SchemaChange | None:
    """A change, whoever's; None while another worker has it."""
    statement = select(SchemaChange).where(col(SchemaChange.id) == change_id)
    found = await session.exec(
        statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def newest_of_version(session: AsyncSession, product_id: UUID, version: int) -> ProductRevision | None:
    """The newest revision that follows a schema."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == product_id, col(ProductRevision.schema_version) == version)
        .order_by(col(ProductRevision.number).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def find_before(session: AsyncSession, row: ProductRevision) -> ProductRevision | None:
    """The revision of the same product with the number before."""
    statement = (
        select(ProductRevision)
        .where(col(ProductRevision.product_id) == row.product_id, col(ProductRevision.number) < row.number)
        .order_by(col(ProductRevision.number).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def find_unlawful(session: AsyncSession, source_sha256: str, sha256: str) -> bool | None:
    """Whether the data with one of these digests, of the file or of its Parquet form, was purged.

    No purge is ordered or confirmed until the transaction ends.

    :return: False where a purge of it is ordered and not confirmed yet; None where there is no order.
    """
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_PURGING)))
    purged = col(ProductRevision.purged_at).is_not(None)
    statement = (
        sa.select(purged)
        .where(
            _has_digest(source_sha256, sha256), sa.or_(purged, sa.func.is_to_be_purged(ProductRevision.id))
        )
        .order_by(purged.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def hold_registrations(session: AsyncSession) -> None:
    """No revision is registered until the transaction ends, after those that are being registered now."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_PURGING)))


async def list_same_data(session: AsyncSession, rows: Sequence[ProductRevision]) -> Sequence[ProductRevision]:
    """Revisions of any product with the data of some, these included, that are not purged."""
    statement = (
        select(ProductRevision)
        .where(
            sa.or_(
                col(ProductRevision.source_sha256).in_([row.source_sha256 for row in rows]),
                col(ProductRevision.sha256).in_([row.sha256 for row in rows]),
            ),
            col(ProductRevision.purged_at).is_(None),
        )
        .order_by(col(ProductRevision.product_id), col(ProductRevision.number))
    )
    return (await session.exec(statement)).all()


def _has_digest(source_sha256: str, sha256: str) -> sa.ColumnElement[bool]:
    return sa.or_(col(ProductRevision.source_sha256) == source_sha256, col(ProductRevision.sha256) == sha256)


async def notify(session: AsyncSession, product_id: UUID) -> None:
    """Have every process look anew, once this transaction commits, at what buyers of a product may read."""
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, str(product_id))))


async def list_of_product(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductRevision], str | None]:
    """One page of the revisions of a product, newest first."""
    statement = select(ProductRevision).where(col(ProductRevision.product_id) == product_id)
    return await paginate(session, statement, col(ProductRevision.id), page)
