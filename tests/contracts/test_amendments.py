"""An authorisation is narrowed and widened by amendments that every side signs; what falls outside ends at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.auth import OrganisationKind
from infra.db import new_id
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import STEP, active_authorisation, authorisation_body, held_resource

GROUND = {"reason": "The plan was changed", "legal_basis": "示范市公共数据授权运营实施方案（修订）"}
PATH = "/v1/authorisations"


async def authorisation_of(bargain: Bargain) -> str:
    product = await bargain.operator.get(f"/v1/products/{bargain.product_id}")
    return str(product["authorisation_id"])


async def proposed(party: Party, authorisation_id: str, **changes: Any) -> dict[str, Any]:
    """An amendment, its preview looked at and confirmed."""
    path = f"{PATH}/{authorisation_id}"
    shown = await party.post(f"{path}/amendment-previews", changes, status=200)
    body = changes | GROUND | {"preview_digest": shown["digest"]}
    return await party.post(f"{path}/amendments", body)


async def signed(amendment: dict[str, Any], *parties: Party | None) -> dict[str, Any]:
    """Signed by these, in their order; the last answer."""
    path = f"{PATH}/{amendment['authorisation_id']}/amendments/{amendment['id']}/signature"
    for party in parties:
        assert party is not None
        amendment = await party.post(path, STEP, status=200)
    return amendment


async def test_narrowing_ends_what_falls_outside_and_nothing_else(bargain: Bargain) -> None:
    authorisation_id = await authorisation_of(bargain)
    path = f"{PATH}/{authorisation_id}"
    body = bargain.operator.authorising_body
    assert body is not None
    inside, inner = await bargain.licensed(columns=["station"], regions=["310100"])
    outside, outer = await bargain.licensed(columns=["station", "pm25"], regions=["310200"])
    waiting = await bargain.order(columns=["pm25"])
    changes = {"columns": ["station", "time", "phone"]}
    for party, named in ((bargain.owner, True), (bargain.operator, True), (body, False)):
        stops = (await party.post(f"{path}/amendment-previews", changes, status=200))["stops"]
        assert (stops["products"], stops["licences"], stops["agreements"]) == (0, 1, 1)
        assert stops["named_licences"] == ([outside["licence_id"]] if named else [])
        assert stops["named_agreements"] == ([waiting["id"]] if named else [])
    amendment = await proposed(body, authorisation_id, **changes)
    assert amendment["waits_for"] == [str(bargain.owner.organisation_id)]
    early = await body.post(f"{path}/amendments/{amendment['id']}/signature", STEP, status=409)
    assert slug(early) == "amendment-state"
    amendment = await signed(amendment, bargain.owner, body)
    assert (await bargain.read(outer)).status_code == 200, "nothing changes before the last signature"
    amendment = await signed(amendment, bargain.operator)
    assert (amendment["status"], amendment["waits_for"]) == ("effective", [])
    refused = await bargain.read(outer)
    assert (refused.status_code, slug(refused.json())) == (403, "licence-stopped")
    assert (await bargain.read(inner)).status_code == 200
    licence = await bargain.buyer.get(f"/v1/licences/{outside['licence_id']}")
    assert (licence["live"], len(licence["stopped"])) == (False, 1)
    assert GROUND["reason"] in licence["stopped"][0]
    # Nobody lifts it, not even who signed last; what waited cannot be concluded, and the column is not sold any more.
    lifted = await bargain.operator.post(
        f"/v1/licences/{outside['licence_id']}/reinstatement", {"reason": "please"}, status=409
    )
    assert slug(lifted) == "not-stopped"
    signature = {"digest": waiting["digest"]}
    await bargain.operator.post(f"/v1/agreements/{waiting['id']}/signatures", signature)
    late = await bargain.buyer.post(f"/v1/agreements/{waiting['id']}/signatures", signature, status=409)
    assert slug(late) == "outside-authorisation"
    assert f"POST /v1/agreements/{waiting['id']}/termination" in late["remedy"]
    await bargain.buyer.post("/v1/agreements", bargain.order_body(columns=["pm25"]), status=422)
    revision = (await bargain.buyer.get(f"/v1/catalogue/{bargain.product_id}/revisions"))["items"][0]["id"]
    pinned = await bargain.order(revision=revision, valid_until="2027-01-31T00:00:00Z")
    assert pinned["document"]["columns"] == ["station", "time", "phone"]
    shown = await bargain.buyer.get(f"/v1/catalogue/{bargain.product_id}")
    assert "pm25" not in {column["name"] for column in shown["dictionary"]} | set(shown["sample"][0])
    versions = (await bargain.owner.get(f"{path}/versions"))["items"]
    assert [(one["number"], one["text"]["columns"]) for one in versions] == [
        (1, None),
        (2, sorted(changes["columns"])),
    ]
    assert versions[1]["digest"] == amendment["digest"]
    assert (await bargain.owner.get(path))["digest"] == amendment["digest"]
    decisions = await bargain.owner.get(f"{path}/decisions")
    assert decisions["items"][0]["action"] == "authorisation.amended"
    assert inside["document"]["regions"] == ["310100"]


@pytest.mark.parametrize(
    "changes",
    [
        {"regions": ["310200"]},
        {"scenarios": ["commerce"]},
        {"purposes": ["public_welfare"]},
        {"valid_until": (datetime.now(UTC) + timedelta(days=30)).isoformat()},
    ],
    ids=["region", "scenario", "purpose", "term"],
)
async def test_each_way_to_narrow_ends_the_licence(bargain: Bargain, changes: dict[str, Any]) -> None:
    authorisation_id = await authorisation_of(bargain)
    _, token = await bargain.licensed(regions=["310100"])
    amendment = await proposed(bargain.operator, authorisation_id, **changes)
    assert amendment["stops"]["licences"] == 1
    await signed(amendment, bargain.owner, bargain.operator.authorising_body, bargain.operator)
    assert (await bargain.read(token)).status_code == 403


async def test_a_resource_falls_out_and_comes_back(bargain: Bargain) -> None:
    authorisation_id = await authorisation_of(bargain)
    resource_id = (await bargain.operator.get(f"/v1/products/{bargain.product_id}"))["resource_id"]
    other = await held_resource(bargain.owner)
    body = bargain.operator.authorising_body
    _, token = await bargain.licensed()
    listing = f"/v1/catalogue/{bargain.product_id}"
    sides = (bargain.owner, body, bargain.operator)
    out = await proposed(bargain.owner, authorisation_id, resource_ids=[other])
    assert [one["id"] for one in out["stops"]["named_products"]] == [bargain.product_id]
    await signed(out, *sides)
    assert (await bargain.read(token)).status_code == 403
    await bargain.buyer.get(listing, status=404)
    await bargain.operator.get(f"/v1/resources/{resource_id}", status=404)
    # Cancelling the registration of what fell out would stop no authorisation.
    cancellation = f"/v1/resources/{resource_id}/cancellation"
    assert (await bargain.owner.get(cancellation))["authorisations"] == []
    # The operator's own lift brings nothing back while the resource is out.
    lift = f"/v1/products/{bargain.product_id}/reinstatement"
    await bargain.operator.post(lift, {"reason": "Resource is back"}, status=200)
    await bargain.buyer.get(listing, status=404)
    back = await proposed(bargain.owner, authorisation_id, resource_ids=[resource_id, other])
    assert (back["stops"]["products"], back["stops"]["licences"]) == (0, 0)
    await signed(back, *sides)
    await bargain.buyer.get(listing)
    stops = (await bargain.owner.get(cancellation))["authorisations"]
    assert [one["id"] for one in stops] == [authorisation_id]
    assert (await bargain.read(token)).status_code == 403, "what ended stays ended"
    _, anew = await bargain.licensed()
    assert (await bargain.read(anew)).status_code == 200


async def test_widening_needs_the_new_source_agency(bargain: Bargain, party: PartyMaker) -> None:
    authorisation_id = await authorisation_of(bargain)
    own = (await bargain.owner.get(f"{PATH}/{authorisation_id}"))["resource_ids"]
    agency = await party(OrganisationKind.OWNER)
    theirs = await held_resource(agency)
    changes = {"resource_ids": [*own, theirs]}
    path = f"{PATH}/{authorisation_id}"
    await bargain.owner.post(f"{path}/amendment-previews", changes, status=404)
    await agency.get(path, status=404)
    body = bargain.operator.authorising_body
    assert body is not None
    amendment = await proposed(body, authorisation_id, **changes)
    assert set(amendment["waits_for"]) == {str(bargain.owner.organisation_id), str(agency.organisation_id)}
    # The new agency sees what it is asked for.
    assert (await agency.get(f"{path}/amendments/{amendment['id']}"))["digest"] == amendment["digest"]
    await signed(amendment, agency, bargain.owner, body, bargain.operator)
    amended = await agency.get(path)
    assert (amended["version"], amended["owner_id"], len(amended["resources"])) == (2, None, 2)
    await bargain.operator.get(f"/v1/resources/{theirs}")
    # Among several, none ends the whole; each can stop its own resource.
    await agency.post(f"{path}/revocation", {"reason": "Out of this"}, status=403)
    await body.post(f"{path}/revocation", {"reason": "All of it"}, status=200)


async def test_what_is_stopped_beyond_the_preview_keeps_it_from_taking_effect(bargain: Bargain) -> None:
    authorisation_id = await authorisation_of(bargain)
    body = bargain.operator.authorising_body
    path = f"{PATH}/{authorisation_id}"
    changes = {"regions": ["310200"]}
    stale = await bargain.owner.post(f"{path}/amendment-previews", changes, status=200)
    amendment = await proposed(bargain.owner, authorisation_id, **changes)
    _, token = await bargain.licensed()
    await signed(amendment, bargain.owner, body)
    assert body is not None
    refused = await bargain.operator.post(f"{path}/amendments/{amendment['id']}/signature", STEP, status=409)
    assert slug(refused) == "amendment-preview"
    assert (await bargain.read(token)).status_code == 200
    open_one = await bargain.owner.post(
        f"{path}/amendments", changes | GROUND | {"preview_digest": stale["digest"]}, status=409
    )
    assert slug(open_one) == "amendment-preview"
    # The remedy: decline it and propose it anew.
    decline = f"{path}/amendments/{amendment['id']}/refusal"
    assert (await bargain.operator.post(decline, {"reason": "Look again"}, status=200))[
        "status"
    ] == "declined"
    again = await proposed(bargain.owner, authorisation_id, **changes)
    await signed(again, bargain.owner, body, bargain.operator)
    assert (await bargain.read(token)).status_code == 403


async def test_of_two_amendments_one_loses_and_what_has_ended_is_not_amended(bargain: Bargain) -> None:
    authorisation_id = await authorisation_of(bargain)
    path = f"{PATH}/{authorisation_id}"
    body = bargain.operator.authorising_body
    shown = [
        await bargain.owner.post(f"{path}/amendment-previews", {"regions": [code]}, status=200)
        for code in ("310100", "310200")
    ]
    answers = await asyncio.gather(
        *(
            bargain.owner.http.post(
                f"{path}/amendments",
                json={"regions": one["text"]["regions"], "preview_digest": one["digest"]} | GROUND,
                headers={"Idempotency-Key": str(new_id())},
            )
            for one in shown
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    amendment = next(answer.json() for answer in answers if answer.status_code == 201)
    unchanged = await bargain.owner.post(f"{path}/amendment-previews", {"regions": ["310000"]}, status=422)
    assert slug(unchanged) == "nothing-amended"
    await signed(amendment, bargain.owner, body)
    # Revocation against the last signature.
    ending = bargain.owner.http.post(f"{path}/revocation", json={"reason": "No longer"})
    signing = bargain.operator.http.post(f"{path}/amendments/{amendment['id']}/signature", json=STEP)
    ended, last = await asyncio.gather(ending, signing)
    assert ended.status_code == 200
    assert last.status_code in (200, 409)
    late = await bargain.operator.post(f"{path}/amendments/{amendment['id']}/signature", STEP, status=409)
    assert slug(late) in ("authorisation-not-live", "amendment-state")
    gone = await bargain.owner.post(f"{path}/amendment-previews", {"regions": ["310200"]}, status=409)
    assert slug(gone) == "authorisation-not-live"


async def test_exclusivity_holds_under_amendment_and_race(owner: Party, party: PartyMaker) -> None:
    """Two operators hold two scenarios of one resource each for itself; both are widened to a third at once."""
    resource_id = await held_resource(owner)
    rivals = [await party(OrganisationKind.OPERATOR) for _ in range(2)]
    body = rivals[0].authorising_body
    held = [
        await active_authorisation(owner, rival, resource_id, exclusive=True, scenarios=[scenario])
        for rival, scenario in zip(rivals, ("commerce", "insurance"), strict=True)
    ]
    wanted = [
        await proposed(owner, one, scenarios=[scenario, "education"])
        for one, scenario in zip(held, ("commerce", "insurance"), strict=True)
    ]
    for amendment in wanted:
        await signed(amendment, owner, body)
    answers = await asyncio.gather(
        *(
            rival.http.post(f"{PATH}/{one}/amendments/{amendment['id']}/signature", json=STEP)
            for rival, one, amendment in zip(rivals, held, wanted, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer.json() for answer in answers if answer.status_code == 409)
    assert slug(loser) in ("authorisation-exclusivity", "conflict")
    other = await party(OrganisationKind.OPERATOR)
    taken = authorisation_body(other, resource_id, exclusive=True, scenarios=["education"])
    assert slug(await owner.post(PATH, taken, status=409)) == "authorisation-exclusivity"
    # Narrowed back, what was given up is free for somebody else.
    winner = next(index for index, answer in enumerate(answers) if answer.status_code == 200)
    first = "commerce" if winner == 0 else "insurance"
    narrowed = await proposed(owner, held[winner], scenarios=[first])
    await signed(narrowed, owner, body, rivals[winner])
    later = taken | {"valid_from": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
    await owner.post(PATH, later)
