"""Steps 1 to 6: the parties come in, and a file becomes a published, priced, measured and sampled product."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

from listings.registrations.domain import CONTENT
from market.demo.desk import Desk, StepFailed, expect
from market.demo.parties import PARTIES, bring_in, second_officer
from market.demo.state import CALLS, Trade

QUALITY_SECONDS = 120
_CHUNK = 1 << 18


async def parties(trade: Trade) -> list[str]:
    """Step 1: six parties come in, and the buyer's program."""
    admin = await Desk.sign_in(trade.connect, trade.admin)
    if admin.second_factor == "enrolment_required":
        await admin.leave()
        raise StepFailed(
            f"{trade.admin.email} needs a second factor and has none: enrol an authenticator app"
            " (POST /v1/session/second-factor/enrolment, then /v1/session/second-factor/confirmation), and put its next"
            " code, or a recovery code, into MARKET_ADMIN_CODE."
        )
    try:
        officer = trade.desks["officer"] = await second_officer(admin, trade.connect, trade.mark)
        for party in PARTIES:
            verifier = admin if party.kind in {"authorising_body", "platform", "regulator"} else officer
            trade.desks[party.desk] = await bring_in(officer, verifier, trade.connect, party, trade.mark)
        noticed = await _without_notice(admin, officer)
    finally:
        await admin.leave()
    buyer = trade.desks["buyer"]
    client = await buyer.post(
        f"/v1/organisations/{buyer.organisation_id}/clients", {"name": "Buyer's program", "roles": ["buyer"]}
    )
    trade.made["program"] = {"client_id": client["id"], "client_secret": client["client_secret"]}
    token = await program_token(trade)
    return [
        f"{len(PARTIES)} organisations verified on evidence, their people signed in with sessions of their own",
        f"the buyer's program holds an OAuth 2 token (client credentials, {token['expires_in'] // 60} minutes)",
        *noticed,
    ]


_NOTICE = "registration.initial_notice_days"


async def _without_notice(admin: Desk, officer: Desk) -> list[str]:
    """Let what is registered first need no public notice: the demo does not wait for ten working days."""
    rules = (await admin.get("/v1/rulebook"))["items"]
    days = next(rule["value"] for rule in rules if rule["key"] == _NOTICE)
    if days == 0:
        return []
    proposal = await admin.post(
        f"/v1/rulebook/{_NOTICE}/proposals",
        {
            "value": 0,
            "source": "For the demo, which does not wait for the public notice 演示不等待公示",
            "source_status": "house",
        },
    )
    await officer.post(f"/v1/rulebook/proposals/{proposal['id']}/approval", {"reason": "For the demo 演示"})
    return [
        f"for the demo two officers set the public notice of a first registration from {days} working days to 0"
    ]


async def program_token(trade: Trade) -> Any:
    """A fresh access token of the buyer's program, as /oauth/token answered it."""
    program = trade.made["program"]
    async with trade.connect() as http:
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(program["client_id"], program["client_secret"]),
        )
        return expect(answer)


