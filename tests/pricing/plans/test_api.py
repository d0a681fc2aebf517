"""Price plans over HTTP, as the people who use them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.guards import CSRF_HEADER
from infra.identity.credentials import hash_password
from infra.identity.tables import Membership, Organisation, Person
from infra.organisation_status import OrganisationStatus

CALLS = {"model": "per_unit", "metric": "calls", "unit_price": "0.050", "allowance": 100}
ROWS = {"model": "per_unit", "metric": "rows", "unit_price": "0.0003"}
PLAN = {"name_en": "Standard", "name_zh": "标准方案", "currency": "CNY", "charges": [CALLS, ROWS]}
PASSWORD = "four words make a password"

SignIn = Callable[[OrganisationKind, Role], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def as_member(app: Litestar, sessions: SessionMaker) -> AsyncIterator[SignIn]:
    """Signs in a fresh person of a fresh organisation over HTTP."""
    async with AsyncExitStack() as stack:

        async def sign_in(kind: OrganisationKind, role: Role) -> httpx.AsyncClient:
            email = f"{uuid4().hex}@harbour.example"
            await a_person(sessions, email, kind, role)
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
                base_url="http://market.test",
            )
            await stack.enter_async_context(client)
            answer = await client.post("/v1/session", json={"email": email, "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            client.headers[CSRF_HEADER] = answer.json()["csrf_token"]
            return client

        yield sign_in


async def a_person(sessions: SessionMaker, email: str, kind: OrganisationKind, role: Role) -> None:
    moment = datetime.now(UTC)
    organisation = Organisation(
        kind=kind,
        name_en="Harbour Data",
        status=OrganisationStatus.VERIFIED,
        registered_by=uuid4(),
        registered_at=moment,
    )
    person = Person(
        email=email,
        name="Li",
        password_hash=hash_password(PASSWORD),
        created_at=moment,
        password_changed_at=moment,
    )
    async with transaction(sessions) as session:
        session.add_all([organisation, person])
        await session.flush()
        session.add(
            Membership(
                person_id=person.id, organisation_id=organisation.id, roles=[role.value], created_at=moment
            )
        )


@pytest.fixture
async def operator(as_member: SignIn) -> httpx.AsyncClient:
    """Somebody who works for an operator."""
    return await as_member(OrganisationKind.OPERATOR, Role.DATA_OPERATOR)


async def test_an_operator_creates_reads_and_lists_a_plan(operator: httpx.AsyncClient) -> None:
    made = await operator.post("/v1/price-plans", json=PLAN)
    assert made.status_code == 201, made.text
    plan = made.json()
    assert plan["charges"] == [CALLS, {**ROWS, "allowance": 0}]
    assert (plan["currency"], plan["name_zh"], plan["supersedes"]) == ("CNY", "标准方案", None)
    assert (await operator.get(f"/v1/price-plans/{plan['id']}")).json() == plan
    assert (await operator.get("/v1/price-plans")).json() == {"items": [plan], "next_cursor": None}


async def test_a_new_version_supersedes_the_old_one_once(operator: httpx.AsyncClient) -> None:
    first = (await operator.post("/v1/price-plans", json=PLAN)).json()
    newer = {**PLAN, "supersedes": first["id"]}
    assert (await operator.post("/v1/price-plans", json=newer)).json()["supersedes"] == first["id"]
    again = await operator.post("/v1/price-plans", json=newer)
    assert again.status_code == 409
    assert again.json()["type"] == "urn:data-market:problem:price-plan-already-superseded"
    unknown = await operator.post("/v1/price-plans", json={**PLAN, "supersedes": str(uuid4())})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"charges": [{**CALLS, "unit_price": "-1"}]}, "charges.0.unit_price"),
        ({"charges": [{**CALLS, "unit_price": "0.000000001"}]}, "charges.0.unit_price"),
        ({"charges": [{**CALLS, "unit_price": 0.05}]}, "unit_price"),
        ({"charges": [{**CALLS, "metric": "pages"}]}, "metric"),
        ({"charges": [CALLS, CALLS]}, "charges.1"),
        ({"charges": [ROWS, {"model": "flat", "amount": "1", "allowance": 5}]}, "allowance"),
        ({"charges": [{"model": "per_unit", "unit_price": "1", "allowance": 5}]}, "metric"),
        ({"charges": [{**CALLS, "allowance": True}]}, "allowance"),
        ({"charges": [{"model": "graduated"}]}, "charges.0"),
        ({"charges": []}, "charges"),
        ({"currency": "RMB"}, "currency"),
        ({"colour": "red"}, "colour"),
        ({"name_en": None, "name_zh": None}, "name_zh"),
        ({"name_en": "a\u0000b"}, "name_en"),
    ],
)
async def test_a_bad_plan_is_refused_with_its_place(
    operator: httpx.AsyncClient, change: dict[str, Any], place: str
) -> None:
    answer = await operator.post("/v1/price-plans", json={**PLAN, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert place in answer.json()["detail"]
    assert answer.json()["errors"]
    assert (await operator.get("/v1/price-plans")).json()["items"] == []


async def test_others_see_nothing_and_the_regulator_everything(
    operator: httpx.AsyncClient, as_member: SignIn
) -> None:
    plan = (await operator.post("/v1/price-plans", json=PLAN)).json()
    rival = await as_member(OrganisationKind.OPERATOR, Role.DATA_OPERATOR)
    assert (await rival.get(f"/v1/price-plans/{plan['id']}")).status_code == 404
    assert (await rival.get("/v1/price-plans")).json()["items"] == []
    regulator = await as_member(OrganisationKind.REGULATOR, Role.REGULATOR_OFFICER)
    assert (await regulator.get(f"/v1/price-plans/{plan['id']}")).json() == plan
    assert (await regulator.post("/v1/price-plans", json=PLAN)).status_code == 403
    authority = await as_member(OrganisationKind.PRICE_AUTHORITY, Role.PRICE_OFFICER)
    assert (await authority.get(f"/v1/price-plans/{plan['id']}")).json() == plan
    assert (await authority.post("/v1/price-plans", json=PLAN)).status_code == 403


async def test_a_buyer_has_no_business_here(as_member: SignIn, client: httpx.AsyncClient) -> None:
    buyer = await as_member(OrganisationKind.BUYER, Role.BUYER)
    assert (await buyer.get("/v1/price-plans")).status_code == 403
    assert (await buyer.post("/v1/price-plans", json=PLAN)).status_code == 403
    assert (await client.get("/v1/price-plans")).status_code == 401
