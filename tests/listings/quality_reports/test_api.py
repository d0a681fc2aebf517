"""Reports over HTTP: who reads which, as JSON, as a page and as a badge."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import lxml.etree
import lxml.html
from litestar import Litestar

from infra.auth import SYSTEM, Role
from infra.db import SessionMaker, new_id, transaction
from infra.stops import service as stops
from tests.support.parties import Party
from tests.support.people import make_person, sign_in
from tests.support.products import complete, published, settle_quality, upload

NAMED = (
    "station,phone\n" + "".join(f"S{n % 3},{('13700001111', '13600002222')[n % 2]}\n" for n in range(60))
).encode()
PHONES = ("13700001111", "13600002222")


def revised(rows: int) -> bytes:
    """Another revision of the same columns."""
    return ("station,phone\n" + "".join(f"S{n % 3},{PHONES[n % 2]}\n" for n in range(rows))).encode()


async def test_a_page_for_everybody_in_the_language_asked_for(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    product_id = await published(owner, operator, regulator, data=NAMED)
    path = f"/v1/catalogue/{product_id}/quality-report.html"
    chinese = await client.get(path, headers={"Accept-Language": "zh-CN"})
    english = await client.get(path, params={"lang": "en"}, headers={"Accept-Language": "zh-CN"})
    for page, language in ((chinese, "zh"), (english, "en")):
        assert page.status_code == 200, page.text
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-language"] == language
        assert page.headers.get_list("content-security-policy") == [page.headers["content-security-policy"]]
        assert "sha256-" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        lxml.etree.fromstring(page.content)
        assert not [phone for phone in PHONES if phone in page.text]
    assert "六项指标" in chinese.text
    assert "Six dimensions" in english.text
    linked = lxml.html.document_fromstring(english.text).xpath("//footer//a/@href")
    assert (await client.get(linked[0])).json() == (await client.get(path.removesuffix(".html"))).json()
    assert (await client.get(path, params={"lang": "fr"})).status_code == 400


async def test_who_may_not_read_the_report_may_not_read_its_page(
    owner: Party, operator: Party, buyer: Party, client: httpx.AsyncClient
) -> None:
    product_id = await complete(owner, operator)
    revision = (await operator.get(f"/v1/products/{product_id}/revisions"))["items"][0]["id"]
    reading = [
        f"/v1/revisions/{revision}/quality-report",
        f"/v1/revisions/{revision}/quality-report.html",
        f"/v1/revisions/{revision}/quality-comparison",
        f"/v1/products/{product_id}/quality-trend",
    ]
    assert [(await buyer.http.get(path)).status_code for path in reading] == [404] * 4
    assert [(await operator.http.get(path)).status_code for path in reading] == [200, 200, 404, 200]
    assert [(await client.get(path)).status_code for path in reading] == [401] * 4
    for path in (
        f"/v1/catalogue/{product_id}/quality-report.html",
        f"/v1/products/{product_id}/quality-badge.svg",
    ):
        assert (await client.get(path)).status_code == 404


async def test_trend_and_comparison_tell_outsiders_of_what_passed(
    owner: Party, operator: Party, regulator: Party, buyer: Party
) -> None:
    product_id = await published(owner, operator, regulator, data=NAMED)
    bad = await upload(operator, product_id, revised(70))
    await settle_quality(operator, bad["id"], passed=False)
    good = await upload(operator, product_id, revised(80))
    await settle_quality(operator, good["id"])
    inside = (await operator.get(f"/v1/products/{product_id}/quality-trend"))["points"]
    outside = (await buyer.get(f"/v1/products/{product_id}/quality-trend"))["points"]
    assert [(one["number"], one["status"]) for one in inside] == [(1, "passed"), (2, "failed"), (3, "passed")]
    assert [one["number"] for one in outside] == [1, 3]
    assert [one["rows"] for one in outside] == [60, 80]
    path = f"/v1/revisions/{good['id']}/quality-comparison"
    mine, theirs = await operator.get(path), await buyer.get(path)
    assert (mine["before"]["number"], theirs["before"]["number"], mine["after"]["number"]) == (2, 1, 3)
    assert {one["change"] for one in mine["checks"]} >= {"better"}
    assert not [phone for phone in PHONES if phone in str(theirs)]
    page = await operator.http.get(f"/v1/revisions/{bad['id']}/quality-report.html", params={"lang": "zh"})
    assert "不合格" in page.text
    assert "与第 1 版相比" in page.text


async def test_what_checks_say_of_personal_columns_is_withheld_also_when_declared_later(
    owner: Party, operator: Party, regulator: Party, buyer: Party, client: httpx.AsyncClient
) -> None:
    product_id = await complete(owner, operator, data=NAMED)
    home = f"/v1/products/{product_id}"
    suite = (await operator.get(f"{home}/quality-suite"))["in_force"]
    checks = [
        {"type": "in_set", "columns": [name], "dimension": "conformity", "arguments": {"values": values}}
        for name, values in (("station", ["S0", "S1", "S2"]), ("phone", list(PHONES)))
    ]
    written = {"product_class": "general", "checks": checks, "based_on": suite["digest"]}
    await operator.put(f"{home}/quality-suite", written)
    revision = (await operator.get(f"{home}/revisions"))["items"][0]["id"]
    await settle_quality(operator, revision)
    path = f"/v1/revisions/{revision}/quality-report"
    before = await operator.get(path)
    assert [check["arguments"] for check in before["checks"]] == [check["arguments"] for check in checks]
    columns = [
        {"name": name, "title_zh": "列", "title_en": "Column", "personal": True}
        for name in ("phone", "station")
    ]
    await operator.put(f"{home}/dictionary", {"columns": columns})
    await operator.post(f"{home}/submission", status=200)
    await regulator.post(f"{home}/approval", {}, status=200)
    assert await operator.get(path) == before
    public = f"/v1/catalogue/{product_id}/quality-report"
    told = [await buyer.http.get(path), await buyer.http.get(f"{path}.html")]
    told += [await client.get(public), await client.get(f"{public}.html")]
    for answer in told:
        assert answer.status_code == 200, answer.text
        assert not re.search(r"\bS[012]\b|1370000|1360000", answer.text)
    assert [check["arguments"] for check in told[0].json()["checks"]] == [{"values": ["***"]}] * 2
    assert [check["evaluated"] for check in told[2].json()["checks"]] == [60, 60]


async def test_a_badge_is_kept_by_its_tag_and_gone_with_the_product(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    product_id = await published(owner, operator, regulator)
    path = f"/v1/products/{product_id}/quality-badge.svg"
    picture = await client.get(path, params={"lang": "zh"})
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.headers["cache-control"] == "public, max-age=60"
    assert "数据质量" in lxml.etree.fromstring(picture.content).xpath("string(.)")
    tag = picture.headers["etag"]
    again = await client.get(path, params={"lang": "zh"}, headers={"If-None-Match": f"W/{tag}"})
    assert (again.status_code, again.content) == (304, b"")
    english = await client.get(path, params={"lang": "en"}, headers={"If-None-Match": tag})
    assert (english.status_code, "Data quality" in english.text) == (200, True)
    async with transaction(operator.sessions) as session:
        await stops.place(
            session, SYSTEM, subject_kind="product", subject_id=UUID(product_id), reason="For a test"
        )
    assert (await client.get(path)).status_code == 404
    assert (await client.get(f"/v1/products/{new_id()}/quality-badge.svg")).status_code == 404


async def test_a_waiver_in_force_is_told_with_its_reason(
    owner: Party, operator: Party, regulator: Party, app: Litestar, sessions: SessionMaker
) -> None:
    product_id = await published(owner, operator, regulator, data=NAMED)
    bad = await upload(operator, product_id, revised(70))
    await settle_quality(operator, bad["id"], passed=False)
    path = f"/v1/revisions/{bad['id']}/quality-report"
    refused = await operator.get(path)
    assert refused["waiver"] is None
    assert refused["refusals"]
    person = await make_person(sessions, regulator.organisation_id, [Role.REGULATOR_OFFICER])
    officer = await sign_in(app, person.email)
    until = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    given = await officer.post(
        f"/v1/revisions/{bad['id']}/quality-waivers",
        json={"reason": "The station <moved>", "expires_at": until},
        headers={"Idempotency-Key": str(new_id())},
    )
    await officer.aclose()
    assert given.status_code == 201, given.text
    assert (await operator.get(path))["waiver"]["reason"] == "The station <moved>"
    page = (await operator.http.get(f"{path}.html", params={"lang": "en"})).text
    assert "A reviewer has it count as passed until" in page
    assert "The station &lt;moved&gt;" in page
    assert refused["refusals"][0]["sentence_en"] in lxml.html.document_fromstring(page).text_content()
