"""What the reference shows and a trade does not need: the ways back, the ways out, and every list."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from listings.registrations.domain import CONTENT
from market.demo.bank import Receipt, camt053_for
from market.demo.desk import Connect, Desk, Login, expect
from market.demo.listing_steps import register
from market.demo.money_steps import PLATFORM_ACCOUNT
from market.demo.state import Trade
from pricing.money import Money
from tests.reference.recorder import Recorder
from tests.support.totp import code_at

REASON = {"reason": "同意 (as agreed on the telephone, 31 January)"}
SEEN = {"identification": "Identity card seen"}
FACTOR = "/v1/session/second-factor"
WEBHOOK = "https://127.0.0.1:9/market"
"""Nothing answers there; the reference shows a host's name instead."""

QUERIES = {"getStatementOfAccount": {"currency": "CNY"}}


async def call(desk: Desk, method: str, path: str, body: Any = None) -> Any:
    """The body of any request that must succeed."""
    return expect(await desk.http.request(method, path, json=body, headers=desk._headers()))


async def anybody(connect: Connect) -> None:
    """What needs nobody signed in."""
    async with connect() as http:
        for path in ("/", "/health/live", "/health/ready", "/v1/code-lists"):
            expect(await http.get(path))


async def audit_head(connect: Connect) -> None:
    """The signed head of the audit log, which the worker makes once a minute."""
    async with connect() as http:
        for _ in range(90):
            if (await http.get("/v1/audit/head")).is_success:
                return
            await asyncio.sleep(1)


async def everybody(trade: Trade, recorder: Recorder) -> None:
    """Play all of it; reads come between, while there is something to read."""
    trade.desks["admin"] = await Desk.sign_in(trade.connect, trade.admin)
    await _webhooks(trade)
    await _products(trade)
    await _editions(trade)
    await _uploads(trade)
    await _authorisations(trade)
    await _registrations(trade)
    await _money(trade)
    await _access(trade)
    await _lost(trade)
    await _programs(trade)
    await _recovery(trade)
    await _standing(trade)
    await _links(trade)
    await _rights(trade)
    await _rules(trade)
    await _usage(trade)
    await _findings(trade)
    await _classes(trade)
    await read_all(trade, recorder)
    await _content(trade)
    await _ends(trade)
    for desk in trade.desks.values():
        await desk.leave()


async def _webhooks(trade: Trade) -> None:
    operator = trade.desks["operator"]
    home = "/v1/webhook-endpoints"
    made = await operator.post(
        home, {"url": WEBHOOK, "event_kinds": ["invoice.issued", "agreement.finalized"]}
    )
    await call(operator, "PATCH", f"{home}/{made['id']}", {"event_kinds": ["invoice.issued", "invoice.paid"]})
    sent = await operator.post(f"{home}/{made['id']}/pings")
    await operator.post(f"{home}/{made['id']}/secret-rotations", {"overlap_hours": 24})
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    await operator.post(f"{home}/{made['id']}/replays", {"since": since, "only_failed": True})
    deliveries = await operator.get(f"{home}/{made['id']}/deliveries")
    await operator.post(f"{home}/{made['id']}/deliveries/{deliveries['items'][0]['id']}/replays")
    trade.made["endpoint_id"] = made["id"]
    assert sent


async def _checked(operator: Desk, product_id: str) -> None:
    """Wait until the worker has checked the newest revision."""
    while (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]["quality"] == "checking":
        await asyncio.sleep(0.1)


