"""What a buyer meets who pages, retries or nears the quota's end, and how the message leads on."""

from datetime import UTC, datetime, timedelta

import pytest

from market.delivery import cursors, service
from tests.support.delivery import Shop
from tests.support.metering import Connection, LicenceMaker, calls_and_rows, counted


@pytest.fixture(autouse=True)
def looked_up_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "REVISION_SECONDS", 0.0)


async def test_a_page_without_a_limit_takes_what_is_left(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence(quotas={"rows": 58})
    token = shop.token(licence_id)
    whole = await shop.call(token)
    assert (len(whole.json()["items"]), "page-limit" in whole.headers) == (50, False)
    rest = await shop.call(token, f"cursor={whole.json()['next_cursor']}", Idempotency_Key="k")
    assert (rest.status_code, len(rest.json()["items"])) == (200, 8)
    assert (rest.headers["page-limit"], rest.headers["ratelimit"]) == ("8", '"rows";r=0')
    assert rest.json()["next_cursor"], "and there is more, for a larger quota"
    again = await shop.call(token, f"cursor={whole.json()['next_cursor']}", Idempotency_Key="k")
    assert (again.content, again.headers["usage-repeated"]) == (rest.content, "true")
    used_up = await shop.call(token)
    assert used_up.status_code == 429
    assert used_up.json()["detail"] == "The licence's quota is used up: rows."
    assert used_up.json()["remedy"] == "Order the product again for a larger quota."
    assert calls_and_rows(await counted(connection, licence_id)) == (2, 58)


async def test_few_rows_are_found_although_less_than_the_default_is_left(
    shop: Shop, make_licence: LicenceMaker
) -> None:
    token = shop.token(await make_licence(quotas={"rows": 48}))
    found = await shop.call(token, "filter=id:lt:2")
    assert (found.status_code, len(found.json()["items"]), found.json()["next_cursor"]) == (200, 2, None)
    assert found.headers["ratelimit"] == '"rows";r=46'


async def test_a_limit_that_was_asked_for_is_refused_with_the_one_to_ask_for(
    shop: Shop, make_licence: LicenceMaker
) -> None:
    token = shop.token(await make_licence(quotas={"rows": 48}))
    refused = await shop.call(token, "limit=50")
    assert refused.status_code == 429
    assert refused.json()["detail"] == (
        "The call asks for up to 50 rows, and 48 are left of the licence's quota."
    )
    assert refused.json()["remedy"] == "Send the call with limit=48 at most."
    assert (refused.json()["limit"], refused.json()["left"]) == (48, {"rows": 48})
    assert (await shop.call(token, f"limit={refused.json()['limit']}")).status_code == 200


async def test_without_a_call_left_no_row_is_offered(shop: Shop, make_licence: LicenceMaker) -> None:
    token = shop.token(await make_licence(quotas={"calls": 1, "rows": 60}))
    assert (await shop.call(token, "limit=20")).status_code == 200
    refused = await shop.call(token)
    assert refused.status_code == 429
    assert refused.json()["detail"] == "The licence's quota is used up: calls."
    assert refused.json()["left"] == {"calls": 0, "rows": 40}


@pytest.mark.parametrize("query", ["", "limit=60", "filter=station:eq:s1", "select=station"])
async def test_a_key_answers_with_its_first_page_after_a_new_revision(
    shop: Shop, connection: Connection, make_licence: LicenceMaker, query: str
) -> None:
    licence_id = await make_licence()
    token = shop.token(licence_id)
    first = await shop.call(token, query, Idempotency_Key="k")
    shop.publish(rows=7)
    again = await shop.call(token, query, Idempotency_Key="k")
    assert again.status_code == 200, again.text
    assert again.content == first.content
    for name in ("data-revision", "usage-record", "usage-units"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["usage-repeated"] == "true"
    other = await shop.call(
        token, f"{query}&limit=3" if "limit" not in query else "limit=3", Idempotency_Key="k"
    )
    assert other.status_code == 422, "the key is bound to its request"
    assert calls_and_rows(await counted(connection, licence_id))[0] == 1
    fresh = await shop.call(token, query, Idempotency_Key="new")
    assert fresh.headers["data-revision"] != first.headers["data-revision"]


async def test_a_key_of_a_recalled_revision_says_so_and_a_new_one_reads_on(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    token, first = shop.token(licence_id), shop.revision
    assert first is not None
    assert (await shop.call(token, Idempotency_Key="k")).status_code == 200
    shop.publish(rows=7)
    shop.replace(first, recalled="Its pages cannot be made.")
    refused = await shop.call(token, Idempotency_Key="k")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("revision-recalled")
    assert refused.json()["detail"] == ("The revision that was read was recalled: Its pages cannot be made.")
    assert "new key" in refused.json()["remedy"]
    assert calls_and_rows(await counted(connection, licence_id))[0] == 1
    assert (await shop.call(token, Idempotency_Key="new")).status_code == 200


async def test_pages_lead_to_the_end_of_their_revision_while_newer_ones_come(
    shop: Shop, connection: Connection, make_licence: LicenceMaker
) -> None:
    licence_id = await make_licence()
    token, query = shop.token(licence_id), "limit=40"
    seen: list[int] = []
    revisions = set()
    while query:
        page = await shop.call(token, query)
        assert page.status_code == 200, page.text
        seen.extend(item["id"] for item in page.json()["items"])
        revisions.add(page.headers["data-revision"])
        shop.publish(rows=7)
        following = page.json()["next_cursor"]
        query = f"limit=40&cursor={following}" if following else ""
    assert (seen, len(revisions)) == (list(range(120)), 1)
    assert calls_and_rows(await counted(connection, licence_id)) == (3, 120)


@pytest.mark.parametrize(
    ("recalled", "days", "detail"),
    [
        ("It was wrong.", 0, "The revision that was read was recalled: It was wrong."),
        ("", 0, "The revision that was read was recalled."),
        (None, 31, "The cursor belongs to a revision that was replaced more than 30 days ago."),
    ],
)
async def test_a_cursor_ends_with_its_revision_and_says_why(
    shop: Shop,
    connection: Connection,
    make_licence: LicenceMaker,
    recalled: str | None,
    days: int,
    detail: str,
) -> None:
    licence_id = await make_licence()
    token, first = shop.token(licence_id), shop.revision
    assert first is not None
    cursor = (await shop.call(token)).json()["next_cursor"]
    shop.publish(rows=70)
    shop.replace(first, recalled=recalled, replaced_at=datetime.now(UTC) - timedelta(days=days))
    ended = await shop.call(token, f"cursor={cursor}")
    assert ended.status_code == 409
    assert ended.json()["type"].endswith("cursor-outdated")
    assert ended.json()["detail"] == detail
    assert ended.json()["remedy"].startswith("Start again without a cursor")
    assert calls_and_rows(await counted(connection, licence_id)) == (1, 50)
    assert (await shop.call(token)).status_code == 200


async def test_a_cursor_of_another_product_leads_nowhere(shop: Shop, make_licence: LicenceMaker) -> None:
    token = shop.token(await make_licence())
    shop.revisions.clear()
    cursor = cursors.encode_cursor(shop.product_id, 3)
    assert (await shop.call(token, f"cursor={cursor}")).status_code == 400
