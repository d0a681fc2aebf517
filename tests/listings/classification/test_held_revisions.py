"""A new file with what may not be offered: held back by itself, while the last good one serves."""

from uuid import UUID

import asyncpg
import httpx

from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.editions import decide, drafted
from tests.support.products import CSV, settle_quality, upload

REASON = {"reason": "As the assessment of 3 March found"}
HARM = {"impact_object": "public_interest", "impact_degree": "general", **REASON}
WIDER = b"station,time,pm25,phone,depot\n" + b"".join(
    b"S%d,2026-01-%02dT00:00:00Z,%d.5,1380000%04d,D%d\n" % (n % 7, n % 28 + 1, n % 90, n, n % 5)
    for n in range(60)
)


async def resource_of(bargain: Bargain) -> str:
    return str((await bargain.operator.get(f"/v1/products/{bargain.product_id}"))["resource_id"])


async def test_a_file_with_a_core_column_is_held_while_the_last_good_one_serves(
    bargain: Bargain, client: httpx.AsyncClient
) -> None:
    _, token = await bargain.licensed()
    gradings = f"/v1/resources/{await resource_of(bargain)}/column-gradings"
    core = {"column": "Depot", "classification": "CORE", **REASON}
    await bargain.regulator.post(f"{gradings}/raise", core)
    held = await upload(bargain.operator, bargain.product_id, WIDER)
    await settle_quality(bargain.operator, held["id"])
    assert (await bargain.read(token)).status_code == 200
    page = (await client.get(f"/v1/catalogue/{bargain.product_id}")).json()
    assert "depot" not in {column["name"] for column in page["dictionary"]}
    told = await bargain.operator.get(f"/v1/revisions/{held['id']}")
    assert "核心数据" in str(told["stopped"]), "the operator reads why"
    # Neither a look nor another column's class lets it go or stops the product for it.
    again = f"/v1/products/{bargain.product_id}/classification-recheck"
    await bargain.operator.post(again, status=200)
    assert (await bargain.read(token)).status_code == 200
    asked = await bargain.owner.post(gradings, {"column": "depot", "classification": "GENERAL", **HARM})
    await bargain.regulator.post(f"{gradings}/{asked['id']}/approval", REASON, status=200)
    page = (await client.get(f"/v1/catalogue/{bargain.product_id}")).json()
    assert "depot" in {column["name"] for column in page["dictionary"]}


async def test_a_caller_is_told_that_what_is_left_may_not_be_offered(bargain: Bargain) -> None:
    _, token = await bargain.licensed()
    good = (await bargain.operator.get(f"/v1/products/{bargain.product_id}/revisions"))["items"][0]
    raised = f"/v1/resources/{await resource_of(bargain)}/column-gradings/raise"
    await bargain.regulator.post(raised, {"column": "depot", "classification": "CORE", **REASON})
    held = await upload(bargain.operator, bargain.product_id, WIDER)
    await settle_quality(bargain.operator, held["id"])
    await bargain.operator.post(f"/v1/revisions/{good['id']}/recall", REASON, status=200)
    problem = (await bargain.read(token)).json()
    assert problem["type"].endswith("revision-suspended")
    assert "may not be offered" in problem["detail"]
    assert "uploaded other data" in problem["remedy"]
    assert "Ask the" not in problem["remedy"], "nobody lifts it by hand"


async def test_the_history_of_revisions_tells_nothing_of_columns_whose_values_are_hidden(
    bargain: Bargain, client: httpx.AsyncClient
) -> None:
    later = CSV.replace(b",5.5,", b",875.5,")
    await settle_quality(bargain.operator, (await upload(bargain.operator, bargain.product_id, later))["id"])

    async def told() -> set[str]:
        history = (await client.get(f"/v1/catalogue/{bargain.product_id}/revisions")).json()["items"]
        return {one["name"] for one in history[0]["values"]}

    assert "pm25" in await told()
    resource = f"/v1/resources/{await resource_of(bargain)}"
    await bargain.owner.post(
        f"{resource}/assessments",
        {"kind": "risk", "sha256": "b" * 64, "note": "Assessed by the security office: risks acceptable"},
    )
    important = {"column": "pm25", "classification": "IMPORTANT", **REASON}
    await bargain.owner.post(f"{resource}/column-gradings/raise", important)
    assert "pm25" not in await told()


async def test_an_edition_that_lets_a_held_revision_go_tells_of_it_once(
    bargain: Bargain, database: TestDatabase
) -> None:
    async def told() -> int:
        counted = "SELECT count(*) FROM events WHERE kind = 'revision.published' AND subject_id = $1"
        connection = await asyncpg.connect(database.service_url)
        try:
            return int(await connection.fetchval(counted, UUID(held["id"])))
        finally:
            await connection.close()

    async def described(**depot: str) -> None:
        """Bring an edition into force that describes the column that is to come."""
        edition = await drafted(bargain.operator, bargain.product_id)
        columns = [*product["dictionary"], {"name": "depot", "title_zh": "车场", "title_en": "Depot"} | depot]
        await bargain.operator.put(f"/v1/editions/{edition['id']}/dictionary", {"columns": columns})
        edition = await bargain.operator.post(f"/v1/editions/{edition['id']}/submission", status=200)
        await decide(bargain.regulator, edition, "approval")

    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    gradings = f"/v1/resources/{product['resource_id']}/column-gradings"
    core = {"column": "depot", "classification": "CORE", **REASON}
    await bargain.regulator.post(f"{gradings}/raise", core)
    held = await upload(bargain.operator, bargain.product_id, WIDER)
    await settle_quality(bargain.operator, held["id"])
    await described(classification="CORE")
    asked = await bargain.owner.post(gradings, {"column": "depot", "classification": "GENERAL", **HARM})
    await bargain.regulator.post(f"{gradings}/{asked['id']}/approval", REASON, status=200)
    assert await told() == 0
    await described()
    assert await told() == 1