async def _uploads(trade: Trade) -> None:
    owner = trade.desks["owner"]
    content = (
        b"station_id,observed_at,pm25,temperature,humidity\nS001,2026-01-30T00:00:00+08:00,18.0,4.5,60\n"
    )
    home = f"/v1/products/{trade.made['product_id']}/uploads"
    for name in ("air-quality-february.csv", "air-quality-march.csv"):
        made = await owner.post(home, {"name": name, "size_bytes": len(content)})
    at = f"/v1/uploads/{made['id']}"
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    headers = owner._headers() | part
    expect(await owner.http.patch(at, content=content[:-10], headers=headers))
    expect(await owner.http.head(at))
    await call(owner, "GET", at)
    await call(owner, "DELETE", at)
    keep = {"kind": "bearer", "endpoint": WEBHOOK.rpartition("/")[0], "secret": "a-token-of-the-source"}
    await owner.put("/v1/source-credentials/portal", keep)
    await call(owner, "GET", "/v1/source-credentials")
    source = f"/v1/products/{trade.made['product_id']}/source"
    await owner.put(
        source,
        {
            "source": {"url": f"{WEBHOOK}/air-quality.csv", "credentials": "portal"},
            "times": {"frequency": "daily", "hour": 3, "minute": 30},
        },
    )
    fetch = await owner.post(f"{source}/runs")
    await call(owner, "GET", source)
    await owner.post(f"{source}/resumption")
    await call(owner, "DELETE", f"/v1/uploads/{fetch['id']}")
    await call(owner, "DELETE", source)
    await call(owner, "DELETE", "/v1/source-credentials/portal")


async def _products(trade: Trade) -> None:
    owner, operator, regulator = trade.desks["owner"], trade.desks["operator"], trade.desks["regulator"]
    body = {
        "title_zh": "道路积水逐小时监测",
        "title_en": "Hourly road flooding",
        "description_zh": "按次计费。",
        "description_en": "Charged per call.",
        "themes": ["environment"],
        "update_frequency": "daily",
    }
    chain = {name: trade.made[name] for name in ("authorisation_id", "resource_id")}
    draft = (await operator.post("/v1/products", {**body, **chain}))["id"]
    await operator.put(f"/v1/products/{draft}", {**body, "title_en": "Hourly flooding of roads"})
    kinds = {"station_id": "text", "observed_at": "timestamp", "pm25": "decimal"}
    await owner.put(
        f"/v1/products/{draft}/columns",
        {
            "columns": [
                {
                    "name": name,
                    "kind": kind,
                    "offsets": kind == "timestamp",
                    "unit": "µg/m³" if name == "pm25" else None,
                }
                for name, kind in kinds.items()
            ]
        },
    )
    titles = {"station_id": ("监测站", "Station"), "pm25": ("细颗粒物", "Fine particles")}
    await operator.put(
        f"/v1/products/{draft}/dictionary",
        {"columns": [{"name": name, "title_zh": zh, "title_en": en} for name, (zh, en) in titles.items()]},
    )
    await owner.send(
        f"/v1/products/{draft}/revisions",
        trade.file.read_bytes(),
        media_type="application/octet-stream",
        filename="flooding.csv",
    )
    await _checked(operator, draft)
    await operator.put(f"/v1/products/{draft}/price-plan", {"plan_id": trade.made["plan_id"]})
    await operator.post(f"/v1/products/{draft}/submission")
    await regulator.post(f"/v1/products/{draft}/return", REASON)
    await operator.post(f"/v1/products/{draft}/withdrawal", REASON)
    published = f"/v1/products/{trade.made['product_id']}"
    await regulator.post(f"{published}/suspension", REASON)
    await regulator.post(f"{published}/reinstatement", REASON)
    await owner.post(
        f"/v1/resources/{trade.made['resource_id']}/assessments",
        {
            "kind": "risk",
            "sha256": sha256(b"risk assessment").hexdigest(),
            "note": "No personal information in any column",
        },
    )


