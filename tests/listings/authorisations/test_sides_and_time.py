"""Several source agencies under one authorisation, the fields that they are of, and offers whose time is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from contracts.amendments import jobs as amendment_jobs
from infra.auth import OrganisationKind
from infra.db import SessionMaker
from listings.authorisations import jobs
from tests.support.application import job_context
from tests.support.database import TestDatabase
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import STEP, active_authorisation, authorisation_body, granted, held_resource

PATH = "/v1/authorisations"
REASON = {"reason": "Out of time"}
GROUND = {"reason": "The plan was changed", "legal_basis": "示范市公共数据授权运营实施方案（修订）"}

Overdue = Callable[[str, str], Awaitable[None]]


@pytest.fixture
async def shared(owner: Party, operator: Party, party: PartyMaker) -> tuple[Party, str]:
    """Another source agency, and an offer of the authorising body that covers a resource of each."""
    agency = await party(OrganisationKind.OWNER)
    ids = [await held_resource(one) for one in (owner, agency)]
    body = operator.authorising_body
    assert body is not None
    offered = await body.post(PATH, authorisation_body(operator, *ids, exclusive=True))
    assert offered["status"] == "offered"
    return agency, f"{PATH}/{offered['id']}"


async def both(*sent: tuple[Party, str, dict[str, Any]]) -> list[httpx.Response]:
    """What each was answered, all at once."""
    return await asyncio.gather(*(who.http.post(path, json=body) for who, path, body in sent))


async def test_every_source_agency_consents_and_the_last_one_counts(
    owner: Party, operator: Party, shared: tuple[Party, str]
) -> None:
    agency, path = shared
    body = operator.authorising_body
    assert body is not None
    early = await body.post(f"{path}/grant", STEP, status=409)
    assert "/consent" in early["remedy"]
    assert {answer.status_code for answer in await both((owner, f"{path}/consent", STEP),
                                                       (agency, f"{path}/consent", STEP))} == {200}  # fmt: skip
    shown = await operator.get(path)
    assert (shown["status"], shown["waits_for"]) == ("consented", [str(body.organisation_id)])
    again = await owner.post(f"{path}/consent", STEP, status=409)
    assert slug(again) == "authorisation-state"
    await body.post(f"{path}/grant", STEP, status=200)
    accepted = await operator.post(f"{path}/acceptance", STEP, status=200)
    agencies = [one["organisation_id"] for one in accepted["signatures"] if one["side"] == "source_agency"]
    assert sorted(agencies) == sorted(str(one.organisation_id) for one in (owner, agency))


async def test_one_source_agency_that_declines_ends_the_offer(
    owner: Party, operator: Party, shared: tuple[Party, str], party: PartyMaker
) -> None:
    agency, path = shared
    consented, declined = await both(
        (owner, f"{path}/consent", STEP), (agency, f"{path}/refusal", {"reason": "Not ours to give"})
    )
    assert declined.status_code == 200
    assert consented.status_code in (200, 409)
    assert (await owner.get(path))["status"] == "declined"
    refused = await owner.post(f"{path}/consent", STEP, status=409)
    assert slug(refused) == "authorisation-state"
    # What it had reserved is free.
    rival = await party(OrganisationKind.OPERATOR)
    own = (await owner.get(path))["resource_ids"]
    mine = [one["id"] for one in (await owner.get("/v1/resources"))["items"] if one["id"] in own]
    await owner.post(PATH, authorisation_body(rival, *mine, exclusive=True))


async def test_a_field_is_neither_more_nor_less_than_its_resources(owner: Party, operator: Party) -> None:
    air, buses = [await held_resource(owner, domain=domain) for domain in ("environment", "transport")]
    ground = {"mode": "by_field", "scenarios": ["all"]}
    fewer = authorisation_body(operator, air, buses, domains=["environment"], **ground)
    assert slug(await owner.post(PATH, fewer, status=422)) == "authorisation-mode"
    offered = await owner.post(PATH, fewer | {"domains": ["environment", "transport"]})
    await granted(offered["id"], operator)
    path = f"{PATH}/{offered['id']}"
    await operator.post(f"{path}/acceptance", STEP, status=200)
    preview = f"{path}/amendment-previews"
    left = await owner.post(preview, {"resource_ids": [air]}, status=422)
    assert slug(left) == "authorisation-mode"
    shown = await owner.post(preview, {"resource_ids": [air], "domains": ["environment"]}, status=200)
    assert shown["text"]["domains"] == ["environment"]


@pytest.fixture
def overdue(database: TestDatabase) -> Overdue:
    """Lets the time to sign something pass."""

    async def pass_time(table: str, row_id: str) -> None:
        connection = await asyncpg.connect(database.owner_url)
        try:
            async with connection.transaction():
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                await connection.execute(
                    f"UPDATE {table} SET answer_by = now() - interval '1 second' WHERE id = $1", UUID(row_id)
                )
                await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        finally:
            await connection.close()

    return pass_time


async def test_an_offer_that_is_not_signed_in_time_is_signed_by_nobody_and_reserves_nothing(
    owner: Party, operator: Party, party: PartyMaker, overdue: Overdue, app: Litestar, sessions: SessionMaker
) -> None:
    resource_id = await held_resource(owner)
    body = authorisation_body(operator, resource_id, exclusive=True)
    first = await owner.post(PATH, body)
    await granted(first["id"], operator)
    await overdue("authorisations", first["id"])
    late = await operator.post(f"{PATH}/{first['id']}/acceptance", STEP, status=409)
    assert (slug(late), "lapsed" in late["detail"]) == ("authorisation-state", True)
    # Its remedy, without waiting for the worker: offered anew, it lapses by that, and of two at once one comes about.
    rival = await party(OrganisationKind.OPERATOR)
    answers = await asyncio.gather(
        *(
            owner.http.post(PATH, json=one, headers={"Idempotency-Key": who})
            for who, one in (("one", body), ("two", body | {"operator_id": str(rival.organisation_id)}))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert slug(next(answer.json() for answer in answers if answer.status_code == 409)) == (
        "authorisation-exclusivity"
    )
    assert (await operator.get(f"{PATH}/{first['id']}", status=200))["status"] == "lapsed"
    # The worker ends what nobody offers anew, and a signature at that moment comes too late.
    second = next(answer.json() for answer in answers if answer.status_code == 201)
    await overdue("authorisations", second["id"])
    _, signed = await asyncio.gather(
        jobs.lapse_overdue(job_context(app, sessions), {}),
        operator.authorising_body.http.post(f"{PATH}/{second['id']}/grant", json=STEP),  # type: ignore[union-attr]
    )
    assert signed.status_code == 409
    await jobs.lapse_overdue(job_context(app, sessions), {})
    assert (await owner.get(f"{PATH}/{second['id']}"))["status"] == "lapsed"


async def test_an_amendment_that_has_lapsed_is_neither_signed_nor_in_the_way(
    owner: Party, operator: Party, overdue: Overdue, app: Litestar, sessions: SessionMaker
) -> None:
    one = await active_authorisation(owner, operator, await held_resource(owner))
    path = f"{PATH}/{one}"

    async def proposed(region: str) -> dict[str, Any]:
        shown = await owner.post(f"{path}/amendment-previews", {"regions": [region]}, status=200)
        sent = {"regions": [region], "preview_digest": shown["digest"]} | GROUND
        return await owner.post(f"{path}/amendments", sent)

    first = await proposed("310100")
    await overdue("authorisation_amendments", first["id"])
    signature = f"{path}/amendments/{first['id']}/signature"
    late = await owner.post(signature, STEP, status=409)
    assert (slug(late), late["remedy"]) == ("amendment-state", "Propose it anew.")
    # The remedy, followed at once.
    second = await proposed("310200")
    assert (await owner.get(f"{path}/amendments/{first['id']}"))["status"] == "lapsed"
    assert slug(await owner.post(signature, STEP, status=409)) == "amendment-state"
    await overdue("authorisation_amendments", second["id"])
    await amendment_jobs.lapse_overdue(job_context(app, sessions), {})
    assert (await owner.get(f"{path}/amendments/{second['id']}"))["status"] == "lapsed"
    assert slug(await owner.post(f"{path}/amendments/{second['id']}/refusal", REASON, status=409)) == (
        "amendment-state"
    )
