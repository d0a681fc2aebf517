"""What the reference shows and a trade does not need: the ways back, the ways out, and every list."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from market.demo.desk import Connect, Desk, expect
from market.demo.state import Trade
from tests.reference import chain, money, people, reading, waivers
from tests.reference.acting import REASON, delete
from tests.reference.recorder import Recorder

WEBHOOK = "https://127.0.0.1:9/market"
"""Nothing answers there; the reference shows a host's name instead."""


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
    await chain.authorisations(trade)
    await chain.registrations(trade)
    await money.accounts(trade)
    await people.access(trade)
    await people.lost(trade)
    await people.programs(trade)
    await people.recovery(trade)
    await people.standing(trade)
    await chain.links(trade)
    await chain.rights(trade)
    await chain.rules(trade)
    await _usage(trade)
    await _findings(trade)
    await _classes(trade)
    await waivers.waivers(trade)
    await reading.read_all(trade, recorder)
    await _revisions(trade)
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
    await operator.patch(f"{home}/{made['id']}", {"event_kinds": ["invoice.issued", "invoice.paid"]})
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
    await owner.get(at)
    await delete(owner, at)
    keep = {"kind": "bearer", "endpoint": WEBHOOK.rpartition("/")[0], "secret": "a-token-of-the-source"}
    await owner.put("/v1/source-credentials/portal", keep)
    await owner.get("/v1/source-credentials")
    source = f"/v1/products/{trade.made['product_id']}/source"
    await owner.put(
        source,
        {
            "source": {"url": f"{WEBHOOK}/air-quality.csv", "credentials": "portal"},
            "times": {"frequency": "daily", "hour": 3, "minute": 30},
        },
    )
    fetch = await owner.post(f"{source}/runs")
    await owner.get(source)
    await owner.post(f"{source}/resumption")
    await delete(owner, f"/v1/uploads/{fetch['id']}")
    await delete(owner, source)
    await delete(owner, "/v1/source-credentials/portal")


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
    (uploaded,) = (await operator.get(f"/v1/products/{draft}/revisions"))["items"]
    run = f"/v1/revisions/{uploaded['id']}/quality-run"
    await operator.post(f"{run}/cancellation")
    await operator.post(f"{run}/retry")
    await operator.get(run)
    await _checked(operator, draft)
    await _suite(operator, f"/v1/products/{draft}")
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


async def _suite(operator: Desk, product: str) -> None:
    """Edit what is proposed for the checks of a draft, directly and by its data contract."""
    await operator.get(f"{product}/quality-suite/proposals")
    suite = (await operator.get(f"{product}/quality-suite"))["in_force"]
    dated = {
        "type": "not_after_arrival",
        "columns": ["observed_at"],
        "dimension": "timeliness",
        "name": "观测时间不晚于到达 (no observation of the future)",
    }
    checks = [check for check in suite["checks"] if check["type"] != "distribution"]
    body = {"product_class": suite["product_class"], "checks": [*checks, dated], "based_on": suite["digest"]}
    await operator.put(f"{product}/quality-suite", body)
    contract = await operator.get(f"{product}/data-contract")
    await operator.put(f"{product}/data-contract", contract)
    await operator.get(f"{product}/quality-suite/versions")


async def _editions(trade: Trade) -> None:
    operator, regulator = trade.desks["operator"], trade.desks["regulator"]
    begin = f"/v1/products/{trade.made['product_id']}/editions"

    async def submitted(title: str) -> dict[str, Any]:
        edition = await operator.post(begin)
        await operator.patch(f"/v1/editions/{edition['id']}", {"title_en": title})
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
    devices = ("meter", "sensor", "gauge")
    rows = "".join(
        f"1390013{number:04d},{number % 9},{devices[number % 3]},2026-01-{number % 28 + 1:02d}\n"
        for number in range(40)
    )
    await owner.send(
        f"{home}/revisions",
        f"order_no,amount,device,ordered_on\n{rows}".encode(),
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


async def _revisions(trade: Trade) -> None:
    """A change of the columns is announced and taken back, a revision is recalled, and its data destroyed by order."""
    owner, operator, regulator = trade.desks["owner"], trade.desks["operator"], trade.desks["regulator"]
    home = f"/v1/products/{trade.made['product_id']}"
    lines = trade.file.read_bytes().splitlines()
    made = await owner.send(
        f"{home}/revisions",
        b"".join(line.rpartition(b",")[0] + b"\n" for line in lines),
        media_type="application/octet-stream",
        filename="a-column-less.csv",
    )
    await _checked(operator, trade.made["product_id"])
    revision = f"/v1/revisions/{made['id']}"
    await operator.get(f"{revision}/quality-comparison")
    # Checks of the column that is gone fail, until the suite follows in an edition.
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    await regulator.post(f"{revision}/quality-waivers", REASON | {"expires_at": until})
    for action in ("announcement", "announcement-withdrawal", "recall"):
        await operator.post(f"{revision}/{action}", REASON)
    order = REASON | {
        "revision_ids": [made["id"]],
        "legal_basis": "个人信息保护法第四十七条",
        "order_sha256": sha256(b"The order as it was issued").hexdigest(),
    }
    first = await regulator.post(f"{home}/purge-orders", order)
    await regulator.post(f"/v1/purge-orders/{first['id']}/rejection", REASON)
    placed = await regulator.post(f"{home}/purge-orders", order)
    await trade.desks["admin"].post(f"/v1/purge-orders/{placed['id']}/confirmation", REASON)
    await regulator.get(f"/v1/purge-orders/{placed['id']}")


async def _content(trade: Trade) -> None:
    await trade.desks["owner"].post(f"/v1/resources/{trade.made['resource_id']}/personal-information", REASON)


async def _ends(trade: Trade) -> None:
    buyer, owner = trade.desks["buyer"], trade.desks["owner"]
    await buyer.post(f"/v1/agreements/{trade.made['agreement_id']}/termination", REASON)
    await delete(trade.desks["operator"], f"/v1/webhook-endpoints/{trade.made['endpoint_id']}")
    changed = {"current_password": owner.login.password, "new_password": "seven herons over the weir at dusk"}
    await owner.put("/v1/session/password", changed)
    again = await Desk.sign_in(
        trade.connect, type(owner.login)("owner", owner.login.email, changed["new_password"])
    )
    await delete(again, "/v1/session")
    await again.leave()
