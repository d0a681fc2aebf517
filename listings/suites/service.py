"""Use cases of the suites of products: read, written by the operator, proposed, tried for an open edition."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.labels import Label
from infra.messages import Message
from infra.paging import PageRequest
from listings.editions import service as editions
from listings.editions.domain import SUITE
from listings.editions.states import require_draft as require_draft_edition
from listings.editions.tables import ProductEdition
from listings.products import service as products
from listings.products.dictionary import concealed_columns
from listings.products.states import ProductStatus, require_draft
from listings.products.tables import DataProduct
from listings.revisions import checking
from listings.revisions import service as revisions
from listings.revisions.disclosure import get_disclosure
from listings.suites import trials
from listings.suites.domain import WITHIN, withheld_checks
from listings.suites.trials import TriedSuite
from quality.arguments import Problem
from quality.checks import Check, CheckType, suite_to_json
from quality.classes import ProductClass
from quality.errors import SuiteRefused
from quality.proposals.domain import ProposedSuite
from quality.proposals.facts import Reference
from quality.reports.concealment import gone_columns
from quality.suites import service as suites
from quality.suites.domain import CheckChange, SuiteOrigin, compare
from quality.suites.errors import SuiteChanged
from quality.suites.service import Suite


@dataclass(frozen=True, slots=True)
class ProductSuite:
    """The suite of a product as its reader may see it.

    :ivar proposed: the suite of the open edition ``edition_id``, where it is another; ``trial`` how that fares.
    :ivar withheld: names of checks whose arguments the reader may not see; None for parties and regulators.
    """

    in_force: Suite | None
    edition_id: UUID | None = None
    proposed: Suite | None = None
    trial: TriedSuite | None = None
    withheld: set[str] | None = None


@dataclass(frozen=True, slots=True)
class WrittenSuite:
    """A suite that was written: in force now, or with the edition that names it."""

    suite: Suite
    edition_id: UUID | None
    changes: list[CheckChange]


async def get_suite(session: AsyncSession, actor: Actor, product_id: UUID) -> ProductSuite:
    """The suite by which a product's revisions are judged; everybody's to read once it is on the market.

    :raises NotFound: there is no product the actor can access, and none on the market.
    """
    product = await products.find_visible(session, actor, product_id)
    if product is None:
        return await _shown_to_all(session, actor, product_id)
    in_force = await suites.find(session, product.quality_suite_id)
    edition = await editions.find_open(session, product.id)
    if edition is None or not await _may_see(session, actor, edition):
        return ProductSuite(in_force)
    proposed = await trials.get_named_suite(session, edition)
    if proposed is None or (in_force is not None and proposed.id == in_force.id):
        return ProductSuite(in_force)
    trial = await trials.find_trial(session, product, proposed)
    return ProductSuite(in_force, edition.id, proposed, trial)


async def _may_see(session: AsyncSession, actor: Actor, edition: ProductEdition) -> bool:
    try:
        await editions.access_edition(session, actor, edition.id)
    except NotFound:
        return False
    return True


async def _shown_to_all(session: AsyncSession, actor: Actor, product_id: UUID) -> ProductSuite:
    product = await products.find_on_market(session, product_id)
    if product is None:
        product = await products.access_product(session, actor, product_id)
    suite = await suites.find(session, product.quality_suite_id)
    served = await revisions.find_newest_promised(session, product.id)
    if suite is None or served is None:
        return ProductSuite(suite, withheld={check["name"] for check in suite.checks} if suite else set())
    disclosure = await get_disclosure(session, product, served)
    gone = gone_columns(suite.checks, {entry.name for entry in disclosure.dictionary})
    concealed = concealed_columns(disclosure.dictionary) | gone
    return ProductSuite(suite, withheld=withheld_checks(suite.checks, concealed))


async def list_versions(
    session: AsyncSession, actor: Actor, product_id: UUID, page: PageRequest
) -> tuple[Sequence[Suite], str | None]:
    """One page of the versions of a product's suite, newest first, to its parties and regulators.

    Regulators read those up to the one in force, and up to the one that they review; what an edition names that was
    never submitted is its parties' alone.

    :raises NotFound: there is no product the actor can access.
    """
    product = await products.access_product(session, actor, product_id)
    upto = None
    if actor.organisation_id not in (product.operator_id, product.owner_id):
        found = await get_suite(session, actor, product_id)
        upto = max(
            (suite.number for suite in (found.in_force, found.proposed) if suite is not None), default=0
        )
    return await suites.list_versions(session, product_id, page, upto=upto)


async def set_suite(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    *,
    product_class: ProductClass,
    checks: Sequence[Check],
    based_on: str | None,
    origin: SuiteOrigin = SuiteOrigin.WRITTEN,
) -> WrittenSuite:
    """Write the suite of a product: in force at once for a draft, with an edition for a published one.

    The newest revision of a draft is judged anew; for an edition the suite is tried on what buyers read.

    :param based_on: digest of the suite that was read; None where there was none.
    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids, EditionStateForbids: the product is under review or withdrawn, or its edition is.
    :raises SuiteChanged: another suite was written meanwhile.
    :raises SuiteRefused: a check cannot be carried out, or refers to what the operator may not read.
    """
    product = await products.lock_own(session, actor, product_id)
    edition = None
    if product.status is ProductStatus.PUBLISHED:
        edition = await editions.find_open(session, product.id)
        if edition is not None:
            require_draft_edition(edition.status)
    else:
        require_draft(product.status)
    in_force = await suites.find(session, product.quality_suite_id)
    present = (await trials.get_named_suite(session, edition) if edition is not None else None) or in_force
    _require_based_on(present, based_on)
    suite = await _written(session, actor, product, [in_force, present], product_class, checks, origin)
    changes = compare(in_force.checks if in_force else (), suite.checks)
    if product.status is not ProductStatus.PUBLISHED:
        await _put_in_force(session, actor, product, suite)
        return WrittenSuite(suite, None, changes)
    if edition is None and in_force is not None and suite.id == in_force.id:
        return WrittenSuite(suite, None, changes)
    edition = edition or await editions.create(session, actor, product.id)
    if edition.document.get(SUITE) != str(suite.id):
        await editions.set_suite(session, actor, edition, suite.id)
    if in_force is None or suite.id != in_force.id:
        await trials.request_trial(session, actor, product, suite)
    return WrittenSuite(suite, edition.id, changes)


def _require_based_on(present: Suite | None, based_on: str | None) -> None:
    digest = present.digest if present is not None else None
    if digest != based_on:
        raise SuiteChanged(
            Message("The digest you sent is not that of the suite you would replace."),
            remedy=Message(
                "Read the suite again (GET /v1/products/{product_id}/quality-suite), make your change to what it shows,"
                " and send the digest that it shows."
            ),
            digest=digest,
        )


async def _written(
    session: AsyncSession,
    actor: Actor,
    product: DataProduct,
    known: Sequence[Suite | None],
    product_class: ProductClass,
    checks: Sequence[Check],
    origin: SuiteOrigin,
) -> Suite:
    """A further version, or one of the known ones that says the same."""
    form = suite_to_json(checks)
    for suite in known:
        if suite is not None and suite.product_class is product_class and not compare(suite.checks, form):
            return suite
    newest = await revisions.find_newest(session, product.id)
    kinds = {column.name: column.kind.value for column in newest.columns} if newest else None
    await _require_readable(session, product, checks)
    bases = {
        name: basis for suite in known if suite is not None for name, basis in _kept(suite, form).items()
    }
    return await suites.create_version(
        session,
        actor,
        product.id,
        product_class=product_class,
        checks=checks,
        origin=origin,
        kinds=kinds,
        bases=bases,
    )


def _kept(suite: Suite, form: Sequence[dict[str, object]]) -> dict[str, object]:
    """The bases of the checks that stay as they were."""
    same = {change.name for change in compare(suite.checks, form)}
    return {name: basis for name, basis in suite.bases.items() if name not in same}


async def _require_readable(session: AsyncSession, product: DataProduct, checks: Sequence[Check]) -> None:
    problems = []
    for check in checks:
        if check.type is not CheckType.REFERENCES:
            continue
        try:
            other_id = UUID(str(check.arguments.get("product_id")))
        except ValueError:
            continue  # told with the other arguments
        other = await checking.find_reference(session, product, other_id)
        names = {column["name"] for column in other.columns} if other is not None else set()
        if check.arguments.get("column") not in names:
            problems.append(
                Problem(
                    check.name,
                    "arguments.product_id" if other is None else "arguments.column",
                    Message(
                        "There is no such product that may be referred to, with data that passed its check."
                    )
                    if other is None
                    else Message("The product has no such column."),
                    Message("Refer to a column of a product with the same operator and the same owner."),
                )
            )
    if problems:
        raise SuiteRefused(problems[0].what, problems=[problem.to_json() for problem in problems[:100]])


async def _put_in_force(session: AsyncSession, actor: Actor, product: DataProduct, suite: Suite) -> None:
    if suite.id != product.quality_suite_id:
        await products.set_quality_suite(session, actor, product, suite.id)
    newest = await revisions.find_newest(session, product.id)
    if newest is not None:
        await checking.request_run(
            session, actor, product, await revisions.find_row(session, newest.id), suite.id
        )


async def propose(
    session: AsyncSession, actor: Actor, product_id: UUID
) -> tuple[UUID, ProductClass, ProposedSuite]:
    """Checks that the newest revision of a product proposes, to its parties and regulators.

    :return: id of that revision, the class it suggests, and the proposals.
    :raises NotFound: there is no product the actor can access, or no revision yet.
    """
    product = await products.access_product(session, actor, product_id)
    newest = await revisions.find_newest(session, product.id)
    if newest is None:
        raise NotFound(
            Message("There is no revision."),
            remedy=Message("Upload a file with POST /v1/products/{product_id}/revisions."),
        )
    row = await revisions.find_row(session, newest.id)
    product_class, proposed = await checking.propose(
        session,
        product,
        row,
        within=WITHIN.get(product.update_frequency),
        references=await _references(session, product),
    )
    return row.id, product_class, proposed


async def _references(session: AsyncSession, product: DataProduct) -> list[Reference]:
    """The columns of the other products that this one may refer to, the newest products first."""
    found = []
    for other in await products.list_operated(session, product.operator_id, limit=20):
        served = await checking.find_reference(session, product, other.id) if other.id != product.id else None
        if served is not None:
            title = Label(other.title_zh, other.title_en)
            found += [
                Reference(str(other.id), title, column["name"], column["kind"]) for column in served.columns
            ]
    return found


async def retry_trial(session: AsyncSession, actor: Actor, revision_id: UUID) -> None:
    """A revision was judged: try the suite of an open edition on it, if buyers read it now."""
    facts = await revisions.find_facts(session, revision_id)
    edition = await editions.find_open(session, facts.product_id) if facts is not None else None
    if facts is None or edition is None or edition.based_on_id is None:
        return
    suite = await trials.get_named_suite(session, edition)
    product = await products.find_product(session, facts.product_id)
    if suite is not None and product is not None and suite.id != product.quality_suite_id:
        await trials.request_trial(session, actor, product, suite)
