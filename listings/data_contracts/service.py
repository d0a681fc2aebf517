"""Use cases of data contracts: written of what a product promises, and read as the suite that it is to be held to."""

import asyncio
from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.messages import Message
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from listings.data_contracts.documents import (
    ContractColumn,
    ContractFacts,
    ReadContract,
    read_contract,
    write_contract,
)
from listings.data_contracts.parsing import Parsed, parse_json, parse_yaml
from listings.products import service as products
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.revisions import service as revisions
from listings.revisions.disclosure import get_disclosure
from listings.suites import service as suites
from listings.suites.service import WrittenSuite
from quality.classes import ProductClass
from quality.suites.domain import SuiteOrigin
from quality.suites.service import Suite, checks_of

_STATUSES = {
    ProductStatus.DRAFT: "draft",
    ProductStatus.SUBMITTED: "proposed",
    ProductStatus.PUBLISHED: "active",
    ProductStatus.WITHDRAWN: "retired",
}


async def get_contract(
    session: AsyncSession, actor: Actor, product_id: UUID, *, proposed: bool
) -> dict[str, object]:
    """The contract of a product, with the rules that the reader may see.

    :param proposed: with the suite that the open edition names, where it names another.
    :raises NotFound: there is no product the actor can access and none on the market, or it has no suite yet.
    """
    found = await suites.get_suite(session, actor, product_id)
    suite = (found.proposed if proposed else None) or found.in_force
    product = await products.find_product(session, product_id)
    if suite is None or product is None:
        raise NotFound(
            Message("The product has no quality suite yet."),
            remedy=Message(
                "Upload its first revision, or write one: PUT /v1/products/{product_id}/quality-suite."
            ),
        )
    columns = await _columns(session, product, outside=found.withheld is not None)
    rules = await rulebook.in_force(session)
    facts = _facts(product, suite, columns, rules, tuple(sorted(found.withheld or ())))
    return write_contract(facts, checks_of(suite))


async def _columns(
    session: AsyncSession, product: DataProduct, *, outside: bool
) -> tuple[ContractColumn, ...]:
    row = await revisions.find_newest_promised(session, product.id)
    if row is None or not outside:
        newest = await revisions.find_newest(session, product.id)
        row = await revisions.find_row(session, newest.id) if newest is not None and not outside else row
    if row is None:
        return ()
    entries = {entry.name: entry for entry in (await get_disclosure(session, product, row)).dictionary}
    return tuple(
        ContractColumn(
            name=column["name"],
            kind=column["kind"],
            nullable=column["nullable"],
            title_zh=entries[column["name"]].title_zh,
            title_en=entries[column["name"]].title_en,
            unit=entries[column["name"]].unit,
            classification=_class_name(entries[column["name"]].classification),
        )
        for column in row.columns
    )


def _class_name(classification: object) -> str | None:
    return str(classification) if classification is not None else None


def _facts(
    product: DataProduct,
    suite: Suite,
    columns: tuple[ContractColumn, ...],
    rules: Rules,
    withheld: tuple[str, ...],
) -> ContractFacts:
    return ContractFacts(
        product_id=str(product.id),
        status=_STATUSES[product.status],
        version=f"{suite.number}.0.0",
        title_zh=product.title_zh,
        title_en=product.title_en,
        description_zh=product.description_zh,
        description_en=product.description_en,
        themes=tuple(product.themes),
        purposes=tuple(product.purposes),
        frequency=product.update_frequency,
        columns=columns,
        product_class=suite.product_class,
        digest=suite.digest,
        availability_percent=rules.decimal("service_credit.availability_percent"),
        withheld=withheld,
    )


async def read(text: bytes, *, is_json: bool) -> ReadContract:
    """What a contract asks for, read on a thread of its own.

    :raises ContractRefused: it is none, or asks for what is not checked.
    """

    def work() -> ReadContract:
        parsed: Parsed = parse_json(text) if is_json else parse_yaml(text)
        return read_contract(parsed)

    return await asyncio.to_thread(work)


async def set_contract(
    session: AsyncSession, actor: Actor, product_id: UUID, contract: ReadContract, based_on: str | None
) -> WrittenSuite:
    """Take the quality rules of a contract as the suite of a product, as `suites.set_suite` does.

    :param based_on: digest of the suite that was read, where the contract does not say.
    :raises SuiteChanged: another suite was written meanwhile, or it is not said which one is to be replaced.
    """
    found = await suites.get_suite(session, actor, product_id)
    present = found.proposed or found.in_force
    usual = present.product_class if present is not None else ProductClass.GENERAL
    return await suites.set_suite(
        session,
        actor,
        product_id,
        product_class=contract.product_class or usual,
        checks=contract.checks,
        based_on=based_on or contract.based_on,
        origin=SuiteOrigin.IMPORTED,
    )