async def _editions(trade: Trade) -> None:
    operator, regulator = trade.desks["operator"], trade.desks["regulator"]
    begin = f"/v1/products/{trade.made['product_id']}/editions"

    async def submitted(title: str) -> dict[str, Any]:
        edition = await operator.post(begin)
        await call(operator, "PATCH", f"/v1/editions/{edition['id']}", {"title_en": title})
        made: dict[str, Any] = await operator.post(f"/v1/editions/{edition['id']}/submission")
        return made

    edition = await submitted("Urban air quality, hour by hour")
    path, seen = f"/v1/editions/{edition['id']}", {"digest": edition["digest"]}
    remarks = [
        {"field": "dictionary.pm25", "remark": "请注明计量单位 (name the unit)"},
        {"field": "description_en", "remark": "请说明覆盖范围 (say which cities)"},
    ]
    await regulator.post(f"{path}/return", seen | REASON | {"remarks": remarks})
    titles = {"name": "pm25", "title_zh": "细颗粒物", "title_en": "Fine particles", "unit": "µg/m³"}
    edition = await operator.put(f"{path}/dictionary", {"columns": [titles]})
    (review,) = edition["reviews"]
    explain = f"{path}/remarks/{review['remarks'][1]['id']}/explanation"
    await operator.post(explain, {"explanation": "标题已写明 (the title says so)"})
    edition = await operator.post(f"{path}/submission")
    await regulator.post(f"{path}/approval", {"digest": edition["digest"], "note": "同意"})
    await operator.get(f"/v1/catalogue/{trade.made['product_id']}/editions/2")
    refused = await submitted("Air")
    await regulator.post(f"/v1/editions/{refused['id']}/refusal", {"digest": refused["digest"]} | REASON)
    withdrawn = await operator.post(begin)
    revision_id = (await operator.get(f"/v1/products/{trade.made['product_id']}/revisions"))["items"][0]["id"]
    proposals = f"/v1/revisions/{revision_id}/column-proposals"
    await operator.post(proposals)
    while not (await operator.get(proposals))["ready"]:
        await asyncio.sleep(0.1)
    taken = {"revision_id": revision_id, "column": "pm25"}
    await operator.post(f"/v1/editions/{withdrawn['id']}/column-proposals/confirmation", taken)
    await operator.post(f"/v1/editions/{withdrawn['id']}/withdrawal", REASON)


async def _authorisations(trade: Trade) -> None:
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
    await owner.post(
        f"/v1/resources/{other['id']}/rights",
        {
            "kind": "HOLD",
            "basis": "statutory_duty",
            "legal_basis": "Collected in the exercise of a statutory duty 依法履职采集",
            "evidence_sha256": sha256(b"order").hexdigest(),
            "evidence_description": "Order that entrusts the bureau with the collection",
            "valid_from": (now - timedelta(days=1)).isoformat(),
        },
    )

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


async def _registrations(trade: Trade) -> None:
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


async def _money(trade: Trade) -> None:
    admin, finance = trade.desks["admin"], trade.desks["finance"]
    body = {
        "account_number": "6222000000000002",
        "currency": "CNY",
        "bank_name_zh": "示范银行",
        "bank_name_en": "Demo Bank",
        "holder_zh": "示范数据交易平台",
        "holder_en": "Demo Market Platform",
        "for_invoices": False,
    }
    account = await finance.post("/v1/bank-accounts", body)
    await admin.post(f"/v1/bank-accounts/{account['id']}/confirmation")
    await admin.post(f"/v1/bank-accounts/{account['id']}/closure", REASON)
    await _misdirected(trade)


async def _misdirected(trade: Trade) -> None:
    """Money without a reference: said to be somebody else's, then sent back; and a refund of the invoice by bank."""
    finance = trade.desks["finance"]
    home = f"/v1/organisations/{finance.organisation_id}"
    email, password = f"cashier-{trade.mark}@market.example", "four sparrows share the window sill"
    invited = await finance.post(f"{home}/invitations", {"email": email, "roles": ["finance_officer"]})
    handed = await finance.post(
        f"{home}/invitations/{invited['id']}/hand-over", {"identification": "Identity card seen"}
    )
    async with trade.connect() as http:
        chosen = {"token": handed["token"], "name": "Zhao Min", "password": password}
        expect(await http.post("/v1/invitations/acceptance", json=chosen))
    second = await Desk.sign_in(trade.connect, Login("cashier", email, password))
    last = (await finance.get("/v1/bank-statements", limit=1))["items"][0]["closing"]["amount"]
    document = camt053_for(
        [Receipt(Money(500, "CNY"), "no reference", "Example Trading Ltd", f"XX{trade.mark}")],
        statement_id=f"SECOND-{trade.mark}",
        account=PLATFORM_ACCOUNT,
        opening=Money.from_decimal(Decimal(last), "CNY"),
        moment=datetime.now(UTC),
    )
    await finance.send("/v1/bank-statements", document, media_type="application/xml")
    await _gap(finance, trade.mark)
    [entry] = (await finance.get("/v1/bank-entries", status="suspense"))["items"]
    path = f"/v1/bank-entries/{entry['id']}"
    match = {"parts": [{"kind": "other"}], "replaces": entry["match_id"], **REASON}
    matched = await finance.post(f"{path}/matches", match)
    await finance.post(f"{path}/matches", {"parts": [], "replaces": matched["match_id"], **REASON})
    payee = {"payee": {"name": "Example Trading Ltd", "account": "6222021001012345678"}, **REASON}
    for decision in ("rejection", "approval"):
        asked = await finance.post(f"{path}/refunds", payee)
        await second.post(
            f"/v1/refunds/{asked['id']}/{decision}", REASON if decision == "rejection" else None
        )
    await finance.post(f"/v1/refunds/{asked['id']}/withdrawal", REASON)
    await finance.post(f"/v1/invoices/{trade.made['invoice_id']}/bank-refunds", payee)
    await second.leave()


