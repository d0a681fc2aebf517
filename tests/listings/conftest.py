"""Owners, operators, buyers and regulators as programs with real tokens, and what they put on the market."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlmodel import col, select

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.identity import clients
from infra.identity import service as identity
from infra.identity.states import OrganisationStatus
from quality import service as quality
from quality.checks import Check, CheckResult
from quality.tables import QualityRun

EVIDENCE = "e" * 64
ROLES = {
    OrganisationKind.BUYER: Role.BUYER,
    OrganisationKind.OPERATOR: Role.DATA_OPERATOR,
    OrganisationKind.OWNER: Role.DATA_OWNER,
    OrganisationKind.REGULATOR: Role.REGULATOR_OFFICER,
}


@dataclass(frozen=True, slots=True)
class Party:
    """A program of an organisation of its own, with its token."""

    organisation_id: UUID
    http: httpx.AsyncClient
    sessions: SessionMaker

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        status: int,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Send JSON with a fresh idempotency key, and take the answer of exactly this status."""
        headers = {"Idempotency-Key": key or str(new_id())}
        answer = await self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def get(self, path: str, *, status: int = 200) -> dict[str, Any]:
        """Read, and take the answer of exactly this status."""
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, status: int = 201
    ) -> dict[str, Any]:
        """Send, and take the answer of exactly this status."""
        return await self.call("POST", path, body, status=status)

    async def put(self, path: str, body: dict[str, Any], *, status: int = 200) -> dict[str, Any]:
        """Replace, and take the answer of exactly this status."""
        return await self.call("PUT", path, body, status=status)


PartyMaker = Callable[..., Awaitable[Party]]


@pytest.fixture
async def party(app: Litestar, sessions: SessionMaker) -> AsyncIterator[PartyMaker]:
    """Makes a party of a kind, verified unless told otherwise; committed."""
    opened: list[httpx.AsyncClient] = []

    async def make(kind: OrganisationKind, *, verified: bool = True) -> Party:
        async with transaction(sessions) as session:
            organisation = await identity.register(
                session, SYSTEM, kind=kind, name_zh=f"测试{kind}", name_en=f"Test {kind}", credit_code=None
            )
            if verified:
                await identity.change_status(session, SYSTEM, organisation, OrganisationStatus.VERIFIED, None)
            client, secret = await clients.create(
                session, SYSTEM, organisation.id, name="test", roles=[ROLES[kind]]
            )
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        http = httpx.AsyncClient(transport=transport, base_url="http://market.test")
        opened.append(http)
        basic = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {basic}"},
        )
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return Party(organisation.id, http, sessions)

    yield make
    for http in opened:
        await http.aclose()


@pytest.fixture
async def owner(party: PartyMaker) -> Party:
    """A verified data owner."""
    return await party(OrganisationKind.OWNER)


@pytest.fixture
async def operator(party: PartyMaker) -> Party:
    """A verified operator."""
    return await party(OrganisationKind.OPERATOR)


@pytest.fixture
async def buyer(party: PartyMaker) -> Party:
    """A verified buyer."""
    return await party(OrganisationKind.BUYER)


@pytest.fixture
async def regulator(party: PartyMaker) -> Party:
    """A regulator."""
    return await party(OrganisationKind.REGULATOR)


def resource_body(**changes: Any) -> dict[str, Any]:
    """A resource to register."""
    return {
        "title_zh": "城市空气质量监测站小时数据",
        "title_en": "Hourly data of urban air quality stations",
        "description_zh": "各监测站逐小时污染物浓度。",
        "description_en": "Hourly concentrations by station.",
        "domain": "environment",
        "update_frequency": "hourly",
        "classification": "GENERAL",
        "personal_information": False,
    } | changes


def right_body(**changes: Any) -> dict[str, Any]:
    """A right to hold without end."""
    return {
        "kind": "HOLD",
        "basis": "statutory_duty",
        "legal_basis": "环境保护法第十七条",
        "evidence_sha256": EVIDENCE,
        "evidence_description": "Statement of duties",
        "valid_from": "2020-01-01T00:00:00Z",
    } | changes


