"""Data calls through the route: what is answered, what is refused, and what each of it costs."""

import asyncio
from collections import Counter

import httpx
import pytest

from infra import edge
from infra.auth import SYSTEM
from infra.db import SessionMaker, new_id, transaction
from infra.stops import service as stops
from market.delivery import service
from tests.support.delivery import ISSUER, Shop
from tests.support.metering import Connection, LicenceMaker, calls_and_rows, counted, recorded


async def test_a_call_is_answered_metered_and_says_what_it_cost(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 10, "rows": 1000})
    answer = await shop.call(shop.token(licence_id), "filter=station:eq:s1&limit=2&select=id")
    assert answer.status_code == 200
    assert answer.json()["items"] == [{"id": 1}, {"id": 4}]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["usage-units"] == f"calls=1, rows=2, bytes={len(answer.content)}"
    assert answer.headers["ratelimit"] == '"calls";r=9, "rows";r=998'
    assert "usage-repeated" not in answer.headers
    row = await connection.fetchrow("SELECT * FROM usage_records WHERE licence_id = $1", licence_id)
    assert str(row["record_id"]) == answer.headers["usage-record"]
    assert str(row["revision_id"]) == answer.headers["data-revision"]
    assert (row["units_2"], row["units_3"], row["purpose"]) == (2, len(answer.content), "research")
    assert row["client_id"].int == 5


