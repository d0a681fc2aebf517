"""Counters are opened from what was signed, once, and by nobody who may say something else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from contracts.agreements.states import AgreementStatus
from contracts.agreements.tables import Agreement
from contracts.chain import ChainOfLinks
from contracts.licences import counters, repository
from contracts.licences.tables import Licence
from contracts.terms import Terms
from infra.db import AsyncSession, new_id
from infra.unit_columns import quota_values
from pricing.regulated.purposes import PurposeClass
from tests.support.settlement import START, a_trade, an_agreement

SEVERAL = (PurposeClass.INDUSTRY, PurposeClass.PUBLIC_WELFARE)


async def signed(
    session: AsyncSession,
    *,
    until: AgreementStatus = AgreementStatus.FINALIZED,
    without: tuple[str, ...] = (),
    more: Mapping[str, Any] = MappingProxyType({}),
    **changes: Any,
) -> tuple[Agreement, Terms]:
    """A concluded agreement that has no licence yet.

    :param without: members that its document has not; ``more`` those it has beside its terms.
    """
    trade = await a_trade(session)
    first = await session.get(Agreement, trade.agreement_id)
    assert first is not None
    terms = replace(Terms.of(first.document), quotas={"calls": 500, "rows": 9}, **changes)
    document = {name: value for name, value in terms.document().items() if name not in without} | dict(more)
    return await an_agreement(session, document, trade.operator, trade.buyer, until=until), terms


async def licensed(session: AsyncSession, agreement: Agreement, terms: Terms, **forged: Any) -> Licence:
    """A licence of the agreement; whatever is forged differs from it."""
    row = Licence(
        **{
            "agreement_id": agreement.id,
            "agreement_digest": agreement.digest,
            "product_id": terms.product_id,
            "owner_id": terms.owner_id,
            "operator_id": terms.operator_id,
            "buyer_id": terms.buyer_id,
            "columns": list(terms.columns),
            "purposes": [purpose.value for purpose in terms.purposes],
            "scenarios": list(terms.scenarios),
            "regions": list(terms.regions),
            "valid_from": terms.valid_from,
            "valid_until": terms.valid_until,
            "issued_at": START,
            **quota_values(terms.quotas),
            **forged,
        }
    )
    session.add(row)
    await session.flush()
    return row


@pytest.mark.parametrize(
    ("purposes", "sole"), [((PurposeClass.INDUSTRY,), "industry"), (SEVERAL, None)], ids=["one", "several"]
)
async def test_counters_say_what_was_signed(
    session: AsyncSession, purposes: tuple[PurposeClass, ...], sole: str | None
) -> None:
    agreement, terms = await signed(session, purposes=purposes)
    licence = await licensed(session, agreement, terms)
    await counters.open(session, licence.id)
    row = await repository.counter(session, licence.id)
    assert row.links == sorted(set(ChainOfLinks.from_terms(agreement.id, terms).ids()))
    assert row.quotas == {"calls": 500, "rows": 9}
    assert (row.valid_from, row.valid_until) == (terms.valid_from, terms.valid_until)
    assert (row.agreement_id, row.product_id, row.sole_purpose) == (agreement.id, terms.product_id, sole)
    assert (row.period_no, set(row.used.amounts), row.tokens_ended) == (1, {0}, False)
    with pytest.raises(DBAPIError, match="pk_licence_counters"):
        await counters.open(session, licence.id)


@pytest.mark.parametrize(
    "forged",
    [
        {"quota_1": 5000},
        {"quota_2": None},
        {"valid_until": START + timedelta(days=9000)},
        {"valid_from": START - timedelta(days=1)},
        {"purposes": ["industry", "public_welfare"]},
        {"agreement_digest": "0" * 64},
        {"columns": ["id", "name", "never_signed"]},
    ],
    ids=lambda forged: next(iter(forged)),
)
async def test_a_licence_that_is_not_what_was_signed_gets_no_counters(
    session: AsyncSession, forged: dict[str, Any]
) -> None:
    agreement, terms = await signed(session)
    with pytest.raises(DBAPIError, match="not what its agreement says"):
        await counters.open(session, (await licensed(session, agreement, terms, **forged)).id)


async def test_neither_does_one_that_leaves_out_the_pin_that_was_signed(session: AsyncSession) -> None:
    agreement, terms = await signed(session, revision_id=new_id())
    with pytest.raises(DBAPIError, match="not what its agreement says"):
        await counters.open(session, (await licensed(session, agreement, terms)).id)


async def test_what_was_signed_before_pins_is_of_the_latest(session: AsyncSession) -> None:
    agreement, terms = await signed(session, without=("revision",))
    await counters.open(session, (await licensed(session, agreement, terms)).id)


async def test_neither_does_one_that_is_not_signed_yet(session: AsyncSession) -> None:
    agreement, terms = await signed(session, until=AgreementStatus.AGREED)
    with pytest.raises(DBAPIError, match="not what its agreement says"):
        await counters.open(session, (await licensed(session, agreement, terms)).id)


async def test_quotas_of_the_first_releases_are_read(session: AsyncSession) -> None:
    older = {"quota_calls": 500, "quota_rows": None}
    agreement, terms = await signed(session, without=("quotas",), more=older)
    licence = await licensed(session, agreement, terms, quota_2=None)
    await counters.open(session, licence.id)
    assert (await repository.counter(session, licence.id)).quotas == {"calls": 500}
