"""Detected personal information contradicts a declaration before anything is shown, and every finding has a way out."""

from typing import Any

import httpx
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker
from listings.samples import jobs as sample_jobs
from tests.support.application import job_context
from tests.support.parties import Party, PartyMaker
from tests.support.products import assessment_body, draft, plan_body, settle_quality, upload

PEOPLE = (
    "station,contact,order_no\n"
    + "".join(f"S{n % 3},值班员{n} 1380013{n:04d},1390000{n:04d}\n" for n in range(60))
).encode()
CONTACT = {"column": "contact", "kind": "mobile_number"}
ORDER = {"column": "order_no", "kind": "mobile_number", "reason": "Order numbers begin with the series 139"}
REASON = {"reason": "The duty roster holds telephone numbers"}


async def ready(owner: Party, operator: Party, data: bytes = PEOPLE) -> tuple[str, str]:
    """A product with a price plan and this first file, checked; its id and the revision's."""
    product = await draft(owner, operator)
    revision = await upload(operator, product["id"], data)
    await settle_quality(operator, revision["id"])
    plan = await operator.post("/v1/price-plans", plan_body())
    await operator.put(f"/v1/products/{product['id']}/price-plan", {"plan_id": plan["id"]})
    return str(product["id"]), str(revision["id"])


def gap_codes(problem: dict[str, Any]) -> list[str]:
    return [gap["code"] for gap in problem["missing"]]


async def test_a_declaration_that_the_data_contradicts_stops_before_anything_is_shown(
    app: Litestar,
    sessions: SessionMaker,
    owner: Party,
    operator: Party,
    regulator: Party,
    buyer: Party,
    client: httpx.AsyncClient,
) -> None:
    product_id, revision_id = await ready(owner, operator)
    path, findings = f"/v1/products/{product_id}", f"/v1/products/{product_id}/content-findings"
    found = await operator.get(findings)
    assert [(one["column"], one["values"], one["examined"], one["status"]) for one in found["items"]] == [
        ("contact", 60, 60, "open"),
        ("order_no", 60, 60, "open"),
    ]
    problem = await operator.post(f"{path}/submission", status=409)
    assert gap_codes(problem) == ["personal_content"]
    assert "personal-columns" in problem["remedy"]
    # The owner masks what is personal; what is none is contested, and the regulator decides.
    await buyer.post(f"{path}/personal-columns", {"columns": ["contact"]}, status=403)
    await owner.post(f"{path}/personal-columns", {"columns": ["nothing"]}, status=422)
    await owner.post(f"{path}/personal-columns", {"columns": ["contact"]}, status=200)
    await owner.post(f"{path}/impact-assessments", assessment_body())
    assert gap_codes(await operator.post(f"{path}/submission", status=409)) == ["personal_content"]
    await operator.post(f"{findings}/contest", ORDER, status=200)
    await operator.post(f"{findings}/contest", ORDER, status=409)
    await operator.post(f"{path}/submission", status=200)
    # The reviewer sees the sample as everybody will, and what was detected.
    sample = await regulator.get(f"/v1/revisions/{revision_id}/sample")
    assert sample["masked"] == ["contact", "order_no"]
    assert sample["rows"][0] == {"station": "S0", "contact": "***", "order_no": "***"}
    assert sample["withheld"] is True
    assert [(one["status"], one["reason"]) for one in sample["findings"]] == [
        ("open", None),
        ("contested", ORDER["reason"]),
    ]
    assert gap_codes(await regulator.post(f"{path}/approval", {}, status=409)) == ["personal_content"]
    waiting = await regulator.get("/v1/content-findings/contested")
    assert product_id in [one["product_id"] for one in waiting["items"]]
    await operator.post(f"{findings}/acceptance", ORDER, status=403)
    await regulator.post(f"{findings}/acceptance", CONTACT | REASON, status=409)
    await regulator.post(f"{findings}/acceptance", ORDER | {"kind": "email"}, status=404)
    await regulator.post(f"{findings}/acceptance", ORDER, status=200)
    assert (await regulator.get(f"/v1/revisions/{revision_id}/sample"))["withheld"] is False
    await regulator.post(f"{path}/approval", {}, status=200)
    # What is shown by a milder rule is drawn anew by the worker; until then it stays masked.
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    assert page["sample"][0] == {"station": "S0", "contact": "***", "order_no": "***"}
    await sample_jobs.refresh(job_context(app, sessions), {"revision_id": revision_id})
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    assert page["sample"][0] == {"station": "S0", "contact": "***", "order_no": 13900000000}
    assert "138001" not in str(page)


