"""What is known of revisions, and which of them buyers read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from listings.ingest.result import Column, Kind
from listings.products import repository
from listings.products.domain import DictionaryEntry, QualityStanding, dictionary, personal_columns
from listings.products.facts import RevisionFacts
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct, ProductRevision
from listings.resources import service as resources
from quality import service as quality

LOOK_BACK = 50
"""How many of the newest revisions are looked at for one that has passed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A revision with the standing of its quality check and the size of its sample."""

    facts: RevisionFacts
    standing: QualityStanding
    sample_rows: int


def facts_of(row: ProductRevision) -> RevisionFacts:
    """Map a row."""
    return RevisionFacts(
        id=row.id,
        product_id=row.product_id,
        number=row.number,
        object_key=row.object_key,
        sha256=row.sha256,
        columns=tuple(Column(**{**column, "kind": Kind(column["kind"])}) for column in row.columns),
        rows=row.rows,
    )


async def newest(session: AsyncSession, product_id: UUID) -> RevisionFacts | None:
    """The newest revision, checked or not."""
    rows = await repository.newest_revisions(session, product_id, 1)
    return facts_of(rows[0]) if rows else None


async def newest_checked(session: AsyncSession, product_id: UUID) -> Checked | None:
    """The newest revision with the standing of its quality check."""
    rows = await repository.newest_revisions(session, product_id, 1)
    if not rows:
        return None
    standing = (await standings(session, rows))[rows[0].id]
    return Checked(facts_of(rows[0]), standing, len(rows[0].sample))


async def newest_passed(session: AsyncSession, product_id: UUID) -> RevisionFacts | None:
    """The newest revision whose quality check has passed: a bad new one leaves the last good one in service."""
    row = await newest_passed_row(session, product_id)
    return facts_of(row) if row else None


async def newest_passed_row(session: AsyncSession, product_id: UUID) -> ProductRevision | None:
    """As `newest_passed`, with all that is kept of the revision."""
    rows = await repository.newest_revisions(session, product_id, LOOK_BACK)
    found = await standings(session, rows)
    return next((row for row in rows if found[row.id] is QualityStanding.PASSED), None)


async def current(session: AsyncSession, product_id: UUID) -> tuple[ProductRevision, quality.Report]:
    """The revision that buyers read, with the report of its quality check.

    :raises NotFound: there is none.
    """
    row = await newest_passed_row(session, product_id)
    report = await quality.report_for(session, row.id) if row else None
    if row is None or report is None:
        raise NotFound(Message("The product has no revision that has passed its quality check."))
    return row, report


async def standings(session: AsyncSession, rows: Sequence[ProductRevision]) -> dict[UUID, QualityStanding]:
    """What the quality check of each revision has come to."""
    found = await quality.standings(session, [row.id for row in rows])
    return {revision_id: QualityStanding(standing) for revision_id, standing in found.items()}


async def access_revision(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> tuple[ProductRevision, QualityStanding]:
    """A revision of a product the actor may know of, with the standing of its quality check.

    :raises NotFound: there is none the actor may know of.
    """
    row = await repository.revision(session, revision_id)
    if row is None or await repository.visible(session, actor, row.product_id) is None:
        raise NotFound(Message("There is no such revision."))
    return row, (await standings(session, [row]))[row.id]


async def list_of(
    session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductRevision], dict[UUID, QualityStanding], str | None]:
    """One page of the revisions of a product the actor may know of, newest first, with their standings.

    :raises NotFound: there is no product the actor may know of.
    """
    if await repository.visible(session, actor, product_id) is None:
        raise NotFound(Message("There is no such product."))
    rows, following = await repository.page_revisions(session, product_id, page)
    return rows, await standings(session, rows), following


async def quality_report(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> tuple[quality.Report, set[str]]:
    """The quality report of a revision: to everybody once its product is published.

    :return: the report, and the columns whose values the actor may not see in it: the personal ones, unless the
        actor may know of the product itself.
    :raises NotFound: there is no such revision the actor may know of, or no report yet.
    """
    row = await repository.revision(session, revision_id)
    product = await repository.product(session, row.product_id) if row else None
    inside = row is not None and await repository.visible(session, actor, row.product_id) is not None
    if row is None or product is None or not (inside or product.status is ProductStatus.PUBLISHED):
        raise NotFound(Message("There is no such revision."))
    report = await quality.report_for(session, row.id)
    if report is None:
        raise NotFound(
            Message("The quality check has not finished."), remedy=Message("Ask again in a moment.")
        )
    if inside:
        return report, set()
    resource = await resources.facts(session, product.resource_id)
    described = dictionary(
        facts_of(row).columns, described_columns(product), personal=resource.personal_information
    )
    return report, personal_columns(described)


def described_columns(product: DataProduct) -> dict[str, DictionaryEntry]:
    """The columns of a product that somebody described, by name."""
    return {entry["name"]: DictionaryEntry(**entry) for entry in product.dictionary}
