"""Use cases of columns: what they mean, what was declared of them, and what the next file is read as."""

from uuid import UUID

from infra import jobs
from infra.auth import Actor
from infra.db import AsyncSession
from listings.gradings import service as gradings
from listings.gradings.domain import require_class
from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import Column
from listings.products import service as products
from listings.products.columns import DeclaredColumn, require_declarable
from listings.products.dictionary import DictionaryEntry, require_known_columns
from listings.products.masking import require_rule
from listings.products.schemas import ColumnDeclarations, DictionaryUpdate
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.revisions import service
from listings.revisions.domain import SAMPLE_JOB, expected_columns


async def set_dictionary(
    session: AsyncSession, actor: Actor, product_id: UUID, data: DictionaryUpdate
) -> DataProduct:
    """Record what the columns of a draft product mean, and which are personal; replaces what was recorded before.

    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: the product is no draft.
    :raises DictionaryRefused: a column is described more than once or is not in the newest revision.
    :raises ColumnClassRefused: a column is described below its class.
    """
    row = await products.lock_own_draft(session, actor, product_id)
    entries = await read_dictionary(session, row, data)
    await request_sample(session, row.id)
    return await products.set_dictionary(session, actor, row, entries)


async def request_sample(session: AsyncSession, product_id: UUID) -> None:
    """Have the sample of the newest revision drawn anew, since its columns' rules may have become milder."""
    newest = await service.find_newest(session, product_id)
    if newest is not None:
        payload = {"revision_id": str(newest.id)}
        await jobs.enqueue(session, SAMPLE_JOB, payload, dedupe_key=f"{SAMPLE_JOB}:{newest.id}")


async def read_dictionary(
    session: AsyncSession, product: DataProduct, data: DictionaryUpdate
) -> list[DictionaryEntry]:
    """The entries of a dictionary for a product, once they fit its data.

    :raises DictionaryRefused: a column is described more than once or is not in the newest revision.
    :raises ColumnClassRefused: a column is described below its class.
    """
    entries = [DictionaryEntry.from_json(entry.model_dump()) for entry in data.columns]
    revision = await service.find_newest(session, product.id)
    require_known_columns(entries, {column.name for column in revision.columns} if revision else None)
    classes = await gradings.get_classes(session, await resources.get_resource(session, product.resource_id))
    for entry in entries:
        if entry.classification is not None:
            require_class(entry.name, entry.classification, classes)
        if entry.mask is not None:
            require_rule(
                entry.name,
                entry.mask,
                classes.of(entry.name, entry.classification),
                personal=entry.personal,
                sensitive=entry.sensitive,
            )
    return entries


async def declare_columns(
    session: AsyncSession, actor: Actor, product_id: UUID, data: ColumnDeclarations
) -> DataProduct:
    """Record of which types the columns of files to come are; replaces what was recorded before.

    :raises NotFound: the actor is neither operator nor owner of the product.
    :raises ProductStateForbids: it is under review or withdrawn.
    :raises DeclarationRefused: a column contradicts itself or another.
    """
    row = await products.get_uploadable(session, actor, product_id, lock=True)
    columns = [DeclaredColumn(**column.model_dump()) for column in data.columns]
    require_declarable(columns)
    return await products.set_declared_columns(session, actor, row, columns)


async def get_published_columns(session: AsyncSession, product: DataProduct) -> tuple[Column, ...]:
    """The columns that buyers rely on, also while they are suspended; none of a product never published."""
    if product.published_at is None:
        return ()
    served = await service.find_newest_promised(session, product.id)
    return service.facts_of(served).columns if served else ()


async def get_expected_columns(session: AsyncSession, product: DataProduct) -> tuple[ExpectedColumn, ...]:
    """What the next file of a product is read as: the published columns, and those that were declared."""
    published = await get_published_columns(session, product)
    return expected_columns(published, products.get_declared_columns(product))
