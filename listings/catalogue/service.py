"""Use cases of the catalogue: everything in it is open to everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.db import AsyncSession
from infra.errors import NotFound
from infra.identity import service as identity
from infra.identity.tables import Organisation
from infra.messages import Message
from infra.paging import PageRequest
from listings.catalogue import repository
from listings.catalogue.domain import query_terms
from listings.products import revisions
from listings.products import service as products
from listings.products.domain import DictionaryEntry, dictionary, masked, personal_columns
from listings.products.facts import ProductFacts
from listings.products.tables import DataProduct, ProductRevision
from pricing.plans import service as plans
from pricing.plans.domain import PricePlan
from quality import service as quality


@dataclass(frozen=True, slots=True)
class Listing:
    """A product on the market with everything to read before an order.

    :ivar dictionary: one entry a column, in the data's order.
    :ivar sample: first rows, personal information masked.
    """

    product: DataProduct
    facts: ProductFacts
    revision: ProductRevision
    dictionary: list[DictionaryEntry]
    sample: list[dict[str, Any]]
    report: quality.Report
    plan: PricePlan


async def search(
    session: AsyncSession, query: str, theme: str | None, page: PageRequest
) -> tuple[Sequence[DataProduct], str | None]:
    """One page of the products on the market, newest first.

    :param query: Chinese, English or both; a product has every word of it. Empty asks for all.
    """
    return await repository.search(session, query_terms(query), theme, page)


async def parties(session: AsyncSession, rows: Sequence[DataProduct]) -> Mapping[UUID, Organisation]:
    """Operators and owners of the products, by id."""
    return await identity.organisations(
        session, {party for row in rows for party in (row.operator_id, row.owner_id)}
    )


async def access_listed(session: AsyncSession, product_id: UUID) -> DataProduct:
    """A product on the market.

    :raises NotFound: there is no such product, or it is not on the market now.
    """
    row = await repository.product(session, product_id)
    if row is None:
        raise NotFound(Message("There is no such product in the catalogue."))
    return row


async def listing(session: AsyncSession, product_id: UUID) -> Listing:
    """A product on the market, to be read before an order.

    :raises NotFound: there is no such product, or it is not on the market now.
    """
    row = await access_listed(session, product_id)
    facts = await products.tradeable_product(session, product_id)
    revision, report = await revisions.current(session, product_id)
    described = dictionary(
        facts.revision.columns, revisions.described_columns(row), personal=facts.personal_information
    )
    return Listing(
        product=row,
        facts=facts,
        revision=revision,
        dictionary=described,
        sample=masked(revision.sample, personal_columns(described)),
        report=report,
        plan=await plans.get_plan(session, facts.plan_id),
    )
