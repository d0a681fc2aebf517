"""The links above a product: authorisations, registrations, rights, rules, each with its ways back and out."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from listings.registrations.domain import CONTENT
from market.demo.desk import Desk, expect
from market.demo.listing_steps import record_right, register
from market.demo.state import Trade
from tests.reference.acting import REASON


async def authorisations(trade: Trade) -> None:
    owner, operator, regulator = trade.desks["owner"], trade.desks["operator"], trade.desks["regulator"]
    body = trade.desks["authority"]
    granted = await owner.get(f"/v1/authorisations/{trade.made['authorisation_id']}")
    await owner.get(f"/v1/authorisations/{trade.made['authorisation_id']}/decisions")
    resource = await owner.get(f"/v1/resources/{trade.made['resource_id']}")
    fields = ("title_zh", "title_en", "description_zh", "description_en", "domain", "update_frequency")
    other = await owner.post(
        "/v1/resources",
        {name: resource[name] for name in fields}
        | {"classification": "GENERAL", "personal_information": False},
    )
    await register(owner, regulator, other)
    trade.made["other_resource_id"] = other["id"]
    now = datetime.now(UTC)
    await record_right(owner, other["id"])

    async def offer(by: Desk = owner) -> str:
        proposal = {
            "authorising_body_id": body.organisation_id,
            "operator_id": operator.organisation_id,
            "resource_ids": [other["id"]],
            "mode": "by_scenario",
            "scenarios": ["environmental_services"],
            "purposes": ["industry"],
            "valid_from": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
            "valid_until": (now + timedelta(days=365)).isoformat(),
            "exclusive": False,
            "consideration": "revenue_share",
            "shares": {"owner": 5500, "operator": 3500, "platform": 1000},
            "legal_basis": "Implementation plan for authorised operation 公共数据授权运营实施方案",
        }
        return str((await by.post("/v1/authorisations", proposal))["id"])

    assert granted
    await operator.post(f"/v1/authorisations/{await offer()}/refusal", REASON)
    active = f"/v1/authorisations/{await offer(body)}"
    step = {
        "legal_basis": "Minutes of the decision 会议纪要",
        "document_sha256": sha256(b"minutes").hexdigest(),
    }
    await owner.post(f"{active}/consent", step)
    await body.post(f"{active}/grant", step)
    await operator.post(f"{active}/acceptance", step)
    for regions in (["310000"], ["320000"]):
        changes = {"regions": regions}
        shown = await owner.post(f"{active}/amendment-previews", changes)
        proposal = (
            changes
            | REASON
            | {"preview_digest": shown["digest"], "legal_basis": "Revised plan 修订后的实施方案"}
        )
        amendment = f"{active}/amendments/{(await owner.post(f'{active}/amendments', proposal))['id']}"
        if regions == ["320000"]:
            await operator.post(f"{amendment}/refusal", REASON)
            break
        for side in (owner, body, operator):
            await side.post(f"{amendment}/signature", step)
    await owner.get(f"{active}/amendments")
    await owner.get(amendment)
    await owner.get(f"{active}/versions")
    await regulator.post(f"{active}/suspension", REASON)
    await regulator.post(f"{active}/reinstatement", REASON)
    await owner.post(f"{active}/revocation", REASON)


async def registrations(trade: Trade) -> None:
    """A change that is returned, mended, announced, objected to and withdrawn; a refusal; and a cancellation."""
    owner, regulator, buyer = trade.desks["owner"], trade.desks["regulator"], trade.desks["buyer"]
    resource = f"/v1/resources/{trade.made['other_resource_id']}"
    drafted = await owner.get(resource)
    content = {name: drafted[name] for name in CONTENT} | {"update_frequency": "hourly"}
    body = {"kind": "change", "content": content, **REASON}

    async def applied() -> str:
        return str((await owner.post(f"{resource}/registration-applications", body))["id"])

    change = await applied()
    application = f"/v1/registration-applications/{change}"
    await regulator.post(f"{application}/return", REASON)
    await owner.post(f"{application}/resubmission", {"content": content, **REASON})
    await regulator.post(f"{application}/acceptance", REASON)
    await regulator.post(f"{application}/approval", REASON)
    notice = f"/v1/registration-notices/{change}"
    objection = await buyer.post(
        f"{notice}/objections",
        {"reasons": "The station is ours", "evidence_sha256": sha256(b"objection").hexdigest()},
    )
    async with trade.connect() as http:
        expect(await http.get("/v1/registration-notices"))
        expect(await http.get(notice))
        expect(await http.get(f"/v1/registrations/{trade.made['registration_code']}"))
    await regulator.post(
        f"/v1/registration-objections/{objection['id']}/answer", {"decision": "dismissed", **REASON}
    )
    await buyer.get(f"{notice}/objections")
    await owner.post(f"{application}/withdrawal", REASON)
    await regulator.post(
        f"/v1/registration-applications/{await applied()}/refusal",
        {"ground": "dispute_unresolved", **REASON},
    )
    preview = await owner.get(f"{resource}/cancellation")
    await owner.post(f"{resource}/cancellation", {"confirmed_digest": preview["digest"], **REASON})


async def links(trade: Trade) -> None:
    """Every other link of the chain, broken and mended."""
    regulator, owner = trade.desks["regulator"], trade.desks["owner"]
    resource = f"/v1/resources/{trade.made['resource_id']}"
    [right] = (await owner.get(f"{resource}/rights"))["items"]
    for link in (
        resource,
        f"{resource}/rights/{right['id']}",
        f"/v1/revisions/{trade.made['revision_id']}",
        f"/v1/licences/{trade.made['licence_id']}",
    ):
        await regulator.post(f"{link}/suspension", REASON)
        await regulator.post(f"{link}/reinstatement", REASON)


async def rights(trade: Trade) -> None:
    """A right that is granted on, rejected, asked for, pledged, disputed, frozen and ended."""
    owner, operator = trade.desks["owner"], trade.desks["operator"]
    buyer, regulator = trade.desks["buyer"], trade.desks["regulator"]
    resource = f"/v1/resources/{trade.made['resource_id']}"
    right = f"/v1/rights/{(await owner.get(f'{resource}/rights'))['items'][0]['id']}"
    now = datetime.now(UTC)
    terms = {
        "kind": "USE",
        "may_grant": False,
        "legal_basis": "Agreement on the use of data, article 3 数据使用协议第三条",
        "evidence_sha256": sha256(b"agreement").hexdigest(),
        "evidence_description": "The signed agreement",
        "valid_from": now.isoformat(),
        "valid_until": (now + timedelta(days=365)).isoformat(),
    }
    for decision, body in (("rejection", REASON), ("acceptance", {})):
        offered = await owner.post(f"{right}/grants", terms | {"grantee_id": operator.organisation_id})
        await operator.post(f"/v1/right-grants/{offered['id']}/{decision}", body)
    asked = terms | {"kind": "HOLD", "grantor_id": regulator.organisation_id}
    request = await owner.post(f"{resource}/right-requests", asked)
    await owner.post(f"/v1/right-grants/{request['id']}/withdrawal", REASON)
    grounds = {
        "grounds": "Decision 12 of the city government",
        "evidence_sha256": sha256(b"decision").hexdigest(),
    }
    for confirmed in (True, False):
        pledge = await owner.post(f"{right}/pledges", grounds | {"pledgee_id": buyer.organisation_id})
        home = f"/v1/encumbrances/{pledge['id']}"
        if confirmed:
            await buyer.post(f"{home}/confirmation", REASON)
            await buyer.post(f"{home}/release", REASON)
        else:
            await owner.post(f"{home}/withdrawal", REASON)
    dispute = await buyer.post(f"{right}/disputes", grounds)
    for place in ("", "/chain-of-title", "/encumbrances"):
        await owner.get(f"{right}{place}")
    for decision in ("admission", "dismissal"):
        await regulator.post(f"/v1/encumbrances/{dispute['id']}/ruling", {"decision": decision} | REASON)
    freeze = await regulator.post(f"{right}/freezes", grounds)
    await regulator.post(f"/v1/encumbrances/{freeze['id']}/ruling", {"decision": "lifting"} | REASON)
    used = (await operator.get(f"{resource}/rights"))["items"][0]["id"]
    await operator.post(f"/v1/rights/{used}/revocation", REASON)


async def rules(trade: Trade) -> None:
    """A rule proposed three times: approved, rejected and withdrawn."""
    admin, officer = trade.desks["admin"], trade.desks["officer"]
    [first, *_] = (await admin.get("/v1/rulebook"))["items"]
    for desk, decision in ((officer, "rejection"), (admin, "withdrawal"), (officer, "approval")):
        proposed = await admin.post(
            f"/v1/rulebook/{first['key']}/proposals",
            {
                "value": first["value"],
                "effective_from": "2099-01-01T00:00:00Z",
                "source": "同意延续现行标准 (the present rule goes on)",
                "source_status": "house",
            },
        )
        await desk.post(f"/v1/rulebook/proposals/{proposed['id']}/{decision}", REASON)
