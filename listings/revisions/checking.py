"""By which suite a revision is judged, and what its run is told of other products."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.stops import service as stops
from listings.products import service as products
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.revisions import service
from listings.revisions.disclosure import get_disclosure
from listings.revisions.tables import ProductRevision
from quality.checks import Check, CheckType
from quality.classes import ProductClass
from quality.facts import reference_key
from quality.proposals.domain import ProposedSuite, propose_suite
from quality.proposals.facts import FileFacts, Meaning, Reference
from quality.runs import service as quality
from quality.runs.tables import QualityRun
from quality.suites import service as suites
from quality.suites.domain import SuiteOrigin, class_of

EARLIER = 20
"""Revisions before the newest that proposals look at."""


async def request_check(
    session: AsyncSession, actor: Actor, product: DataProduct, row: ProductRevision
) -> QualityRun:
    """Have a revision judged by the suite in force; the first one of a product has its suite suggested.

    :param product: locked.
    """
    suite = await suites.find(session, product.quality_suite_id)
    if suite is None or _is_outgrown(product, suite, row):
        suite = await _readopt(session, actor, product, row) or await _adopt(session, actor, product, row)
    return await request_run(session, actor, product, row, suite.id)


async def request_run(
    session: AsyncSession,
    actor: Actor,
    product: DataProduct,
    row: ProductRevision,
    suite_id: UUID,
    *,
    trial: bool = False,
) -> QualityRun:
    """Have a revision judged by a version of its product's suite.

    :param trial: to read what would come of it; it counts for nothing.
    """
    suite = await suites.get(session, suite_id)
    return await quality.request_run(
        session,
        actor,
        row.id,
        product_id=product.id,
        suite_id=suite_id,
        object_key=row.object_key,
        rows=row.rows,
        arrived_at=row.uploaded_at,
        reference_keys=await _reference_keys(session, product, suites.checks_of(suite)),
        zones={column["name"]: column["zone"] for column in row.columns if column.get("zone")},
        trial=trial,
    )


async def propose(
    session: AsyncSession,
    product: DataProduct,
    row: ProductRevision,
    *,
    within: str | None = None,
    references: Sequence[Reference] = (),
) -> tuple[ProductClass, ProposedSuite]:
    """The class and the checks that are proposed for a product, from a revision, its dictionary and earlier revisions.

    :param within: how old the newest value may be on arrival, as an ISO 8601 duration; None proposes nothing of it.
    :param references: columns of other products that the operator may read.
    """
    entries = (await get_disclosure(session, product, row)).dictionary
    earlier = [
        _facts(one) for one in await service.list_passed(session, product.id) if one.number < row.number
    ]
    proposed = propose_suite(
        _facts(row),
        meanings={e.name: Meaning(e.title_zh, e.title_en, e.unit, e.personal) for e in entries},
        earlier=earlier[:EARLIER],
        within=within,
        references=references,
    )
    return class_of(kinds_of(row), [one.check for one in proposed.proposals]), proposed


def kinds_of(row: ProductRevision) -> dict[str, str]:
    """The logical type of each column of a revision."""
    return {column["name"]: column["kind"] for column in row.columns}


def bases_of(proposed: ProposedSuite) -> dict[str, dict[str, str]]:
    """What each proposal rests on, in both languages, by the name of its check."""
    return {one.check.name: {"zh": one.basis.zh, "en": one.basis.en} for one in proposed.proposals}


def _facts(row: ProductRevision) -> FileFacts:
    return FileFacts.of(row.rows, row.columns, row.profile["columns"], row.profile.get("keys", ()))


async def _adopt(
    session: AsyncSession, actor: Actor, product: DataProduct, row: ProductRevision
) -> suites.Suite:
    product_class, proposed = await propose(session, product, row)
    suite = await suites.create_version(
        session,
        actor,
        product.id,
        product_class=product_class,
        checks=[one.check for one in proposed.proposals],
        origin=SuiteOrigin.SUGGESTED,
        kinds=kinds_of(row),
        bases=bases_of(proposed),
    )
    await products.set_quality_suite(session, actor, product, suite.id)
    return suite


async def _readopt(
    session: AsyncSession, actor: Actor, product: DataProduct, row: ProductRevision
) -> suites.Suite | None:
    """Put back in force the first suite that was suggested for a file with these columns.

    A file of another shape in between is no way to have the checks learned anew from worse data.
    """
    for suite in await suites.list_suggested(session, product.id):
        if _fits(suite, row):
            await products.set_quality_suite(session, actor, product, suite.id)
            return suite
    return None


def _is_outgrown(product: DataProduct, suite: suites.Suite, row: ProductRevision) -> bool:
    """Whether a suite that nobody has written or reviewed is about columns that the file has not."""
    if product.status is not ProductStatus.DRAFT or suite.origin is not SuiteOrigin.SUGGESTED:
        return False
    return not _fits(suite, row)


def _fits(suite: suites.Suite, row: ProductRevision) -> bool:
    names = {column["name"] for column in row.columns}
    return all(set(check["columns"]) <= names for check in suite.checks)


async def find_reference(
    session: AsyncSession, product: DataProduct, other_id: UUID
) -> ProductRevision | None:
    """The revision of another product that checks of this one may compare with.

    What comes of such a check tells whether a value occurs in the other product. Both who upload to this one could ask
    for any value by a file that is made for it: the other product has the same operator and the same owner.

    :return: None where there is no such product, it is stopped or another party's, or nothing of it has passed.
    """
    other = await products.find_product(session, other_id)
    if other is None or (other.operator_id, other.owner_id) != (product.operator_id, product.owner_id):
        return None
    if await stops.active(session, [other_id]):
        return None
    return await service.find_newest_passed(session, other_id)


async def _reference_keys(
    session: AsyncSession, product: DataProduct, checks: Sequence[Check]
) -> dict[str, str]:
    found = {}
    for check in checks:
        if check.type is not CheckType.REFERENCES:
            continue
        other_id, column = str(check.arguments["product_id"]), str(check.arguments["column"])
        revision = await find_reference(session, product, UUID(other_id))
        if revision is not None:
            found[reference_key(other_id, column)] = revision.object_key
    return found