async def authority(trade: Trade) -> list[str]:
    """Step 2: resource, right, authorisation by three sides."""
    owner, body, operator = (trade.desks[name] for name in ("owner", "authority", "operator"))
    zh, en = trade.titles
    resource = await owner.post(
        "/v1/resources",
        {
            "title_zh": zh,
            "title_en": en,
            "description_zh": f"{zh}，由示范市数据局依法持有。",
            "description_en": f"{en}, held by the Demo City Data Bureau by law.",
            "domain": "environment",
            "update_frequency": "daily",
            "classification": "GENERAL",
            "personal_information": False,
        },
    )
    trade.made["resource_id"] = resource["id"]
    code = trade.made["registration_code"] = await register(owner, trade.desks["regulator"], resource)
    start = datetime.now(UTC)
    await record_right(owner, resource["id"])
    authorisation = await owner.post(
        "/v1/authorisations",
        {
            "authorising_body_id": body.organisation_id,
            "operator_id": operator.organisation_id,
            "resource_ids": [resource["id"]],
            "mode": "by_scenario",
            "scenarios": ["environmental_services", "urban_governance"],
            "regions": ["310000"],
            "purposes": ["industry", "public_welfare"],
            "valid_from": (start + timedelta(seconds=1)).isoformat(),
            "valid_until": (start + timedelta(days=3 * 365)).isoformat(),
            "exclusive": True,
            "consideration": "revenue_share",
            "shares": {"owner": 5500, "operator": 3500, "platform": 1000},
            "legal_basis": "Implementation plan for authorised operation 公共数据授权运营实施方案",
            "document_sha256": sha256(b"implementation plan").hexdigest(),
        },
    )
    trade.made["authorisation_id"] = authorisation["id"]
    path = f"/v1/authorisations/{authorisation['id']}"
    await body.post(
        f"{path}/grant",
        {
            "legal_basis": "Minutes of the collective decision 三重一大集体决策会议纪要",
            "document_sha256": sha256(b"minutes").hexdigest(),
        },
    )
    accepted = await operator.post(
        f"{path}/acceptance",
        {
            "legal_basis": "Agreement on authorised operation 公共数据授权运营协议",
            "document_sha256": sha256(b"agreement").hexdigest(),
        },
    )
    # Its term begins a second after it was offered.
    await asyncio.sleep(max(0.0, 1.05 - (datetime.now(UTC) - start).total_seconds()))
    return [
        f"resource applied for, accepted, examined and registered under {code}, which anybody can look up",
        "the right to hold it (数据持有权) recorded with its legal basis and evidence",
        "the owner consents 来源部门同意, the authorising body grants 授权主体授予, the operator accepts 运营机构接受",
        (
            f"operator authorised and {accepted['status']}: two scenarios, two purposes, three years, "
            "revenue split 55 / 35 / 10"
        ),
    ]


async def register(owner: Desk, regulator: Desk, resource: dict[str, Any]) -> str:
    """Have a resource registered as it was drafted; answers its code."""
    application = await owner.post(
        f"/v1/resources/{resource['id']}/registration-applications",
        {
            "kind": "initial",
            "content": {name: resource[name] for name in CONTENT}
            | {
                "source_statement": "Collected in the exercise of a statutory duty 依法履职采集",
                "responsible_department": "数据资源处 Data resources",
                "responsible_person": "李明",
            },
            "reason": "To be operated under authorisation 拟授权运营",
        },
    )
    path = f"/v1/registration-applications/{application['id']}"
    await regulator.post(f"{path}/acceptance", {"reason": "Complete 材料齐全"})
    done = await regulator.post(f"{path}/approval", {"reason": "In form, source stated 形式审核通过"})
    return str(done["registration_code"])


async def record_right(owner: Desk, resource_id: str) -> None:
    """Record that its owner holds a resource, since yesterday and without end."""
    await owner.post(
        f"/v1/resources/{resource_id}/rights",
        {
            "kind": "HOLD",
            "basis": "statutory_duty",
            "legal_basis": "Collected in the exercise of a statutory duty 依法履职采集",
            "evidence_sha256": sha256(b"demo evidence").hexdigest(),
            "evidence_description": "Order that entrusts the bureau with the collection",
            "valid_from": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
        },
    )