@pytest.mark.parametrize(
    "name", ["Authorization", "Data-Purpose", "Data-Scenario", "Data-Region", "Idempotency-Key"]
)
async def test_a_header_that_decides_the_call_counts_once_or_not_at_all(
    shop: Shop, connection: Connection, make_licence: LicenceMaker, name: str
) -> None:
    licence_id = await make_licence()
    told = {
        "Authorization": f"Bearer {shop.token(licence_id)}",
        "Data-Purpose": "research",
        "Data-Scenario": "insurance",
        "Data-Region": "310000",
        "Idempotency-Key": "one",
    }
    transport = httpx.ASGITransport(app=shop.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        path = f"/data/{shop.product_id}/records"
        twice = await client.get(path, headers=[*told.items(), (name.lower(), told[name])])
        assert twice.status_code == 400
        assert calls_and_rows(await counted(connection, licence_id)) == (0, 0)
        assert (await client.get(path, headers=told)).status_code == 200


MISSPELT = [
    ("Data-Scenario", "Insurance"),
    ("Data-Scenario", "insurance, commerce"),
    ("Data-Scenario", "insurance;q=1"),
    ("Data-Scenario", "保险"),
    ("Data-Scenario", "%69nsurance"),
    ("Data-Scenario", "UTF-8''insurance"),
    ("Data-Scenario", ""),
    ("Data-Scenario", "x" * 10_000),
    ("Data-Region", "310000,320500"),
    ("Data-Region", "310000 320500"),
    ("Data-Region", "上海"),
    ("Data-Region", "３１００００"),
    ("Data-Region", "CN-310000"),
    ("Data-Region", "3" * 10_000),
]


async def test_what_a_call_is_for_is_stated_by_one_code_and_the_refusal_lists_them(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    token = shop.token(licence_id, scenarios=("insurance", "commerce"), regions=("310000", "320500"))
    named = {"Authorization": f"Bearer {token}", "Data-Scenario": "commerce", "Data-Region": "320505"}
    path = f"/data/{shop.product_id}/records"
    transport = httpx.ASGITransport(app=shop.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        for header, value in [*MISSPELT, ("Data-Scenario", None), ("Data-Region", None)]:
            said = named | {header: value}
            told = [(name.encode(), text.encode()) for name, text in said.items() if text is not None]
            refused = await client.get(path, headers=told)
            assert refused.status_code == 403, value
            problem = refused.json()
            assert f"in the header {header}" in problem["remedy"]
            assert problem.get("scenarios", problem.get("regions")) in (
                ["insurance", "commerce"],
                ["310000", "320500"],
            )
            assert len(refused.content) < 1_000, "nothing of what was sent comes back"
        assert calls_and_rows(await counted(connection, licence_id)) == (0, 0)
        assert (await client.get(path, headers=named)).status_code == 200
    row = await connection.fetchrow("SELECT * FROM usage_records WHERE licence_id = $1", licence_id)
    assert (row["scenario"], row["region"]) == ("commerce", "320505")


async def test_a_page_carries_the_headers_of_every_answer_once(
    shop: Shop, make_licence: LicenceMaker
) -> None:
    answer = await shop.call(shop.token(await make_licence()))
    assert answer.status_code == 200
    for name, value in edge.COMPLETE:
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    assert answer.headers.get_list("cache-control") == ["private, no-store"]


async def test_pages_lead_to_the_end_and_every_row_is_counted_once(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    seen: list[int] = []
    token, query = shop.token(licence_id), "limit=50"
    while query:
        page = (await shop.call(token, query)).json()
        seen.extend(item["id"] for item in page["items"])
        query = f"limit=50&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == list(range(120))
    assert calls_and_rows(await counted(connection, licence_id)) == (3, 120)


async def test_a_licence_opens_its_columns_and_nothing_shows_that_there_are_more(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    token = shop.token(licence_id, columns=("station", "id"))
    assert (await shop.call(token, "limit=1")).json()["items"] == [{"id": 0, "station": "s0"}]
    hidden = [await shop.call(token, query) for query in ("select=phone", "filter=phone:eq:138")]
    absent = [await shop.call(token, query) for query in ("select=fhone", "filter=fhone:eq:138")]
    for one, other in zip(hidden, absent, strict=True):
        assert one.status_code == other.status_code == 400
        assert one.text.replace("phone", "fhone") == other.text
        assert one.json()["type"].endswith("column-unknown")
    assert calls_and_rows(await counted(connection, licence_id)) == (1, 1)


async def test_tokens_that_are_not_good_are_refused(shop: Shop, make_licence: LicenceMaker) -> None:
    token = shop.token(await make_licence())
    head, body, signature = token.split(".")
    changed = f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"
    expired = shop.token(await make_licence(), expires_in=-60)
    for bad in (None, "", "nonsense", changed, expired):
        answer = await shop.call(bad)
        assert answer.status_code == 401
        assert answer.json()["type"].endswith("licence-refused")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_of_another_product_opens_nothing_here(shop: Shop, make_licence: LicenceMaker) -> None:
    answer = await shop.call(shop.token(await make_licence(), product_id=new_id()))
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("licence-other-product")


async def test_the_purpose_is_the_licences(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(sole_purpose=None)
    several = shop.token(licence_id, purposes=("research", "credit"))
    assert (await shop.call(several)).status_code == 403
    assert (await shop.call(several, Data_Purpose="marketing")).status_code == 403
    assert (await shop.call(several, Data_Purpose="credit")).status_code == 200
    purposes = await connection.fetch("SELECT purpose FROM usage_records WHERE licence_id = $1", licence_id)
    assert [row["purpose"] for row in purposes] == ["credit"]


async def test_over_the_quota_nothing_is_answered_and_a_smaller_call_still_is(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"rows": 60})
    token = shop.token(licence_id)
    assert (await shop.call(token, "limit=50")).status_code == 200
    refused = await shop.call(token, "limit=50")
    assert refused.status_code == 429
    assert refused.json()["left"] == {"rows": 10}
    assert "items" not in refused.json()
    assert (await shop.call(token, "limit=10")).headers["ratelimit"] == '"rows";r=0'
    assert calls_and_rows(await counted(connection, licence_id)) == (2, 60)


async def test_a_repeat_is_answered_again_unbilled_and_another_request_is_refused(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    token = shop.token(licence_id)
    first = await shop.call(token, "limit=3", Idempotency_Key="k-1")
    again = await shop.call(token, "limit=3", Idempotency_Key='"k-1"')
    assert again.content == first.content
    assert again.headers["usage-record"] == first.headers["usage-record"]
    assert again.headers["usage-repeated"] == "true"
    other = await shop.call(token, "limit=4", Idempotency_Key="k-1")
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert (await shop.call(token, Idempotency_Key="not visible\tascii")).status_code == 400
    assert calls_and_rows(await counted(connection, licence_id)) == (1, 3)


async def test_a_stop_takes_effect_at_the_next_call(
    shop: Shop, make_licence: LicenceMaker, sessions: SessionMaker
) -> None:
    agreement_id = new_id()
    token = shop.token(await make_licence(agreement_id=agreement_id))
    assert (await shop.call(token)).status_code == 200
    async with transaction(sessions) as session:
        await stops.place(
            session,
            SYSTEM,
            subject_kind="agreement",
            subject_id=agreement_id,
            reason="Use beyond the purpose",
        )
    refused = await shop.call(token)
    assert refused.status_code == 403
    assert refused.json()["reason"] == "Use beyond the purpose"


async def test_a_new_revision_is_read_within_a_second(
    shop: Shop, make_licence: LicenceMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "REVISION_SECONDS", 0.05)
    token = shop.token(await make_licence())
    assert len((await shop.call(token)).json()["items"]) == 50
    shop.publish(rows=7)
    await asyncio.sleep(0.06)
    assert len((await shop.call(token)).json()["items"]) == 7


async def test_many_at_once_make_a_page_once_and_are_all_metered(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"calls": 150})
    token = shop.token(licence_id)
    answers = await asyncio.gather(*(shop.call(token) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {200: 150, 429: 50}
    records = {answer.headers["usage-record"] for answer in answers if answer.status_code == 200}
    assert len(records) == 150
    used = await counted(connection, licence_id)
    assert await recorded(connection, licence_id) == used
    assert calls_and_rows(used) == (150, 7500)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("limit=0", "query-refused"),
        ("filtre=id:eq:1", "query-refused"),
        ("filter=id:eq:one", "query-refused"),
        ("cursor=x", "query-refused"),
        ("select=%ff", "query-refused"),
        ("select=", "column-unknown"),
    ],
)
async def test_a_query_that_cannot_be_read_costs_nothing(
    shop: Shop, connection: Connection, make_licence: LicenceMaker, query: str, slug: str
) -> None:
    licence_id = await make_licence()
    answer = await shop.call(shop.token(licence_id), query)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith(slug)
    assert calls_and_rows(await counted(connection, licence_id)) == (0, 0)
