"""By which suite a revision is judged, and what its run is told of other products."""

from collections.abc import Sequence
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from listings.products import service as products
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.revisions import service
from listings.revisions.tables import ProductRevision
from quality.checks import Check, CheckType
from quality.classes import ProductClass
from quality.facts import reference_key
from quality.runs import service as quality
from quality.runs.tables import QualityRun
from quality.suggest import facts_of, suggest
from quality.suites import service as suites
from quality.suites.domain import SuiteOrigin, class_of


async def request_check(
    session: AsyncSession, actor: Actor, product: DataProduct, row: ProductRevision
) -> QualityRun:
    """Have a revision judged by the suite in force; the first one of a product has its suite suggested.

    :param product: locked.
    """
    suite = await suites.find(session, product.quality_suite_id)
    if suite is None or _is_outgrown(product, suite, row):
        suite = await _adopt(session, actor, product, row)
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
        trial=trial,
    )


def suggested(row: ProductRevision) -> tuple[ProductClass, list[Check]]:
    """The class and the checks that a revision suggests."""
    checks = suggest(row.rows, facts_of(row.columns, row.profile["columns"]))
    return class_of({column["name"]: column["kind"] for column in row.columns}, checks), checks


async def _adopt(
    session: AsyncSession, actor: Actor, product: DataProduct, row: ProductRevision
) -> suites.Suite:
    product_class, checks = suggested(row)
    suite = await suites.create_version(
        session,
        actor,
        product.id,
        product_class=product_class,
        checks=checks,
        origin=SuiteOrigin.SUGGESTED,
    )
    await products.set_quality_suite(session, actor, product, suite.id)
    return suite


def _is_outgrown(product: DataProduct, suite: suites.Suite, row: ProductRevision) -> bool:
    """Whether a suite that nobody has written or reviewed is about columns that the file has not."""
    if product.status is not ProductStatus.DRAFT or suite.origin is not SuiteOrigin.SUGGESTED:
        return False
    names = {column["name"] for column in row.columns}
    return any(not set(check["columns"]) <= names for check in suite.checks)


async def find_reference(
    session: AsyncSession, product: DataProduct, other_id: UUID
) -> ProductRevision | None:
    """The revision of another product that the operator of this one may compare with.

    :return: None where there is no such product, it is not the operator's own to read, or nothing of it has passed.
    """
    other = await products.find_product(session, other_id)
    if other is None or product.operator_id not in (other.operator_id, other.owner_id):
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
