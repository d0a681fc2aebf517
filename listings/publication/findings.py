"""Use cases around findings: a party contests one or masks the column, a regulator decides."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from listings.findings import service as findings
from listings.findings.domain import Finding, FindingStatus
from listings.ingest.personal import ContentKind
from listings.products import service as products
from listings.products.dictionary import require_columns
from listings.products.tables import DataProduct
from listings.publication.service import lock_for_review
from listings.revisions import columns as revision_columns
from listings.revisions import service as revisions


async def list_findings(session: AsyncSession, actor: Actor, product_id: UUID) -> list[Finding]:
    """What was detected in the newest revision of a product the actor can access.

    :raises NotFound: there is none the actor can access.
    """
    row = await products.access_product(session, actor, product_id)
    disclosure = await revisions.find_newest_disclosure(session, row)
    return disclosure.findings if disclosure else []


async def contest(
    session: AsyncSession, actor: Actor, product_id: UUID, column: str, kind: ContentKind, reason: str
) -> list[Finding]:
    """A party says why what was detected is none; a regulator then decides.

    :raises NotFound: the actor is neither operator nor owner of the product, or there is no such finding.
    :raises FindingStateForbids: it waits for a decision already, or was accepted.
    """
    row = await products.lock_party(session, actor, product_id)
    await findings.decide(session, actor, row.id, column, kind, FindingStatus.CONTESTED, reason)
    return await list_findings(session, actor, row.id)


async def accept(
    session: AsyncSession, actor: Actor, product_id: UUID, column: str, kind: ContentKind, reason: str
) -> list[Finding]:
    """A regulator accepts that a finding is none: it keeps no revision of the product from being shown.

    :raises Forbidden: the actor belongs to no regulator, or to a party.
    :raises FindingStateForbids: nobody contested it.
    """
    row = await lock_for_review(session, actor, product_id)
    await findings.decide(session, actor, row.id, column, kind, FindingStatus.ACCEPTED, reason)
    await revision_columns.request_sample(session, row.id)
    await _publish_newest(session, row)
    return await list_findings(session, actor, row.id)


async def reject(
    session: AsyncSession, actor: Actor, product_id: UUID, column: str, kind: ContentKind, reason: str
) -> list[Finding]:
    """A regulator decides that a finding is right, also one accepted before: revisions with it are not shown.

    :raises Forbidden: the actor belongs to no regulator, or to a party.
    :raises FindingStateForbids: nobody contested it.
    """
    row = await lock_for_review(session, actor, product_id)
    await findings.decide(session, actor, row.id, column, kind, FindingStatus.REJECTED, reason)
    return await list_findings(session, actor, row.id)


async def mark_personal(
    session: AsyncSession, actor: Actor, product_id: UUID, columns: Sequence[str]
) -> list[str]:
    """A party declares columns as personal: samples mask them, and findings in them are settled.

    :return: all columns of the product that were declared so besides its dictionary.

    :raises NotFound: the actor is neither operator nor owner of the product.
    :raises DictionaryRefused: a column is not in the newest revision.
    """
    row = await products.lock_party(session, actor, product_id)
    newest = await revisions.find_newest(session, row.id)
    require_columns(columns, {column.name for column in newest.columns} if newest else set())
    marked = await findings.mark_personal(session, actor, row.id, columns)
    await revision_columns.request_sample(session, row.id)
    await _publish_newest(session, row)
    return sorted(marked)


async def _publish_newest(session: AsyncSession, row: DataProduct) -> None:
    """Tell the parties of a published product when buyers now read the newest revision."""
    newest = await revisions.find_newest(session, row.id)
    if row.published_at is not None and newest is not None:
        await revisions.publish_if_current(session, newest.id)
