"""A purge meets what is under way: uploads of the same data, checks that end late, copies in other products."""

import asyncio
import gzip
import json
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import AsyncSession, SessionMaker, new_id
from infra.settings import Settings
from listings.purges import repository
from listings.revisions import uploads
from tests.listings.purges.test_purges import CANARY, DATA, ORDER, WHY, libpq
from tests.support.bargain import Bargain
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.products import CSV, draft, settle_quality, upload


def unlawful() -> bytes:
    """Data that no other test has had purged: the same is not taken again, by no product."""
    return DATA + f"S8,2026-02-01T00:00:00Z,1.5,{13_000_000_000 + new_id().int % 10**9}\n".encode()


OTHER = CSV + b"S9,2026-02-01T00:00:00Z,1.5,13800000099\n"


@pytest.fixture
async def officers(app: Litestar, sessions: SessionMaker, bargain: Bargain) -> list[httpx.AsyncClient]:
    """Two officers of the regulator, and one of the platform."""
    people = [
        await make_person(sessions, bargain.regulator.organisation_id, [Role.REGULATOR_OFFICER])
        for _ in range(2)
    ]
    platform = await make_organisation(sessions, OrganisationKind.PLATFORM)
    people.append(await make_person(sessions, platform, [Role.PLATFORM_ADMIN]))
    return [await sign_in(app, person.email) for person in people]


async def ordered(bargain: Bargain, officer: httpx.AsyncClient, *revision_ids: str) -> dict[str, Any]:
    answer = await officer.post(
        f"/v1/products/{bargain.product_id}/purge-orders", json=ORDER | {"revision_ids": revision_ids}
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_the_same_bytes_are_not_taken_while_a_purge_is_confirmed(
    bargain: Bargain, officers: list[httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = unlawful()
    bad = await upload(bargain.operator, bargain.product_id, data)
    await upload(bargain.operator, bargain.product_id, OTHER)
    order = await ordered(bargain, officers[0], bad["id"])
    reached, go_on, registering = asyncio.Event(), asyncio.Event(), asyncio.Event()
    empty_rows, register = repository.empty_rows, uploads._register

    async def slowly(session: AsyncSession, order_id: UUID) -> int:
        reached.set()
        await go_on.wait()
        return await empty_rows(session, order_id)

    async def seen(*arguments: Any) -> UUID:
        registering.set()
        return await register(*arguments)

    monkeypatch.setattr(repository, "empty_rows", slowly)
    monkeypatch.setattr(uploads, "_register", seen)
    confirming = asyncio.create_task(
        officers[1].post(f"/v1/purge-orders/{order['id']}/confirmation", json=WHY)
    )
    await reached.wait()
    uploading = asyncio.create_task(
        bargain.operator.http.post(
            f"/v1/products/{bargain.product_id}/revisions?filename=a.csv", content=data
        )
    )
    await registering.wait()
    early, _ = await asyncio.wait({uploading}, timeout=0.5)
    assert not early, "what is registered waits for the confirmation"
    go_on.set()
    assert (await confirming).status_code == 200
    refused = await uploading
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "data-purged")
    assert "had the data" in refused.json()["detail"]


async def test_the_same_data_is_not_taken_under_an_order_nor_in_another_form(
    bargain: Bargain, officers: list[httpx.AsyncClient]
) -> None:
    data = unlawful()
    bad = await upload(bargain.operator, bargain.product_id, data)
    await upload(bargain.operator, bargain.product_id, OTHER)
    order = await ordered(bargain, officers[0], bad["id"])
    refused = await upload(bargain.operator, bargain.product_id, data, status=409)
    assert refused["type"].endswith(":data-purged")
    assert "ordered" in refused["detail"]
    packed = gzip.compress(data)
    await upload(bargain.operator, bargain.product_id, packed, status=409)
    await officers[0].post(f"/v1/purge-orders/{order['id']}/rejection", json=WHY)
    # What the regulator let be is taken again.
    await upload(bargain.operator, bargain.product_id, data)
    order = await ordered(bargain, officers[0], bad["id"])
    await officers[1].post(f"/v1/purge-orders/{order['id']}/confirmation", json=WHY)
    await upload(bargain.operator, bargain.product_id, packed, status=409)


async def test_copies_of_the_same_data_go_with_it_or_are_named(
    bargain: Bargain, officers: list[httpx.AsyncClient]
) -> None:
    data = unlawful()
    bad = await upload(bargain.operator, bargain.product_id, data)
    await upload(bargain.operator, bargain.product_id, OTHER)
    again = await upload(bargain.operator, bargain.product_id, data)
    other = await draft(bargain.owner, bargain.operator)
    elsewhere = await upload(bargain.operator, other["id"], data)
    order = await ordered(bargain, officers[0], bad["id"])
    assert {one["revision_id"] for one in order["revisions"]} == {bad["id"], again["id"]}
    assert order["copies"] == [{"product_id": other["id"], "revision_id": elsewhere["id"]}]
    confirmed = await officers[1].post(f"/v1/purge-orders/{order['id']}/confirmation", json=WHY)
    assert all(one["purged_at"] for one in confirmed.json()["revisions"])
    other_order = await officers[1].post(f"/v1/products/{other['id']}/purge-orders", json=ORDER)
    assert other_order.status_code == 201, other_order.text


async def test_what_a_check_finds_late_of_purged_data_is_kept_nowhere(
    bargain: Bargain, officers: list[httpx.AsyncClient], settings: Settings
) -> None:
    data = unlawful()
    bad = await upload(bargain.operator, bargain.product_id, data)
    await settle_quality(bargain.operator, bad["id"])
    order = await ordered(bargain, officers[0], bad["id"])
    connection = await asyncpg.connect(libpq(settings))
    rows = json.dumps([{"station": CANARY}])
    draw = (
        "INSERT INTO product_samples (id, product_id, revision_id, spec, mask_rules, classes, rows, drawn_by,"
        " drawn_by_organisation, drawn_at) VALUES ($1, $2, $3, '{}', '{}', '{}', $4, $1, $1, now()) RETURNING rows"
    )
    ids = UUID(bargain.product_id), UUID(bad["id"])
    try:
        drawing = connection.transaction()
        await drawing.start()
        await connection.fetchval(draw, new_id(), *ids, rows)
        confirming = asyncio.create_task(
            officers[2].post(f"/v1/purge-orders/{order['id']}/confirmation", json=WHY)
        )
        done, _ = await asyncio.wait({confirming}, timeout=0.5)
        assert not done, "the purge waits for what is being written of the data"
        await drawing.commit()
        assert (await confirming).status_code == 200
        assert await connection.fetchval(draw, new_id(), *ids, rows) == "[]"
        kept = await connection.fetch("SELECT rows FROM product_samples WHERE revision_id = $1", ids[1])
        assert [row["rows"] for row in kept] == ["[]", "[]"]
    finally:
        await connection.close()
