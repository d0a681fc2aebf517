"""A thief with the service's own login: what it would forge, each refused by the database."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker, transaction
from market.settlement.rails.bank.statements import service as bank
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import parties
from tests.support.products import STEP, granted, published, registration_content, resource_body
from tests.support.settlement import (
    a_trade,
    bank_statement,
    import_bank_file,
    invoice_for,
    metering,
    transfer,
)

REASON = {"reason": "Because of a complaint"}
REFUSALS = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.RestrictViolationError,
    asyncpg.ForeignKeyViolationError,
)
FORGERIES: Mapping[str, str] = {
    name: sql
    for name, _, sql in (
        block.partition("\n")
        for block in Path(__file__)
        .with_name("forgeries.sql")
        .read_text(encoding="utf-8")
        .split("-- name: ")[1:]
    )
}
"""What is tried, by what it would achieve; ``{name}`` in it stands for one of the targets."""


@pytest.fixture(scope="module")
async def targets(
    app: Litestar, sessions: SessionMaker, conversions: None, database: TestDatabase
) -> AsyncIterator[Mapping[str, str]]:
    """What there is to forge, by name."""
    async with parties(app, sessions) as make:
        owner, operator, buyer, regulator = [
            await make(kind)
            for kind in (
                OrganisationKind.OWNER,
                OrganisationKind.OPERATOR,
                OrganisationKind.BUYER,
                OrganisationKind.REGULATOR,
            )
        ]
        product_id = await published(owner, operator, regulator)
        bargain = Bargain(owner, operator, buyer, regulator, product_id)
        concluded, _ = await bargain.licensed()
        terminated, _ = await bargain.licensed()
        await buyer.post(f"/v1/agreements/{terminated['id']}/termination", REASON)
        ordered = await bargain.order()
        authorisation = await operator.get(f"/v1/authorisations/{concluded['document']['authorisation_id']}")
        await _more_authorisations(bargain, authorisation)
        draft = await operator.post(
            "/v1/products",
            {name: (await operator.get(f"/v1/products/{product_id}"))[name] for name in _TEXT}
            | {"themes": ["environment"]},
        )
        another = await owner.post("/v1/resources", resource_body())
        applied = await owner.post(
            f"/v1/resources/{another['id']}/registration-applications",
            {"kind": "initial", "content": registration_content(), **REASON},
        )
        for path in (f"/v1/products/{product_id}", f"/v1/authorisations/{authorisation['id']}"):
            await regulator.post(f"{path}/suspension", REASON, status=200)
        await regulator.post(f"/v1/products/{product_id}/reinstatement", REASON, status=200)
        async with transaction(sessions) as session:
            trade = await a_trade(session)
        async with metering(database) as use:
            await use(trade.licence_id, calls=30)
            paid = await invoice_for(sessions, trade)
            await use(trade.licence_id, calls=30)
        async with transaction(sessions) as session:
            document = bank_statement(transfer(paid), account="FORGED-1")
            (imported,) = await import_bank_file(session, trade.finance, document)
            (entry,) = (await bank.entries_of(session, [imported.statement]))[imported.statement.id]
        issued = await invoice_for(sessions, trade)
        known = await asyncpg.connect(database.service_url)
        one = known.fetchval
        of = "SELECT id FROM stops WHERE subject_id = $1 ORDER BY placed_at DESC LIMIT 1"
        state = "SELECT id FROM authorisations WHERE owner_id = $1 AND status = $2"
        yield {
            "product": product_id,
            "resource": draft["resource_id"],
            "applied": applied["id"],
            "draft": draft["id"],
            "authorisation": authorisation["id"],
            "offered": str(await one(state, owner.organisation_id, "granted")),
            "revoked": str(await one(state, owner.organisation_id, "revoked")),
            "concluded": concluded["id"],
            "terminated": terminated["id"],
            "ordered": ordered["id"],
            "issued": str(issued.id),
            "entry": str(entry.entry.id),
            "stop": str(await one(of, authorisation["id"])),
            "lifted": str(await one(of, product_id)),
            "end": str(await one(of, terminated["id"])),
            "regulator": str(regulator.organisation_id),
            "operator": str(operator.organisation_id),
        }
        await known.close()


_TEXT = (
    "authorisation_id", "resource_id", "title_zh", "title_en", "description_zh", "description_en", "update_frequency",
)  # fmt: skip


async def _more_authorisations(bargain: Bargain, like: Mapping[str, Any]) -> None:
    """One that waits for its operator, and one that was revoked."""
    kept = (
        "authorising_body_id",
        "operator_id",
        "resource_ids",
        "mode",
        "regions",
        "purposes",
        "valid_from",
        "valid_until",
        "consideration",
        "shares",
    )
    body = {name: like[name] for name in kept} | {"scenarios": ["environmental_services"], "exclusive": False}
    body |= {"legal_basis": "As before"}
    offered = await bargain.owner.post("/v1/authorisations", body)
    await granted(offered["id"], bargain.operator)
    ended = await bargain.owner.post("/v1/authorisations", body)
    await granted(ended["id"], bargain.operator)
    await bargain.operator.post(f"/v1/authorisations/{ended['id']}/acceptance", STEP, status=200)
    await bargain.owner.post(f"/v1/authorisations/{ended['id']}/revocation", REASON, status=200)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_the_database_refuses_a_forgery(
    database: TestDatabase, targets: Mapping[str, str], forgery: str
) -> None:
    statement = FORGERIES[forgery]
    for name, value in targets.items():
        statement = statement.replace(f"{{{name}}}", value)
    thief = await asyncpg.connect(database.service_url)
    try:
        with pytest.raises(REFUSALS):
            async with thief.transaction():
                await thief.execute(statement)
    finally:
        await thief.close()
