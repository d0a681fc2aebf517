"""What owners and operators put on the market: bodies to send, and the steps to a published product."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select

from infra.auth import Actor, OrganisationKind, Role
from infra.db import AsyncSession, new_id, transaction
from infra.organisation_status import OrganisationStatus
from listings.registrations import review
from listings.registrations import service as registrations
from listings.registrations.domain import RegistrationKind
from quality.checks import WHOLE, Check, CheckResult, Measured
from quality.runs import service as quality
from quality.runs.states import RunStatus
from quality.runs.tables import QualityRun
from tests.support.parties import Party

EVIDENCE = "e" * 64


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
    """An authorisation for three years, of the authorising body that the operator's test has."""
    return {
        "authorising_body_id": str((operator.authorising_body or operator).organisation_id),
        "operator_id": str(operator.organisation_id),
        "resource_ids": list(resource_ids),
        "mode": "by_scenario",
        "scenarios": ["environmental_services"],
        "regions": ["310000"],
        "purposes": ["industry", "public_welfare"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2029-01-01T00:00:00Z",
        "exclusive": False,
        "consideration": "revenue_share",
        "shares": {"owner": 5000, "operator": 4000, "platform": 1000},
        "legal_basis": "示范市公共数据授权运营管理办法第八条",
    } | changes


STEP = {"legal_basis": "公共数据资源授权运营实施规范（试行）", "document_sha256": "d" * 64}
"""What a side signs an authorisation with."""


async def granted(authorisation_id: str, operator: Party) -> None:
    """Have the authorising body grant what the source agencies have consented to."""
    assert operator.authorising_body is not None
    await operator.authorising_body.post(f"/v1/authorisations/{authorisation_id}/grant", STEP, status=200)


def registration_content(**changes: Any) -> dict[str, Any]:
    """What is registered of such a resource."""
    return (
        resource_body()
        | {
            "source_statement": "依法履职采集 Collected in the exercise of a statutory duty",
            "responsible_department": "数据资源处",
            "responsible_person": "张三",
        }
        | changes
    )


async def registered(owner: Party, resource_id: str, **changes: Any) -> str:
    """Register a resource as two people do over HTTP, in one transaction; answers its code."""
    applicant = Actor(
        "program",
        new_id(),
        owner.organisation_id,
        OrganisationKind.OWNER,
        frozenset({Role.DATA_OWNER}),
        OrganisationStatus.VERIFIED,
    )
    async with transaction(owner.sessions) as session:
        return await register(session, applicant, UUID(resource_id), **changes)


async def register(session: AsyncSession, applicant: Actor, resource_id: UUID, **changes: Any) -> str:
    """Register a resource of the applicant's, a person of another organisation deciding; answers its code."""
    officer = Actor(
        "person",
        new_id(),
        new_id(),
        OrganisationKind.REGULATOR,
        frozenset({Role.REGULATOR_OFFICER}),
        OrganisationStatus.VERIFIED,
    )
    application = await registrations.apply(
        session,
        applicant,
        resource_id,
        kind=RegistrationKind.INITIAL,
        content=registration_content(**changes),
        reason="First registration",
    )
    await review.accept(session, officer, application.id, "Complete")
    await review.approve(session, officer, application.id, "In form")
    return (await registrations.get_history(session, application)).code or ""


async def held_resource(owner: Party, **changes: Any) -> str:
    """Id of a registered resource that its owner has the right to hold."""
    resource = await owner.post("/v1/resources", resource_body(**changes))
    changes.pop("risk_assessment_sha256", None)
    await registered(owner, resource["id"], **changes)
    await owner.post(f"/v1/resources/{resource['id']}/rights", right_body())
    return str(resource["id"])


async def active_authorisation(owner: Party, operator: Party, resource_id: str, **changes: Any) -> str:
    """Id of an authorisation that all three sides have signed."""
    offered = await owner.post("/v1/authorisations", authorisation_body(operator, resource_id, **changes))
    await granted(offered["id"], operator)
    await operator.post(f"/v1/authorisations/{offered['id']}/acceptance", STEP, status=200)
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


def assessment_body(*grounds: str, **changes: Any) -> dict[str, Any]:
    """An impact assessment to file, valid for three years."""
    return {
        "grounds": list(grounds) or ["provision"],
        "sha256": EVIDENCE,
        "note": "Assessed by the data protection officer: risks small, measures suffice",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2029-01-01T00:00:00Z",
    } | changes


async def complete(owner: Party, operator: Party, *, data: bytes = CSV, **changes: Any) -> str:
    """Id of a draft product with a checked revision, a dictionary, an impact assessment and a price plan."""
    product = await draft(owner, operator, **changes)
    path = f"/v1/products/{product['id']}"
    revision = await upload(operator, product["id"], data)
    await settle_quality(operator, revision["id"])
    await operator.put(
        f"{path}/dictionary",
        {"columns": [{"name": "phone", "title_zh": "电话", "title_en": "Telephone", "personal": True}]},
    )
    await operator.post(f"{path}/impact-assessments", assessment_body())
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
    """Complete the queued quality run of a revision as the worker would, with results of our choosing."""
    async with transaction(party.sessions) as session:
        statement = select(QualityRun).where(
            col(QualityRun.revision_id) == UUID(revision_id),
            col(QualityRun.status) == RunStatus.QUEUED,
            ~col(QualityRun.trial),
        )
        run = (await session.exec(statement)).one()
        assert await quality.start_run(session, run.id) is not None
        checks = [Check.from_json(item) for item in run.checks]
        rows = max([60, *(int(check.arguments.get("expected") or 0) for check in checks)])
        counts = [1 if check.type in WHOLE else rows for check in checks]
        results = [
            CheckResult(check, count, count if passed else 0)
            for check, count in zip(checks, counts, strict=True)
        ]
        measured = Measured(tuple(results), rows=rows, repeated=0)
        report = await quality.complete_run(session, run.id, measured, "made for a test")
        assert report is not None
        assert report.passed is passed
