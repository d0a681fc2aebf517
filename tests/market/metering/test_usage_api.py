"""Usage over HTTP: current to the last call, for the parties and the regulator, for nobody else."""

import asyncpg
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker
from infra.jobs import JobContext
from market.metering import jobs
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import PartyMaker


async def test_every_party_sees_the_same_calls_at_once(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    answers = [await bargain.read(token, f"limit={rows}") for rows in (1, 2, 2)]
    path = f"/v1/licences/{agreement['licence_id']}/usage"
    for side in (bargain.buyer, bargain.operator, bargain.owner, bargain.regulator):
        page = (await side.http.get(path)).json()
        assert [item["record_id"] for item in page["items"]] == [
            answer.headers["usage-record"] for answer in reversed(answers)
        ]
        assert [item["units"]["rows"] for item in page["items"]] == [2, 2, 1]
        assert {(item["units"]["calls"], item["period_no"], item["purpose"]) for item in page["items"]} == {
            (1, 1, "industry")
        }


async def test_usage_comes_in_pages_and_by_period(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    for _ in range(3):
        assert (await bargain.read(token)).status_code == 200
    path = f"/v1/licences/{agreement['licence_id']}/usage"
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await bargain.buyer.http.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen.extend(item["record_id"] for item in page["items"])
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen)) == 3
    assert (await bargain.buyer.http.get(path, params={"period": 2})).json()["items"] == []


async def test_usage_is_summed_up_by_hour(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed(regions=["310000"])
    regions = ["310000", "310100", "310100"]
    answers = [await bargain.read(token, "limit=2", **{"Data-Region": region}) for region in regions]
    path = f"/v1/licences/{agreement['licence_id']}/usage/summary"
    summary = (await bargain.buyer.http.get(path)).json()
    found = summary["items"]
    assert sum(item["units"]["calls"] for item in found) == 3
    assert sum(item["units"]["rows"] for item in found) == 6
    assert sum(item["units"]["bytes"] for item in found) == sum(len(answer.content) for answer in answers)
    assert all(item["hour"].endswith(":00:00Z") for item in found)
    assert {item["scenario"] for item in found} == {"environmental_services"}
    for region in set(regions):
        calls = sum(item["units"]["calls"] for item in found if item["region"] == region)
        assert calls == regions.count(region)


SPANS = [
    ({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}, 200),
    ({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:01Z"}, 400),
    ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 400),
    ({"since": "2026-01-01T00:00:00"}, 400),
    ({"until": "0001-01-01T00:00:00Z"}, 400),
    ({"since": "yesterday"}, 400),
]


async def test_spans_that_cannot_be_summed_up_are_refused(bargain: Bargain) -> None:
    agreement, _ = await bargain.licensed()
    path = f"/v1/licences/{agreement['licence_id']}/usage/summary"
    for span, status in SPANS:
        answer = await bargain.buyer.http.get(path, params=span)
        assert answer.status_code == status, f"{span}: {answer.text}"


async def test_strangers_see_nothing(bargain: Bargain, party: PartyMaker) -> None:
    agreement, _ = await bargain.licensed()
    stranger = await party(OrganisationKind.BUYER)
    for path in ("usage", "usage/summary"):
        answer = await stranger.http.get(f"/v1/licences/{agreement['licence_id']}/{path}")
        assert answer.status_code == 404


@pytest.fixture
def context(app: Litestar, sessions: SessionMaker) -> JobContext:
    return job_context(app, sessions)


async def test_the_job_makes_the_partitions_of_the_months_ahead(
    context: JobContext, database: TestDatabase
) -> None:
    names = "SELECT relname FROM pg_class WHERE relname ~ '^usage_records_p_[0-9]{6}$' ORDER BY 1 DESC"
    owner = await asyncpg.connect(database.owner_url)
    before = await owner.fetch(names)
    await owner.execute(f"DROP TABLE {before[0]['relname']}")
    await jobs.prepare_partitions(context, {})
    assert await owner.fetch(names) == before
    await owner.close()