async def _gap(finance: Desk, mark: str) -> None:
    """A statement that does not follow on the last: refused until officers have looked at what is missing."""
    document = camt053_for(
        [],
        statement_id=f"LATER-{mark}",
        account=PLATFORM_ACCOUNT,
        opening=Money(99_900, "CNY"),
        moment=datetime.now(UTC) + timedelta(minutes=1),
    )
    headers = {**finance._headers(), "Content-Type": "application/xml"}
    refused = await finance.http.post("/v1/bank-statements", content=document, headers=headers)
    review = refused.json()["review_id"]
    await finance.post(f"/v1/bank-statement-reviews/{review}/approvals", REASON)


async def _access(trade: Trade) -> None:
    buyer = trade.desks["buyer"]
    home = f"/v1/organisations/{buyer.organisation_id}"
    body = {"email": f"colleague-{trade.mark}@market.example", "roles": ["buyer"]}
    invitation = await buyer.post(f"{home}/invitations", body)
    await call(buyer, "DELETE", f"{home}/invitations/{invitation['id']}")
    invitation = await buyer.post(f"{home}/invitations", body)
    handed = await buyer.post(
        f"{home}/invitations/{invitation['id']}/hand-over", {"identification": "Identity card seen"}
    )
    async with trade.connect() as http:
        chosen = {
            "token": handed["token"],
            "name": "Wang Fang",
            "password": "the kettle sings before the rain",
        }
        expect(await http.post("/v1/invitations/acceptance", json=chosen))
    members = (await buyer.get(f"{home}/members"))["items"]
    [member] = [item for item in members if item["email"] == body["email"]]
    person = f"{home}/members/{member.get('person_id') or member['id']}"
    await call(buyer, "PATCH", person, {"roles": ["buyer", "organisation_admin"]})
    await call(buyer, "DELETE", person)


async def _lost(trade: Trade) -> None:
    """A lost password, a second factor from its enrolment to its loss, and what two officers do about it."""
    buyer, admin, officer = trade.desks["buyer"], trade.desks["admin"], trade.desks["officer"]
    home = f"/v1/organisations/{buyer.organisation_id}"
    login = Login("colleague", f"li-{trade.mark}@market.example", "the kettle sings before the rain")
    joined = await _member(trade, buyer, home, login, "Li Na", ["buyer"])
    await joined.leave()
    [member] = [one for one in (await buyer.get(f"{home}/members"))["items"] if one["email"] == login.email]
    handed = await buyer.post(f"{home}/members/{member['person_id']}/password-reset", SEEN)
    chosen = Login(login.desk, login.email, "eleven wooden boats in autumn")
    async with trade.connect() as http:
        body = {"token": handed["token"], "new_password": chosen.password}
        expect(await http.post("/v1/password-resets/acceptance", json=body))
    colleague = await Desk.sign_in(trade.connect, chosen)
    first, second, third, *_ = await _enrol(colleague, chosen)
    await colleague.leave()
    async with trade.connect() as http:
        credentials = {"email": chosen.email, "password": chosen.password}
        token = expect(await http.post("/v1/session", json=credentials))["csrf_token"]
        headers = {"X-CSRF-Token": token}
        opened = expect(await http.post(FACTOR, json={"code": first}, headers=headers))
        headers = {"X-CSRF-Token": opened["csrf_token"]}
        codes = expect(await http.post(f"{FACTOR}/recovery-codes", json={"code": second}, headers=headers))
        assert third not in codes["recovery_codes"]
        expect(
            await http.post(f"{FACTOR}/removal", json={"code": codes["recovery_codes"][0]}, headers=headers)
        )
    again = await Desk.sign_in(trade.connect, chosen)
    await _enrol(again, chosen)
    await again.leave()
    lost = {"person_id": member["person_id"], "reason": "Phone stolen on the train; recognised in person"}
    await buyer.post(f"{home}/second-factor-resets", lost)
    await call(buyer, "DELETE", f"{home}/members/{member['person_id']}")
    # On the platform it takes two, and the member can object.
    home = f"/v1/organisations/{admin.organisation_id}"
    login = Login("third", f"third-{trade.mark}@market.example", "the kettle sings before the rain")
    other = await _member(trade, admin, home, login, "Zhao Min", ["platform_admin"])
    await _enrol(officer, officer.login)
    found = (await admin.get(f"{home}/members"))["items"]
    [theirs] = [one["person_id"] for one in found if one["email"] == officer.login.email]
    for desk, act, sent in ((officer, "cancellation", REASON), (other, "approval", None)):
        asked = await admin.post(f"{home}/second-factor-resets", {**lost, "person_id": theirs})
        await desk.post(f"{home}/second-factor-resets/{asked['id']}/{act}", sent)
    await other.leave()


