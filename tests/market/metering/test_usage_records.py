"""What became of each call, for a licence token and for the people of its parties."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import new_id
from market.metering.answers import AnswerLog
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.parties import PartyMaker

PATH = "/v1/usage-records"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def answers(app: Litestar) -> AnswerLog:
    """What the process under test knows of its answers."""
    log: AnswerLog = app.state.data_plane.answers
    return log


async def settled(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> dict[str, Any]:
    """A record once the process has said what became of it."""
    for _ in range(100):
        found: dict[str, Any] = (await http.get(path, headers=headers)).json()
        if found["status"] != "unconfirmed":
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_a_licence_token_lists_the_calls_of_its_licence(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    _, other_token = await bargain.licensed()
    answers = [await bargain.read(token, f"limit={rows}") for rows in (1, 2, 2)]
    await bargain.read(other_token)
    ids = [answer.headers["usage-record"] for answer in reversed(answers)]
    http = bargain.buyer.http
    first = (await http.get(PATH, params={"limit": 2}, headers=bearer(token))).json()
    rest = (await http.get(PATH, params={"cursor": first["next_cursor"]}, headers=bearer(token))).json()
    assert [item["record_id"] for item in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None
    newest = first["items"][0]
    period = (await bargain.buyer.get(f"/v1/licences/{newest['licence_id']}/usage/periods"))["items"][0]
    assert (newest["agreement_id"], newest["period_month"]) == (agreement["id"], period["period_month"])
    turned = {"since": "2026-12-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    refused = await http.get(PATH, params=turned, headers=bearer(token))
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (400, "usage-span")
    assert refused.json()["remedy"] == "Exchange the two, or leave one of them out."
    assert (newest["licence_id"], newest["purpose"], newest["period_no"]) == (
        agreement["licence_id"],
        "industry",
        1,
    )
    assert (newest["units"]["calls"], newest["units"]["rows"]) == (1, 2)
    moment = datetime.fromisoformat(newest["recorded_at"])
    for span, expected in (
        ({"since": moment.isoformat()}, ids[:1]),
        ({"until": moment.isoformat()}, ids[1:]),
        ({"since": (moment + timedelta(seconds=1)).isoformat()}, []),
    ):
        found = (await http.get(PATH, params=span, headers=bearer(token))).json()
        assert [item["record_id"] for item in found["items"]] == expected
    found = await settled(http, f"{PATH}/{ids[0]}", bearer(token))
    assert (found["status"], found["credit"]) == ("answered", None)


async def test_nobody_sees_the_calls_of_a_licence_that_is_not_theirs(
    bargain: Bargain, party: PartyMaker
) -> None:
    agreement, token = await bargain.licensed()
    _, other_token = await bargain.licensed()
    record = (await bargain.read(token)).headers["usage-record"]
    stranger = await party(OrganisationKind.BUYER)
    named = {"licence_id": agreement["licence_id"]}
    http = bargain.buyer.http
    for headers in (bearer(other_token), dict(stranger.http.headers)):
        assert (await http.get(f"{PATH}/{record}", headers=headers)).status_code == 404
        assert (await http.get(PATH, params=named, headers=headers)).status_code == 404
    unknown = await http.get(f"{PATH}/{new_id()}", headers=bearer(token))
    assert unknown.status_code == 404
    assert "A call that left no record was not billed." in unknown.json()["remedy"]
    refused = await http.get(PATH, headers=bearer("nonsense"))
    assert (refused.status_code, refused.json()["type"][-15:]) == (401, "licence-refused")
    assert (await httpx_without_credentials(http, PATH)).status_code == 401


async def httpx_without_credentials(http: httpx.AsyncClient, path: str) -> httpx.Response:
    request = http.build_request("GET", path)
    request.headers.pop("authorization", None)
    return await http.send(request)


async def test_the_people_of_a_party_name_the_licence(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    record = (await bargain.read(token)).headers["usage-record"]
    for side in (bargain.buyer, bargain.operator, bargain.owner, bargain.regulator):
        found = await side.get(f"{PATH}?licence_id={agreement['licence_id']}")
        assert [item["record_id"] for item in found["items"]] == [record]
        assert (await side.get(f"{PATH}/{record}"))["licence_id"] == agreement["licence_id"]
        unnamed = await side.get(PATH, status=400)
        assert unnamed["remedy"] == "Send licence_id: GET /v1/licences lists your licences."


async def test_a_token_that_was_ended_lists_nothing(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    record = (await bargain.read(token)).headers["usage-record"]
    tokens = await bargain.buyer.get(f"/v1/licences/{agreement['licence_id']}/tokens")
    path = f"/v1/licences/{agreement['licence_id']}/tokens/{tokens['items'][0]['token_id']}"
    assert (await bargain.buyer.http.delete(path)).status_code == 204
    for path in (PATH, f"{PATH}/{record}"):
        answer = await bargain.buyer.http.get(path, headers=bearer(token))
        assert (answer.status_code, answer.json()["reason"]) == (401, "revoked")


async def test_a_call_that_could_not_be_answered_is_shown_as_credited(
    bargain: Bargain, answers: AnswerLog, database: TestDatabase
) -> None:
    agreement, token = await bargain.licensed()
    lost, kept = [(await bargain.read(token, "limit=2")).headers["usage-record"] for _ in range(2)]
    connection = await asyncpg.connect(database.service_url)
    await connection.fetchval(
        "SELECT credit_calls($1, $2, 'unanswered')", [UUID(agreement["licence_id"])], [UUID(lost)]
    )
    await connection.close()
    http = bargain.buyer.http
    found = (await http.get(f"{PATH}/{lost}", headers=bearer(token))).json()
    assert found["status"] == "credited"
    assert (found["credit"]["reason"], found["credit"]["period_no"]) == ("unanswered", 1)
    usage = f"/v1/licences/{agreement['licence_id']}/usage"
    listed = {item["record_id"]: item["status"] for item in (await bargain.buyer.get(usage))["items"]}
    assert listed.pop(lost) == "credited"
    assert set(listed) == {kept}
    hours = (await bargain.buyer.get(f"{usage}/summary"))["items"]
    assert sum(hour["units"]["calls"] for hour in hours) == 2
    assert sum(hour["credited"]["calls"] for hour in hours) == 1
    assert sum(hour["credited"]["rows"] for hour in hours) == 2
