"""Who belongs to a party reviews neither its product nor its contract, and nobody acts for two parties of one trade.

Under whatever account.
"""

import secrets
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id
from tests.support.bargain import Bargain
from tests.support.parties import ROLES, Party
from tests.support.people import PASSWORD, browser, make_organisation, make_person, sign_in
from tests.support.products import STEP, authorisation_body, granted, held_resource


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
    made = await account(app, sessions, office, Role.REGULATOR_OFFICER, address)
    yield made
    await made.aclose()


async def account(
    app: Litestar, sessions: SessionMaker, organisation_id: UUID, role: Role, address: str
) -> httpx.AsyncClient:
    """The browser of a new account that an address has in an organisation."""
    await make_person(sessions, organisation_id, [role], email=address)
    made = browser(app)
    body = {"email": address, "password": PASSWORD, "organisation_id": str(organisation_id)}
    answer = await made.post("/v1/session", json=body)
    made.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return made


@pytest.fixture
async def both_sides(
    app: Litestar, sessions: SessionMaker, bargain: Bargain
) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """The browsers of one person who has an account in each party."""
    address = f"{secrets.token_hex(6)}@people.example"
    made = {}
    for kind in (OrganisationKind.OWNER, OrganisationKind.OPERATOR, OrganisationKind.BUYER):
        party: Party = getattr(bargain, kind)
        made[kind.value] = await account(app, sessions, party.organisation_id, ROLES[kind], address)
    yield made
    for http in made.values():
        await http.aclose()


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


def refused_for_two_sides(answer: httpx.Response, organisation_id: UUID) -> bool:
    problem = answer.json()
    return (
        answer.status_code == 403
        and bool(problem["type"].endswith(":both-sides"))
        and f"POST /v1/organisations/{organisation_id}/invitations" in problem["remedy"]
    )


async def test_nobody_signs_for_both_sides_of_an_agreement(
    both_sides: dict[str, httpx.AsyncClient], bargain: Bargain
) -> None:
    agreement = await bargain.order()
    path, body = f"/v1/agreements/{agreement['id']}/signatures", {"digest": agreement["digest"]}
    assert (await both_sides["operator"].post(path, json=body)).status_code == 201
    refused = await both_sides["buyer"].post(path, json=body)
    assert refused_for_two_sides(refused, bargain.buyer.organisation_id)
    assert (await bargain.buyer.post(path, body))["status"] == "finalized", "a colleague signs"


async def test_nobody_signs_as_the_operator_what_they_ordered(
    both_sides: dict[str, httpx.AsyncClient], bargain: Bargain
) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    order = bargain.order_body(purpose_statement="On my own behalf")
    agreement = (await both_sides["buyer"].post("/v1/agreements", json=order, headers=headers)).json()
    path, body = f"/v1/agreements/{agreement['id']}/signatures", {"digest": agreement["digest"]}
    refused = await both_sides["operator"].post(path, json=body)
    assert refused_for_two_sides(refused, bargain.operator.organisation_id)
    await bargain.operator.post(path, body)
    signed = await both_sides["buyer"].post(path, json=body)
    assert signed.json()["status"] == "finalized", "who ordered signs for the buyer"


async def test_nobody_accepts_an_authorisation_they_offered(
    both_sides: dict[str, httpx.AsyncClient], bargain: Bargain
) -> None:
    resource_id = await held_resource(bargain.owner)
    body = authorisation_body(bargain.operator, resource_id)
    headers = {"Idempotency-Key": str(new_id())}
    offered = (await both_sides["owner"].post("/v1/authorisations", json=body, headers=headers)).json()
    path = f"/v1/authorisations/{offered['id']}/acceptance"
    await granted(offered["id"], bargain.operator)
    refused = await both_sides["operator"].post(path, json=STEP)
    assert refused_for_two_sides(refused, bargain.operator.organisation_id)
    assert (await bargain.operator.post(path, STEP, status=200))["status"] == "active"


async def test_nobody_grants_or_accepts_what_they_consented_to_or_granted(
    app: Litestar, sessions: SessionMaker, bargain: Bargain
) -> None:
    """One person with an account in the source agency, in the authorising body and at the operator."""
    body = bargain.operator.authorising_body
    assert body is not None
    address = f"{secrets.token_hex(6)}@people.example"
    sides = {}
    for party, kind in (
        (bargain.owner, OrganisationKind.OWNER),
        (body, OrganisationKind.AUTHORISING_BODY),
        (bargain.operator, OrganisationKind.OPERATOR),
    ):
        sides[kind] = await account(app, sessions, party.organisation_id, ROLES[kind], address)
    resource_id = await held_resource(bargain.owner)
    proposal = authorisation_body(bargain.operator, resource_id)

    async def step(kind: OrganisationKind, path: str) -> httpx.Response:
        return await sides[kind].post(f"/v1/authorisations/{offered['id']}/{path}", json=STEP)

    offered = await bargain.owner.post("/v1/authorisations", proposal)
    assert (await step(OrganisationKind.AUTHORISING_BODY, "grant")).json()["status"] == "granted"
    refused = await step(OrganisationKind.OPERATOR, "acceptance")
    assert refused_for_two_sides(refused, bargain.operator.organisation_id)
    # What the body proposes is not consented to by the same person either.
    offered = await body.post("/v1/authorisations", proposal)
    assert offered["status"] == "offered"
    assert (await step(OrganisationKind.OWNER, "consent")).json()["status"] == "consented"
    refused = await step(OrganisationKind.AUTHORISING_BODY, "grant")
    assert refused_for_two_sides(refused, body.organisation_id)
    for http in sides.values():
        await http.aclose()