async def _enrol(desk: Desk, login: Login) -> list[str]:
    """Enrol an authenticator app; its recovery codes."""
    begun = await desk.post(f"{FACTOR}/enrolment", {"current_password": login.password})
    code = code_at(begun["secret"], int(time.time()) // 30)
    codes: list[str] = (await desk.post(f"{FACTOR}/confirmation", {"code": code}))["recovery_codes"]
    return codes


async def _member(trade: Trade, desk: Desk, home: str, login: Login, name: str, roles: list[str]) -> Desk:
    invitation = await desk.post(f"{home}/invitations", {"email": login.email, "roles": roles})
    handed = await desk.post(f"{home}/invitations/{invitation['id']}/hand-over", SEEN)
    body = {"token": handed["token"], "name": name, "password": login.password}
    async with trade.connect() as http:
        expect(await http.post("/v1/invitations/acceptance", json=body))
    return await Desk.sign_in(trade.connect, login)


async def _programs(trade: Trade) -> None:
    buyer = trade.desks["buyer"]
    home = f"/v1/organisations/{buyer.organisation_id}/clients"
    made = await buyer.post(home, {"name": "Nightly import", "roles": ["buyer"]})
    rotated = await buyer.post(f"{home}/{made['id']}/secret-rotations", {"overlap_hours": 24})
    auth = (made["id"], rotated["client_secret"])
    async with trade.connect() as http:
        token = expect(await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=auth))
        for path in ("introspect", "revoke"):
            expect(await http.post(f"/oauth/{path}", data={"token": token["access_token"]}, auth=auth))
    await call(buyer, "DELETE", f"{home}/{made['id']}")
    tokens = f"/v1/licences/{trade.made['licence_id']}/tokens"
    await buyer.post(tokens)
    await call(buyer, "DELETE", f"{tokens}/{(await buyer.get(tokens))['items'][0]['token_id']}")


async def _recovery(trade: Trade) -> None:
    admin, officer, owner = trade.desks["admin"], trade.desks["officer"], trade.desks["owner"]
    home = f"/v1/organisations/{owner.organisation_id}/recoveries"
    body = {
        "email": f"new-{trade.mark}@market.example",
        "evidence_sha256": sha256(b"letter").hexdigest(),
        "reason": "The only administrator has left the bureau",
    }
    asked = await admin.post(home, body)
    await officer.post(f"{home}/{asked['id']}/approval", REASON)
    await owner.post(f"{home}/{asked['id']}/cancellation", REASON)


async def _links(trade: Trade) -> None:
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


async def _rights(trade: Trade) -> None:
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


async def _rules(trade: Trade) -> None:
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


async def _usage(trade: Trade) -> None:
    """What a program reads of its own calls, by its licence."""
    token = (await trade.desks["buyer"].post(f"/v1/licences/{trade.made['licence_id']}/tokens"))[
        "access_token"
    ]
    async with trade.connect() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        records = expect(await http.get("/v1/usage-records", params={"limit": 2}))["items"]
        expect(await http.get(f"/v1/usage-records/{records[0].get('id') or records[0]['record_id']}"))


