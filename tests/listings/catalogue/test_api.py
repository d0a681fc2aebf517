"""The catalogue: open to everybody, searched in Chinese and English, and only what is on the market."""

import httpx
import pytest

from infra.db import new_id
from listings.products.dictionary import MASK
from tests.support.parties import Party
from tests.support.products import complete, published

REASON = {"reason": "Because of a complaint"}
NAMED = ("station,phone\n" + "".join(f"S{n % 3},{'AB'[n % 2]}\n" for n in range(60))).encode()
"""Sixty rows in which a personal column holds two values only, so that a check names them."""


async def found(client: httpx.AsyncClient, **params: str) -> list[str]:
    ids: list[str] = []
    while True:
        answer = await client.get("/v1/catalogue", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        ids += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return ids
        params["cursor"] = page["next_cursor"]


async def test_search_in_both_languages_without_login(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    product_id = await published(owner, operator, regulator, title_en=f"Urban air quality {mark}")
    for query in ("空气质量", "城市 小时", "air qual", "生态环境", mark, f"空气 {mark.upper()}"):
        assert product_id in await found(client, q=query), query
    for query in ("水质", "airport", "空气质量 水"):
        assert product_id not in await found(client, q=query), query
    assert await found(client, q=mark, theme="environment") == [product_id]
    assert await found(client, q=mark, theme="weather") == []
    assert await found(client, q="？！") == await found(client)


async def test_pages_are_stable(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    ids = [await published(owner, operator, regulator, title_en=f"Air {mark}") for _ in range(3)]
    assert await found(client, q=mark, limit="2") == ids[::-1]
    answer = await client.get("/v1/catalogue", params={"cursor": "nonsense"})
    assert answer.status_code == 400


async def test_a_page_shows_everything_to_read_before_an_order(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    product_id = await published(owner, operator, regulator)
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    assert page["operator_name"] == {"zh": "测试operator", "en": "Test operator"}
    assert page["owner_name"]["en"] == "Test owner"
    assert page["revision"]["rows"] == 60
    assert [column["name"] for column in page["dictionary"]] == ["station", "time", "pm25", "phone"]
    phone = page["dictionary"][3]
    assert (phone["title_zh"], phone["personal"]) == ("电话", True)
    assert len(page["sample"]) == 20
    assert {row["phone"] for row in page["sample"]} == {MASK}
    assert page["sample"][0]["station"] == "S0"
    assert page["price_plan"]["charges"][0]["unit_price"] == "0.05"
    assert page["purposes"] == ["industry", "public_welfare"]
    assert page["quality"]["grade"]
    report = await client.get(page["quality"]["report"])
    assert report.status_code == 200


async def test_nobody_outside_sees_values_of_personal_columns_in_a_quality_report(
    owner: Party, operator: Party, regulator: Party, buyer: Party, client: httpx.AsyncClient
) -> None:
    product_id = await published(owner, operator, regulator, data=NAMED)
    page = (await client.get(f"/v1/catalogue/{product_id}")).json()
    report = f"/v1/revisions/{page['revision']['id']}/quality-report"
    answers = [
        await client.get(page["quality"]["report"]),
        await buyer.http.get(report),
        await operator.http.get(report),
    ]
    for answer in answers:
        checks = [check for check in answer.json()["checks"] if check["type"] == "in_set"]
        sets = {check["columns"][0]: check["arguments"]["values"] for check in checks}
        assert sets["station"] == ["S0", "S1", "S2"]
        # The operator knows its own data; everybody else sees claim and counts.
        assert sets["phone"] == (["A", "B"] if answer is answers[2] else [MASK])
        assert next(check for check in checks if check["columns"] == ["phone"])["evaluated"] == 60


async def test_drafts_are_not_in_the_catalogue(
    owner: Party, operator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    product_id = await complete(owner, operator, title_en=f"Air {mark}")
    assert await found(client, q=mark) == []
    assert (await client.get(f"/v1/catalogue/{product_id}")).status_code == 404
    assert (await client.get(f"/v1/catalogue/{product_id}/quality-report")).status_code == 404


@pytest.mark.parametrize("what", ["product", "authorisation", "withdrawal"])
async def test_what_is_stopped_leaves_the_catalogue_at_once(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient, what: str
) -> None:
    mark = new_id().hex
    product_id = await published(owner, operator, regulator, title_en=f"Air {mark}")
    product = await operator.get(f"/v1/products/{product_id}")
    assert await found(client, q=mark) == [product_id]
    if what == "product":
        await regulator.post(f"/v1/products/{product_id}/suspension", REASON, status=200)
    elif what == "authorisation":
        await owner.post(f"/v1/authorisations/{product['authorisation_id']}/suspension", REASON, status=200)
    else:
        await operator.post(f"/v1/products/{product_id}/withdrawal", REASON, status=200)
    assert await found(client, q=mark) == []
    assert (await client.get(f"/v1/catalogue/{product_id}")).status_code == 404
    if what != "withdrawal":
        subject = (
            f"products/{product_id}" if what == "product" else f"authorisations/{product['authorisation_id']}"
        )
        lifter = regulator if what == "product" else owner
        await lifter.post(f"/v1/{subject}/reinstatement", REASON, status=200)
        assert await found(client, q=mark) == [product_id]


@pytest.mark.parametrize(
    ("query", "status"),
    [("q=%00", 400), ("q=%ED%A0%80", 200), ("q=%25", 200), ("theme=%00", 400)],
)
async def test_odd_queries_are_no_fault(client: httpx.AsyncClient, query: str, status: int) -> None:
    answer = await client.get(f"/v1/catalogue?{query}")
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("query", ["theme=nothing", "q=" + "空" * 200])
async def test_what_nothing_fits_finds_nothing(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/catalogue?{query}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])
