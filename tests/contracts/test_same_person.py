"""Who belongs to a party reviews neither its product nor its contract, under whatever account."""

import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from tests.support.bargain import Bargain
from tests.support.parties import ROLES, Party
from tests.support.people import browser, make_organisation, make_person, sign_in


@pytest.fixture
async def regulators(
    app: Litestar, sessions: SessionMaker, bargain: Bargain, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a regulator's officer, who has another account in one of the parties."""
    party: Party = getattr(bargain, request.param)
    address = f"{secrets.token_hex(6)}@people.example"
    kind = OrganisationKind(request.param)
    await make_person(sessions, party.organisation_id, [ROLES[kind]], email=address)
    office = await make_organisation(sessions, OrganisationKind.REGULATOR)
    await make_person(sessions, office, [Role.REGULATOR_OFFICER], email=address)
    made = browser(app)
    body = {"email": address, "password": "a quiet river at night", "organisation_id": str(office)}
    answer = await made.post("/v1/session", json=body)
    made.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    yield made
    await made.aclose()


def same_person(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and bool(answer.json()["type"].endswith("another-officer"))


@pytest.mark.parametrize("regulators", ["owner", "operator", "buyer"], indirect=True)
async def test_neither_product_nor_contract(
    regulators: httpx.AsyncClient, bargain: Bargain, request: pytest.FixtureRequest
) -> None:
    agreement = await bargain.order()
    review = f"/v1/contract-reviews/{agreement['id']}"
    assert same_person(await regulators.post(review, json={"note": "all in order"}))
    decision = f"/v1/products/{bargain.product_id}/approval"
    decided = await regulators.post(decision, json={})
    assert same_person(decided) is ("buyer" not in request.node.name)


async def test_a_colleague_without_a_part_in_it_does(
    app: Litestar, sessions: SessionMaker, bargain: Bargain
) -> None:
    office = await make_organisation(sessions, OrganisationKind.REGULATOR)
    officer = await make_person(sessions, office, [Role.REGULATOR_OFFICER])
    mine = await sign_in(app, officer.email)
    agreement = await bargain.order()
    done = await mine.post(f"/v1/contract-reviews/{agreement['id']}", json={"note": "all in order"})
    assert done.status_code == 201