def authorisation_body(operator: Party, *resource_ids: str, **changes: Any) -> dict[str, Any]:
    """An authorisation for three years."""
    return {
        "operator_id": str(operator.organisation_id),
        "resource_ids": list(resource_ids),
        "scenarios": ["environmental_services"],
        "regions": ["310000"],
        "purposes": ["industry", "public_welfare"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2029-01-01T00:00:00Z",
        "exclusive": False,
        "consideration": "revenue_share",
        "shares": {"owner": 5000, "operator": 4000, "platform": 1000},
    } | changes


async def held_resource(owner: Party, **changes: Any) -> str:
    """Id of a resource that its owner has the right to hold."""
    resource = await owner.post("/v1/resources", resource_body(**changes))
    await owner.post(f"/v1/resources/{resource['id']}/rights", right_body())
    return str(resource["id"])


async def active_authorisation(owner: Party, operator: Party, resource_id: str, **changes: Any) -> str:
    """Id of an authorisation the operator has accepted."""
    offered = await owner.post("/v1/authorisations", authorisation_body(operator, resource_id, **changes))
    await operator.post(f"/v1/authorisations/{offered['id']}/acceptance", status=200)
    return str(offered["id"])


CSV = (
    "station,time,pm25,phone\n"
    + "".join(f"S{n % 7},2026-01-{n % 28 + 1:02d}T00:00:00Z,{n % 90}.5,1380000{n:04d}\n" for n in range(60))
).encode()


def product_body(authorisation_id: str, resource_id: str, **changes: Any) -> dict[str, Any]:
    """A product to make."""
    return {
        "authorisation_id": authorisation_id,
        "resource_id": resource_id,
        "title_zh": "城市环境空气质量小时监测",
        "title_en": "Urban air quality, hourly",
        "description_zh": "各站点 PM2.5 小时均值。",
        "description_en": "Hourly means of PM2.5 by station.",
        "themes": ["environment"],
        "update_frequency": "hourly",
    } | changes


def plan_body(**changes: Any) -> dict[str, Any]:
    """A price plan per call and per row, with a free allowance."""
    return {
        "name_en": "Per use",
        "currency": "CNY",
        "charges": [
            {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 100},
            {"model": "per_unit", "metric": "rows", "unit_price": "0.001"},
        ],
    } | changes


async def upload(
    party: Party, product_id: str, data: bytes = CSV, *, name: str = "air.csv", status: int = 201
) -> dict[str, Any]:
    """Send a file as the next revision."""
    answer = await party.http.post(
        f"/v1/products/{product_id}/revisions", params={"filename": name}, content=data
    )
    assert answer.status_code == status, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def draft(owner: Party, operator: Party, **changes: Any) -> dict[str, Any]:
    """A draft product on a resource and an authorisation of its own."""
    resource_id = await held_resource(owner)
    authorisation_id = await active_authorisation(owner, operator, resource_id)
    return await operator.post("/v1/products", product_body(authorisation_id, resource_id, **changes))


async def complete(owner: Party, operator: Party, *, data: bytes = CSV, **changes: Any) -> str:
    """Id of a draft product with a checked revision, a dictionary and a price plan."""
    product = await draft(owner, operator, **changes)
    path = f"/v1/products/{product['id']}"
    revision = await upload(operator, product["id"], data)
    await settle_quality(operator, revision["id"])
    await operator.put(
        f"{path}/dictionary",
        {"columns": [{"name": "phone", "title_zh": "电话", "title_en": "Telephone", "personal": True}]},
    )
    plan = await operator.post("/v1/price-plans", plan_body())
    await operator.put(f"{path}/price-plan", {"plan_id": plan["id"]})
    return str(product["id"])


async def submitted(owner: Party, operator: Party, **changes: Any) -> str:
    """Id of a product that waits for review."""
    product_id = await complete(owner, operator, **changes)
    await operator.post(f"/v1/products/{product_id}/submission", status=200)
    return product_id


async def published(owner: Party, operator: Party, regulator: Party, **changes: Any) -> str:
    """Id of a product on the market."""
    product_id = await submitted(owner, operator, **changes)
    await regulator.post(f"/v1/products/{product_id}/approval", {}, status=200)
    return product_id


async def settle_quality(party: Party, revision_id: str, *, passed: bool = True) -> None:
    """Conclude the queued quality run of a revision as the worker would, with results of our choosing."""
    async with transaction(party.sessions) as session:
        statement = select(QualityRun).where(col(QualityRun.revision_id) == UUID(revision_id))
        run = (await session.exec(statement)).one()
        assert await quality.begin(session, run.id) is not None
        checks = [Check.from_json(item) for item in run.checks]
        results = [CheckResult(check, 60, 60 if passed else 0) for check in checks]
        report = await quality.conclude(session, run.id, results, "made for a test")
        assert report is not None
        assert report.passed is passed