async def upload(trade: Trade) -> list[str]:
    """Step 3: a product, and the file as its first revision."""
    owner, operator = trade.desks["owner"], trade.desks["operator"]
    zh, en = trade.titles
    product = await operator.post(
        "/v1/products",
        {
            "authorisation_id": trade.made["authorisation_id"],
            "resource_id": trade.made["resource_id"],
            "title_zh": zh,
            "title_en": en,
            "description_zh": f"{zh}，按次按行计费，附质量报告。",
            "description_en": f"{en}, charged per call and per row, with a quality report.",
            "themes": ["environment"],
            "update_frequency": "daily",
        },
    )
    trade.made["product_id"] = product["id"]
    revision = await owner.send(
        f"/v1/products/{product['id']}/revisions",
        _chunks(trade.file),
        media_type="application/octet-stream",
        filename=trade.file.name,
    )
    trade.made["revision_id"] = revision["id"]
    trade.columns = [column["name"] for column in revision["columns"]]
    trade.rows = revision["rows"]
    trade.page = max(1, min(50, trade.rows // CALLS))
    kinds = [f"{column['name']} {column['kind']}" for column in revision["columns"]]
    return [
        (
            f"{trade.file.name}: {trade.rows:,} rows, {len(kinds)} columns, Parquet {revision['bytes']:,} bytes, "
            f"SHA-256 {revision['sha256'][:16]}…"
        ),
        "schema: " + ", ".join(kinds[:6]) + (f" and {len(kinds) - 6} more" if len(kinds) > 6 else ""),
    ]


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


async def quality(trade: Trade) -> list[str]:
    """Step 4: wait for the worker's report."""
    operator, revision_id = trade.desks["operator"], trade.made["revision_id"]
    started = monotonic()
    while True:
        revision = await operator.get(f"/v1/revisions/{revision_id}")
        if revision["quality"] != "checking":
            break
        if monotonic() - started > QUALITY_SECONDS:
            raise StepFailed("The worker has not checked the revision; does it run?")
        await asyncio.sleep(0.1)
    if revision["quality"] == "error":
        raise StepFailed("The quality check could not be carried out; see the worker's log.")
    report = await operator.get(f"/v1/revisions/{revision_id}/quality-report")
    checks = report["checks"]
    found = [check for check in checks if check["status"] == "failed"]
    return [
        f"Great Expectations ran {len(checks)} checks in the worker: score {report['score']}, grade {report['grade']}",
        f"{len(found)} of them failed" + (f", first: {found[0]['sentence_en']}" if found else ""),
    ]


async def price(trade: Trade) -> list[str]:
    """Step 5: a price plan."""
    operator = trade.desks["operator"]
    plan = await operator.post(
        "/v1/price-plans",
        {
            "name_zh": "按次按行计费",
            "name_en": "Per call and per row",
            "currency": "CNY",
            "charges": [
                {"model": "per_unit", "metric": "calls", "unit_price": "0.50", "allowance": 5},
                {"model": "per_unit", "metric": "rows", "unit_price": "0.035", "allowance": 10},
            ],
        },
    )
    trade.made["plan_id"] = plan["id"]
    await operator.put(f"/v1/products/{trade.made['product_id']}/price-plan", {"plan_id": plan["id"]})
    return ["¥0.50 a call after 5 free ones, ¥0.035 a row after 10 free ones"]


async def publish(trade: Trade) -> list[str]:
    """Step 6: a sample by two, four eyes, then publication."""
    owner, operator, regulator = (trade.desks[name] for name in ("owner", "operator", "regulator"))
    product = f"/v1/products/{trade.made['product_id']}"
    drawn = await operator.post(
        f"/v1/revisions/{trade.made['revision_id']}/samples",
        {"method": "stratified", "by": trade.columns[0], "count": 20, "seed": 1},
    )
    sample = await owner.post(f"/v1/samples/{drawn['id']}/approval", {"reason": "A fair sample 样例适当"})
    await operator.post(f"{product}/submission")
    try:
        await operator.post(f"{product}/approval", {})
        raise StepFailed("The operator approved its own product.")
    except StepFailed as refused:
        if " 403 " not in str(refused):
            raise
    approved = await regulator.post(f"{product}/approval", {"note": "Rights, authorisation and quality seen"})
    return [
        (
            f"a sample of {len(sample['rows'])} rows spread over {trade.columns[0]}, drawn by the operator "
            "and approved by the owner"
        ),
        "the operator cannot approve its own product (403)",
        f"the regulator approves: the product is {approved['status']}",
    ]