async def test_a_new_revision_with_personal_information_is_not_served_until_it_is_settled(
    app: Litestar,
    sessions: SessionMaker,
    owner: Party,
    operator: Party,
    regulator: Party,
    party: PartyMaker,
    client: httpx.AsyncClient,
) -> None:
    clean = b"station,contact\n" + b"".join(f"S{n},desk {n}\n".encode() for n in range(30))
    product_id, _ = await ready(owner, operator, clean)
    path = f"/v1/products/{product_id}"
    await operator.post(f"{path}/submission", status=200)
    await regulator.post(f"{path}/approval", {}, status=200)

    async def shown() -> tuple[int, str]:
        page = (await client.get(f"/v1/catalogue/{product_id}")).json()
        return page["revision"]["number"], page["sample"][0]["contact"]

    late = clean + "S31,李四 13800138000\n".encode()
    revision = await upload(operator, product_id, late)
    assert "personal-content" in [notice["code"] for notice in revision["profile"]["notices"]]
    await settle_quality(operator, revision["id"])
    assert await shown() == (1, "desk 0")
    outside = await party(OrganisationKind.BUYER)
    await outside.get(f"/v1/revisions/{revision['id']}/quality-report", status=404)
    finding = CONTACT | {"reason": "A desk of ours"}
    await operator.post(f"{path}/content-findings/contest", finding, status=200)
    await regulator.post(f"{path}/content-findings/rejection", finding, status=200)
    assert await shown() == (1, "desk 0")
    await operator.post(f"{path}/content-findings/contest", finding, status=200)
    await regulator.post(f"{path}/content-findings/acceptance", finding, status=200)
    assert await shown() == (2, "***"), "until the worker has drawn it anew"
    await sample_jobs.refresh(job_context(app, sessions), {"revision_id": revision["id"]})
    assert await shown() == (2, "desk 0")
    await regulator.post(f"{path}/content-findings/rejection", finding, status=200)
    assert await shown() == (1, "desk 0")
    await owner.post(f"{path}/personal-columns", {"columns": ["contact"]}, status=200)
    assert await shown() == (2, "***")


async def test_the_owner_may_correct_the_declaration_of_the_resource(owner: Party, operator: Party) -> None:
    product_id, revision_id = await ready(owner, operator)
    product = await operator.get(f"/v1/products/{product_id}")
    correction = f"/v1/resources/{product['resource_id']}/personal-information"
    await operator.post(correction, REASON, status=403)
    assert (await owner.post(correction, REASON, status=200))["personal_information"] is True
    sample = await owner.get(f"/v1/revisions/{revision_id}/sample")
    assert (sample["withheld"], sample["masked"]) == (False, ["station", "contact", "order_no"])
    problem = await operator.post(f"/v1/products/{product_id}/submission", status=409)
    assert gap_codes(problem) == ["dictionary", "impact_assessment"], (
        "which columns are personal is to be said"
    )
    await owner.post(f"/v1/products/{product_id}/impact-assessments", assessment_body())
    await operator.post(f"/v1/products/{product_id}/personal-columns", {"columns": ["contact"]}, status=200)
    await operator.post(f"/v1/products/{product_id}/submission", status=200)
