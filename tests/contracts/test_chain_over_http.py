"""Every link of the chain is broken and mended over HTTP on one API process, and felt by the next call on another."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from contracts.chain import ChainOfLinks
from infra.auth import OrganisationKind
from infra.db import SessionMaker, new_id
from market.delivery.service import REVISION_SECONDS
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import Party, parties
from tests.support.products import published
from tests.support.served import served

pytestmark = pytest.mark.processes


@dataclass(frozen=True, slots=True)
class Link:
    """How a link of the chain is broken and mended.

    :ivar path: what ``/suspension`` and ``/reinstatement`` are added to.
    :ivar who: may do both.
    :ivar status: of a data call while the link is broken.
    :ivar told: what its refusal says besides the reason.
    :ivar remedy: part of what it tells the buyer to do.
    """

    path: str
    who: tuple[str, ...]
    told: str
    remedy: str
    status: int = 403


LINKS = {
    "resource": Link("resources/{resource_id}", ("owner", "regulator"), "resource", "Ask the {who}"),
    "right": Link(
        "resources/{resource_id}/rights/{right_id}", ("owner", "regulator"), "right", "Ask the {who}"
    ),
    "authorisation": Link(
        "authorisations/{authorisation_id}", ("owner", "regulator"), "authorisation", "Ask the {who}"
    ),
    "product": Link("products/{product_id}", ("operator", "regulator"), "product", "Ask the {who}"),
    "revision": Link(
        "revisions/{revision_id}", ("operator", "regulator"), "data", "Ask the {who}", status=404
    ),
    "agreement": Link("contract-reviews/{agreement_id}", ("regulator",), "agreement", "Ask the {who}"),
    "licence": Link("licences/{licence_id}", ("operator", "regulator"), "licence", "Ask the {who}"),
    "owner": Link("organisations/{owner_id}", ("regulator",), "organisation", "Ask the {who}"),
    "operator": Link("organisations/{operator_id}", ("regulator",), "organisation", "Ask the {who}"),
    "buyer": Link(
        "organisations/{buyer_id}",
        ("regulator",),
        "Your organisation is suspended",
        "POST /v1/organisations/{buyer_id}/appeals",
        status=401,
    ),
}


@pytest.fixture(scope="module")
def ports(
    database: TestDatabase, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[int]]:
    """Two API processes on one database and one data folder."""
    with ExitStack() as running:
        yield [
            running.enter_context(served(database, data_dir, MARKET_PUBLIC_BASE_URL="http://market.test"))
            for _ in range(2)
        ]


@dataclass(slots=True)
class Trade:
    """A licensed product, everybody's client of process A, and the buyer's calls of process B."""

    people: dict[str, Party]
    ids: dict[str, str]
    other: httpx.AsyncClient
    token: str

    async def call(self) -> httpx.Response:
        """One data call of process B."""
        path = f"/data/{self.ids['product_id']}/records?limit=1"
        return await self.other.get(path, headers={"Authorization": f"Bearer {self.token}"})

    async def act(self, who: str, link: Link, word: str, reason: str) -> httpx.Response:
        """Break or mend a link on process A."""
        path = f"/v1/{link.path.format(**self.ids)}/{word}"
        headers = {"Idempotency-Key": str(new_id())}
        return await self.people[who].http.post(path, json={"reason": reason}, headers=headers)

    async def renew(self) -> None:
        """Get a new token on process A."""
        issued = await self.people["buyer"].post(f"/v1/licences/{self.ids['licence_id']}/tokens")
        self.token = str(issued["access_token"])

    async def answered(self, status: int) -> httpx.Response:
        """The first call with this status, within the bound that the cache of revisions states."""
        ends = time.monotonic() + REVISION_SECONDS + 1
        while (answer := await self.call()).status_code != status:
            assert time.monotonic() < ends, answer.text
        return answer


@pytest.fixture(scope="module")
async def trade(
    app: Litestar, sessions: SessionMaker, conversions: None, ports: list[int]
) -> AsyncIterator[Trade]:
    kinds = {
        who: OrganisationKind(who) for who in ("owner", "operator", "buyer", "regulator", "platform")
    } | {"other_regulator": OrganisationKind.REGULATOR}
    async with (
        parties(app, sessions) as make,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[1]}") as other,
    ):
        made = {who: await make(kind) for who, kind in kinds.items()}
        product_id = await published(made["owner"], made["operator"], made["regulator"])
        bargain = Bargain(made["owner"], made["operator"], made["buyer"], made["regulator"], product_id)
        agreement, token = await bargain.licensed()
        revisions = await made["operator"].get(f"/v1/products/{product_id}/revisions")
        ids = {name: str(value) for name, value in agreement["document"].items() if name.endswith("_id")} | {
            "agreement_id": agreement["id"],
            "licence_id": agreement["licence_id"],
            "revision_id": revisions["items"][0]["id"],
        }
        people = {}
        for who, party in made.items():
            http = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{ports[0]}", headers=party.http.headers, timeout=20
            )
            people[who] = replace(party, http=http)
        yield Trade(people, ids, other, token)
        for party in people.values():
            await party.http.aclose()


def test_every_link_of_a_licence_is_among_them() -> None:
    above = {link.name.removesuffix("_id") for link in fields(ChainOfLinks)}
    assert above | {"licence", "revision"} == set(LINKS)


@pytest.mark.parametrize("name", LINKS)
async def test_a_link_that_is_broken_on_one_process_stops_the_next_call_on_another_until_it_is_mended(
    trade: Trade, name: str
) -> None:
    link = LINKS[name]
    assert (answer := await trade.call()).status_code == 200, answer.text
    for who in link.who:
        reason = f"The {name} is looked into, {who}"
        broken = await trade.act(who, link, "suspension", reason)
        assert broken.status_code in (200, 201), broken.text
        # Only the cache of revisions may answer for a moment longer; everything else is felt by the very next call.
        refused = await (trade.answered(404) if name == "revision" else trade.call())
        assert refused.status_code == link.status, refused.text
        problem = refused.json()
        assert reason in problem["detail"]
        assert link.told in problem["detail"]
        assert link.remedy.format(who=who, **trade.ids) in problem["remedy"]
        stranger = await trade.act("other_regulator", link, "reinstatement", "not mine")
        assert stranger.status_code == 409, stranger.text
        assert stranger.json()["type"].endswith(":not-stopped")
        mended = await trade.act(who, link, "reinstatement", "nothing was found")
        assert mended.status_code in (200, 201), mended.text
        if name == "buyer":
            await trade.renew()
        served_again = await (trade.answered(200) if name == "revision" else trade.call())
        assert served_again.status_code == 200, served_again.text


async def test_a_token_that_is_revoked_on_one_process_is_refused_by_another_and_a_new_one_is_served(
    trade: Trade,
) -> None:
    tokens = f"/v1/licences/{trade.ids['licence_id']}/tokens"
    listed: list[dict[str, Any]] = (await trade.people["buyer"].get(tokens))["items"]
    for token in listed:
        await trade.people["buyer"].http.delete(f"{tokens}/{token['token_id']}")
    refused = await trade.call()
    assert refused.status_code == 401
    assert "revoked" in refused.json()["detail"]
    assert "POST /v1/licences/" in refused.json()["remedy"]
    await trade.renew()
    assert (await trade.call()).status_code == 200


@pytest.mark.parametrize("name", LINKS)
async def test_nobody_else_breaks_it(trade: Trade, name: str) -> None:
    link = LINKS[name]
    for who in {"owner", "operator", "buyer"} - set(link.who):
        refused = await trade.act(who, link, "suspension", "I would like to")
        assert refused.status_code in (403, 404), (who, refused.text)
        refused = await trade.act(who, link, "reinstatement", "I would like to")
        assert refused.status_code in (403, 404), (who, refused.text)
    assert (await trade.call()).status_code == 200
