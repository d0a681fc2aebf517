"""The catalogue: open to everybody, searched in Chinese and English, and only what is on the market."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from infra.addresses import service_url
from infra.auth import SYSTEM
from infra.db import SessionMaker, new_id, now, transaction
from infra.settings import Settings
from infra.stops import service as stops
from listings.catalogue import repository
from listings.catalogue.entries import CatalogueSort
from listings.catalogue.following import CatalogueFollower
from listings.catalogue.schemas import CatalogueResults
from listings.catalogue.terms import parse_query
from listings.products.masking import MASK
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import Party
from tests.support.products import complete, published, submitted

REASON = {"reason": "Because of a complaint"}
TOLERATE = """
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status)
SELECT gen_random_uuid(), key, max(version) + 1, $1::text::jsonb, clock_timestamp(), 'For tests', 'house'
  FROM rulebook_parameters WHERE key = 'freshness.tolerance_percent' GROUP BY key
"""


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


async def test_as_people_type(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    product_id = await published(
        owner, operator, regulator, title_en=f"Air-quality means of stations {mark}", title_zh="街道空气质量"
    )
    for query in (
        "pm25",
        "PM2.5",
        "ＰＭ２．５",
        "pm 2.5",
        "街道",
        "街道的空气",
        "空氣質量",
        "air quality",
        "station",
    ):
        assert product_id in await found(client, q=f"{query} {mark}"), query
    # Column names, their titles, and the names of owner and operator.
    for query in ("phone", "电话", "Test owner", "测试operator"):
        assert product_id in await found(client, q=f"{query} {mark}"), query


async def test_a_phrase_in_a_title_comes_before_words_in_a_description(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    texts = [
        {"title_en": f"Indoor air quality {mark}", "title_zh": "室内"},
        {"title_en": f"The quality of indoor air {mark}", "title_zh": "室内"},
        {"title_en": f"Water {mark}", "title_zh": "水质", "description_en": "See air quality for more."},
        {"title_en": f"Water {mark}", "title_zh": "水质", "description_en": "The quality of all air."},
    ]
    # Made in this order, so that the newest first would be the other way round.
    ids = [await published(owner, operator, regulator, **text) for text in texts]
    assert await found(client, q=f"air quality {mark}") == ids


async def test_facets_count_what_each_value_would_show(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex

    async def made(*themes: str, **changes: str) -> str:
        return await published(
            owner, operator, regulator, title_en=f"Air {mark}", themes=list(themes), **changes
        )

    air = await made("environment")
    weather = await made("weather", "geography", update_frequency="static")
    both = await made("environment", "weather")
    params: dict[str, Any] = {"q": mark, "theme": ["environment"], "limit": 1}
    answer = (await client.get("/v1/catalogue", params=params)).json()
    assert CatalogueResults.model_validate(answer).model_dump(mode="json") == answer
    assert answer["total"] == 2
    facets = {
        name: {value["value"]: (value["count"], value["selected"]) for value in values}
        for name, values in answer["facets"].items()
    }
    assert facets["theme"] == {"environment": (2, True), "weather": (2, False)}
    assert facets["base"] == {}
    assert facets["owner"] == {str(owner.organisation_id): (2, False)}
    assert facets["price"] == {"per_use": (2, False)}
    assert facets["freshness"] == {"on_time": (2, False)}
    assert facets["region"] == {"310000": (2, False)}
    labels = {value["value"]: value["label"] for value in answer["facets"]["theme"]}
    assert labels["weather"] == {"zh": "气象", "en": "Weather"}
    assert answer["facets"]["owner"][0]["label"]["en"] == "Test owner"
    assert answer["items"][0]["freshness"] == "on_time"
    asked: list[tuple[dict[str, list[str]], set[str]]] = [
        ({"theme": ["environment", "weather"]}, {air, weather, both}),
        ({"theme": ["weather"], "base": ["geography"]}, {weather}),
        ({"freshness": ["no_promise"]}, {weather}),
        ({"region": ["310104"]}, {air, weather, both}),
        ({"region": ["330000"]}, set()),
        ({"price": ["free"]}, set()),
        ({"operator": [str(operator.organisation_id)], "grade": ["A", "B", "C", "D"]}, {air, weather, both}),
    ]
    for filters, ids in asked:
        page = (await client.get("/v1/catalogue", params={"q": mark, **filters})).json()
        assert {item["id"] for item in page["items"]} == ids, filters


@pytest.mark.parametrize("sort", ["newest", "updated", "grade", "title_zh", "title_en", "relevance"])
async def test_sorted_pages(client: httpx.AsyncClient, untouched_bargain: Bargain, sort: str) -> None:
    ids = await found(client, sort=sort, limit="2")
    assert len(ids) == len(set(ids))
    assert set(ids) == set(await found(client))


async def test_a_cursor_belongs_to_its_search(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    for _ in range(2):
        await published(owner, operator, regulator, title_en=f"Air {mark}")
    cursor = (await client.get("/v1/catalogue", params={"q": mark, "limit": 1})).json()["next_cursor"]
    for params in ({"q": "air"}, {"q": mark, "sort": "grade"}, {"q": mark, "theme": "weather"}):
        answer = await client.get("/v1/catalogue", params={**params, "cursor": cursor})
        assert answer.status_code == 400, params
        assert "leave the cursor out" in answer.json()["remedy"]
    same = await client.get("/v1/catalogue", params={"q": f"{mark.upper()} ", "limit": 1, "cursor": cursor})
    assert len(same.json()["items"]) == 1
    for forged in (
        cursor[:-8],
        cursor + "AAAA",
        "A" * len(cursor),
        "A" * 240,
        "空" * 50,
        "=" * 50,
        "A" * 5000,
    ):
        answer = await client.get("/v1/catalogue", params={"q": mark, "cursor": forged})
        assert answer.status_code in (200, 400), forged
    of_title = (await client.get("/v1/catalogue", params={"q": mark, "limit": 1, "sort": "title_zh"})).json()
    for changed in (of_title["next_cursor"][:-4], of_title["next_cursor"] + "AAAA"):
        asked = {"q": mark, "sort": "title_zh", "cursor": changed}
        assert (await client.get("/v1/catalogue", params=asked)).status_code == 200


@asynccontextmanager
async def another_process(settings: Settings, app: Litestar) -> AsyncIterator[CatalogueFollower]:
    """The catalogue as another API process has it."""
    follower = CatalogueFollower(service_url(settings), app.state.sessions)
    following = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        following.cancel()
        await follower.close()


async def shown(follower: CatalogueFollower, words: str) -> list[str]:
    """Ids of the newest products with these words."""
    results = (await follower.get_index()).search(parse_query(words), {}, CatalogueSort.NEWEST, 50, None)
    return [json.loads(item + b"}")["id"] for item, _ in results.shown]


async def test_what_is_published_and_stopped_is_seen_by_the_next_search_of_every_process(
    settings: Settings, app: Litestar, owner: Party, operator: Party, regulator: Party
) -> None:
    mark = new_id().hex
    async with another_process(settings, app) as other:
        assert await shown(other, mark) == []
        product_id = await submitted(owner, operator, title_en=f"Air {mark}")
        assert await shown(other, mark) == []
        await regulator.post(f"/v1/products/{product_id}/approval", {}, status=200)
        assert await shown(other, mark) == [product_id]
        await regulator.post(f"/v1/products/{product_id}/suspension", REASON, status=200)
        assert await shown(other, mark) == []
        await regulator.post(f"/v1/products/{product_id}/reinstatement", REASON, status=200)
        assert await shown(other, mark) == [product_id]
        await regulator.post(f"/v1/organisations/{operator.organisation_id}/suspension", REASON, status=200)
        assert await shown(other, mark) == []


async def test_a_change_that_commits_late_is_not_missed(
    database: TestDatabase, settings: Settings, app: Litestar, bargain: Bargain
) -> None:
    rename = "UPDATE organisations SET name_en = $2 WHERE id = $1"
    early, late = await asyncpg.connect(database.owner_url), await asyncpg.connect(database.owner_url)
    mark = new_id().hex
    async with another_process(settings, app) as follower:
        try:
            begun = early.transaction()
            await begun.start()
            await early.execute(rename, bargain.owner.organisation_id, f"Office {mark}")
            # Another change, begun later and committed before.
            await late.execute(rename, bargain.operator.organisation_id, f"Operator {mark}")
            assert await shown(follower, f"Operator {mark}") == [bargain.product_id]
            assert await shown(follower, f"Office {mark}") == []
            await begun.commit()
            assert await shown(follower, f"Office {mark}") == [bargain.product_id]
        finally:
            await early.close()
            await late.close()


async def test_a_stop_that_begins_later_takes_a_product_off_at_its_instant(
    sessions: SessionMaker, settings: Settings, app: Litestar, owner: Party, operator: Party, regulator: Party
) -> None:
    mark = new_id().hex
    product_id = await published(owner, operator, regulator, title_en=f"Air {mark}")
    async with another_process(settings, app) as follower:
        assert await shown(follower, mark) == [product_id]
        async with transaction(sessions) as session:
            begins_at = await now(session) + timedelta(seconds=0.5)
            await stops.place(
                session,
                SYSTEM,
                subject_kind="product",
                subject_id=UUID(product_id),
                reason="Over",
                begins_at=begins_at,
            )
        assert await shown(follower, mark) == [product_id]
        await asyncio.sleep(0.6)
        assert await shown(follower, mark) == []


async def test_what_may_not_be_offered_any_more_is_neither_found_nor_shown(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    mark = new_id().hex
    product_id = await published(owner, operator, regulator, title_en=f"Air {mark}")
    resource = f"/v1/resources/{(await operator.get(f'/v1/products/{product_id}'))['resource_id']}"
    assessment = {"kind": "risk", "sha256": "a" * 64}
    await owner.post(f"{resource}/assessments", assessment)
    raised = {"column": "pm25", "classification": "IMPORTANT", **REASON}
    await owner.post(f"{resource}/column-gradings/raise", raised)
    assert await found(client, q=mark) == [product_id]
    ends = datetime.now(UTC) + timedelta(seconds=0.4)
    await owner.post(f"{resource}/assessments", assessment | {"valid_until": ends.isoformat()})
    await asyncio.sleep((ends - datetime.now(UTC)).total_seconds() + 0.01)
    assert (await client.get(f"/v1/catalogue/{product_id}")).status_code == 409
    assert await found(client, q=mark) == []
    await owner.post(f"{resource}/assessments", assessment)
    assert await found(client, q=mark) == [product_id]


async def test_a_change_of_the_rules_counts_for_the_next_search(
    database: TestDatabase, settings: Settings, app: Litestar, bargain: Bargain
) -> None:
    connection = await asyncpg.connect(database.owner_url)
    async with another_process(settings, app) as follower:
        try:
            assert await freshness_of(follower, bargain.product_id) == "on_time"
            await connection.execute(TOLERATE, "-100")
            strict = await freshness_of(follower, bargain.product_id)
            await connection.execute(TOLERATE, "50")
            assert strict == "late"
            assert await freshness_of(follower, bargain.product_id) == "on_time"
        finally:
            await connection.close()


async def freshness_of(follower: CatalogueFollower, product_id: str) -> str:
    index = await follower.get_index()
    results = index.search(parse_query(""), {}, CatalogueSort.NEWEST, 200, None)
    (fresh,) = [fresh for item, fresh in results.shown if json.loads(item + b"}")["id"] == product_id]
    return fresh


async def test_every_table_that_is_read_notes_its_changes(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.owner_url)
    try:
        rows = await connection.fetch(
            "SELECT tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE proname = 'note_catalogue_change'"
        )
    finally:
        await connection.close()
    source = Path(repository.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r"(?:FROM|JOIN) ([a-z_]+) ", source)) - {"catalogue_changes"}
    # A price plan never changes: another one is attached. The rules in force are asked for by every search.
    assert read - {"price_plans", "rulebook_parameters"} <= {row[0] for row in rows}
    assert "data_products" in read


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


async def test_a_page_says_where_data_comes_from_what_it_is_like_and_what_it_costs(
    owner: Party, operator: Party, regulator: Party, client: httpx.AsyncClient
) -> None:
    product_id = await published(owner, operator, regulator)
    answer = await client.get(f"/v1/catalogue/{product_id}")
    page = answer.json()
    chain = page["authorisation_chain"]
    assert chain["source_agency"]["name"]["en"] == "Test owner"
    assert chain["operator"]["organisation_id"] == str(operator.organisation_id)
    assert chain["right"]["kind_label"] == {"zh": "数据持有权", "en": "right to hold"}
    assert (chain["right"]["legal_basis"], chain["valid_until"]) == (
        "环境保护法第十七条",
        "2029-01-01T00:00:00Z",
    )
    assert "granted_by" not in answer.text
    looked_up = await client.get(f"/v1/registrations/{page['registration']['code']}")
    assert (looked_up.status_code, looked_up.json()["owner_id"]) == (200, page["owner_id"])
    assert page["registration"]["valid_until"] == looked_up.json()["valid_until"]
    assert page["registration"]["status"] == "in_force"
    profile = {column["name"]: column for column in page["profile"]}
    assert (profile["pm25"]["minimum"], profile["pm25"]["masked"]) == ("0.5", False)
    assert profile["phone"] == {
        "name": "phone", "nulls": 0, "distinct": None, "minimum": None, "maximum": None, "quantiles": [],
        "histogram": [],
        "top_values": [],
        "masked": True,
    }  # fmt: skip
    assert "1380000" not in answer.text
    assert [(point["number"], point["grade"]) for point in page["quality_trend"]] == [(1, page["grade"])]
    assert page["price_in_words"] == [
        {
            "zh": "每次调用0.05 CNY；每个计费周期的前100次免费。",
            "en": "0.05 CNY for each call; the first 100 calls of each billing period are free.",
        },
        {"zh": "每行数据0.001 CNY。", "en": "0.001 CNY for each row."},
    ]
    terms = " ".join(term["en"] for term in page["terms_in_words"])
    for told in (
        "industry development, public welfare",
        "Free of charge for public welfare",
        "310000",
        "2029-01-01",
    ):
        assert told in terms
    tag = answer.headers["etag"]
    same = await client.get(f"/v1/catalogue/{product_id}", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    other = await client.get(f"/v1/catalogue/{product_id}", headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.json()) == (200, page)


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
    [
        ("q=%00", 400),
        ("q=%ED%A0%80", 200),
        ("q=%25", 200),
        ("theme=%00", 400),
        ("q=" + "a" * 500, 400),
        ("q=a", 200),
        ("q=%F0%9F%98%80", 200),
        ("q=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7", 200),
        ("q=of%20the", 200),
        ("q=%27%29%3B%20DROP%20TABLE%20data_products%3B--", 200),
        ("q=air%20%26%20!quality%20%7C%20%3A*", 200),
        ("q=" + "(" * 200, 200),
        ("limit=0", 400),
        ("limit=201", 400),
        ("sort=rank", 400),
        ("owner=x", 400),
        ("grade=AA", 200),
        ("grade=%22%2C%22x%22%3A%5B&theme=%5C", 200),
        ("region=31", 400),
        ("region=abc", 400),
        ("region=%EF%BC%93%EF%BC%91%EF%BC%90%EF%BC%90%EF%BC%90%EF%BC%90", 400),
        ("&".join(f"theme=t{n}" for n in range(60)), 400),
        ("freshness=stale", 400),
        ("theme=weather&theme=weather", 200),
    ],
)
async def test_odd_queries_are_no_fault(client: httpx.AsyncClient, query: str, status: int) -> None:
    answer = await client.get(f"/v1/catalogue?{query}")
    assert answer.status_code == status, answer.text
    assert answer.json()


@pytest.mark.parametrize("query", ["theme=nothing", "q=" + "空" * 200])
async def test_what_nothing_fits_finds_nothing(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/catalogue?{query}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_notes_of_a_restored_database_are_no_changes(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.owner_url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        subject = new_id()
        far = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000"
        await connection.execute(f"INSERT INTO catalogue_changes VALUES ({far}, $1)", subject)
        found = await connection.fetchrow(repository.CHANGED, "1:1:", [])
        assert found is not None
        assert found["subjects"]
        assert subject not in found["subjects"]
        await transaction.rollback()
    finally:
        await connection.close()