async def _findings(trade: Trade) -> None:
    """A column that looks like mobile numbers, and what its owner and the regulator say of it."""
    owner, operator, regulator = trade.desks["owner"], trade.desks["operator"], trade.desks["regulator"]
    chain = {name: trade.made[name] for name in ("authorisation_id", "resource_id")}
    product = await operator.post(
        "/v1/products",
        {
            "title_zh": "设备订单",
            "title_en": "Orders of devices",
            "description_zh": "订单编号与数量。",
            "description_en": "Numbers of orders and amounts.",
            "themes": ["environment"],
            "update_frequency": "daily",
            **chain,
        },
    )
    home = f"/v1/products/{product['id']}"
    rows = "".join(f"1390013{number:04d},{number % 9}\n" for number in range(40))
    await owner.send(
        f"{home}/revisions",
        f"order_no,amount\n{rows}".encode(),
        media_type="application/octet-stream",
        filename="orders.csv",
    )
    finding = {"column": "order_no", "kind": "mobile_number", **REASON}
    await _checked(operator, product["id"])
    await operator.put(f"{home}/price-plan", {"plan_id": trade.made["plan_id"]})
    await owner.post(f"{home}/content-findings/contest", finding)
    await owner.get(f"{home}/content-findings")
    await regulator.get("/v1/content-findings/contested")
    await operator.post(f"{home}/submission")
    await regulator.post(f"{home}/content-findings/acceptance", finding)
    await regulator.post(f"{home}/content-findings/rejection", finding)
    await owner.post(f"{home}/personal-columns", {"columns": ["order_no"]})


async def _proposals(trade: Trade) -> None:
    """What the columns of a draft are proposed to be; the operator takes one over, the owner turns one down."""
    owner, operator = trade.desks["owner"], trade.desks["operator"]
    chain = {name: trade.made[name] for name in ("authorisation_id", "resource_id")}
    product = await operator.post(
        "/v1/products",
        {
            "title_zh": "气象站逐小时观测",
            "title_en": "Hourly weather observations",
            "description_zh": "各站气温。",
            "description_en": "Temperatures by station.",
            "themes": ["weather"],
            "update_frequency": "daily",
            **chain,
        },
    )
    rows = "".join(f"S{number % 5},{number % 30}.5\n" for number in range(60))
    revision = await owner.send(
        f"/v1/products/{product['id']}/revisions",
        f"station_id,temperature\n{rows}".encode(),
        media_type="application/octet-stream",
        filename="weather.csv",
    )
    home = f"/v1/revisions/{revision['id']}/column-proposals"
    await owner.post(home)
    while not (await operator.get(home))["ready"]:
        await asyncio.sleep(0.1)
    await operator.post(f"{home}/confirmation", {"column": "temperature", "title_zh": "室外气温"})
    samples = f"/v1/revisions/{revision['id']}/samples"
    spread = {"method": "stratified", "by": "station_id", "count": 5, "seed": 1}
    drawn = [await operator.post(samples, spread) for _ in range(2)]
    await owner.post(f"/v1/samples/{drawn[0]['id']}/rejection", REASON)
    await owner.post(f"/v1/samples/{drawn[1]['id']}/approval", REASON)
    await operator.get(samples)
    await owner.post(f"{home}/rejection", {"column": "station_id", **REASON})


async def _classes(trade: Trade) -> None:
    """Columns of a resource of its own: lowered, raised, and assessed where they are of persons."""
    owner, operator, regulator = trade.desks["owner"], trade.desks["operator"], trade.desks["regulator"]
    resource = await owner.post(
        "/v1/resources",
        {
            "title_zh": "供水管网巡检",
            "title_en": "Inspections of the water network",
            "description_zh": "巡检记录。",
            "description_en": "Records of inspections.",
            "domain": "housing",
            "update_frequency": "daily",
            "classification": "IMPORTANT",
            "personal_information": False,
        },
    )
    home = f"/v1/resources/{resource['id']}"
    harm = {"impact_object": "public_interest", "impact_degree": "general", **REASON}
    asked = [
        await owner.post(f"{home}/column-gradings", {"column": column, "classification": "GENERAL", **harm})
        for column in ("inspected_at", "pressure", "route", "depth")
    ]
    await regulator.post(f"{home}/column-gradings/{asked[0]['id']}/approval", REASON)
    await regulator.post(f"{home}/column-gradings/{asked[1]['id']}/rejection", REASON)
    await owner.post(f"{home}/column-gradings/{asked[2]['id']}/withdrawal", REASON)
    await owner.post(f"{home}/column-gradings/{asked[0]['id']}/revocation", REASON)
    await regulator.post(
        f"{home}/column-gradings/raise",
        {
            "column": "route",
            "classification": "CORE",
            "impact_object": "national_security",
            "impact_degree": "serious",
            **REASON,
        },
    )
    await owner.post(f"{home}/raw-data-restriction", REASON)
    await _proposals(trade)
    product = f"/v1/products/{trade.made['product_id']}"
    await operator.post(
        f"{product}/impact-assessments",
        {
            "grounds": ["provision"],
            "sha256": sha256(b"impact assessment").hexdigest(),
            "note": "Assessed by the data protection officer: risks small, measures suffice",
            "valid_from": datetime.now(UTC).isoformat(),
            "valid_until": (datetime.now(UTC) + timedelta(days=1095)).isoformat(),
        },
    )
    await operator.post(f"{product}/classification-recheck")


async def _content(trade: Trade) -> None:
    await trade.desks["owner"].post(f"/v1/resources/{trade.made['resource_id']}/personal-information", REASON)


async def _standing(trade: Trade) -> None:
    admin, buyer = trade.desks["admin"], trade.desks["buyer"]
    home = f"/v1/organisations/{buyer.organisation_id}"
    await admin.post(f"{home}/suspension", REASON)
    appeal = await buyer.post(
        f"{home}/appeals", {"text": "The certificate was renewed in January; see the copy."}
    )
    await admin.post(f"{home}/appeals/{appeal['id']}/decision", {"decision": "uphold", **REASON})
    if (await admin.get(home))["status"] != "suspended":
        await admin.post(f"{home}/suspension", REASON)
    await admin.post(f"{home}/reinstatement", REASON)


async def _ends(trade: Trade) -> None:
    buyer, owner = trade.desks["buyer"], trade.desks["owner"]
    await buyer.post(f"/v1/agreements/{trade.made['agreement_id']}/termination", REASON)
    await call(trade.desks["operator"], "DELETE", f"/v1/webhook-endpoints/{trade.made['endpoint_id']}")
    changed = {"current_password": owner.login.password, "new_password": "seven herons over the weir at dusk"}
    await owner.put("/v1/session/password", changed)
    again = await Desk.sign_in(
        trade.connect, type(owner.login)("owner", owner.login.email, changed["new_password"])
    )
    await call(again, "DELETE", "/v1/session")
    await again.leave()


async def read_all(trade: Trade, recorder: Recorder) -> None:
    """Every GET of the interface that nobody has called yet, by whoever may."""
    for path, item in sorted(recorder.document["paths"].items(), key=lambda found: found[0].count("{")):
        operation = item.get("get")
        if operation is None or not recorder.wants(operation["operationId"]):
            continue
        query = QUERIES.get(operation["operationId"], {})
        for url in await _addresses(trade, path):
            for desk in trade.desks.values():
                await desk.http.get(url, params=query)
                if not recorder.wants(operation["operationId"]):
                    break
            if not recorder.wants(operation["operationId"]):
                break


async def _addresses(trade: Trade, path: str) -> list[str]:
    """A path with real ids: what the trade made, or what the list before the id holds."""
    found = [""]
    for part in re.split(r"(\{\w+\})", path):
        if not part.startswith("{"):
            found = [start + part for start in found]
            continue
        name = part[1:-1]
        if name in trade.made:
            found = [start + trade.made[name] for start in found]
            continue
        further = []
        for start in found[:3]:
            for desk in trade.desks.values():
                answer = await desk.http.get(start.rstrip("/"))
                items = answer.json().get("items", []) if answer.is_success else []
                further += [f"{start}{item.get('id', item.get('key'))}" for item in items[:3]]
        found = further
    return found[:12]
