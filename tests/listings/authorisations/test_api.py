"""Authorisations over HTTP: the gates before one, its life, and exclusivity held by the database."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from infra.auth import OrganisationKind
from infra.db import SessionMaker, new_id, transaction
from infra.stops import service as stops
from listings.authorisations.tables import EXCLUSIVITY, AuthorisationCell
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import (
    EVIDENCE,
    STEP,
    active_authorisation,
    authorisation_body,
    granted,
    held_resource,
    registered,
    resource_body,
    right_body,
)

PATH = "/v1/authorisations"


async def test_an_authorisation_is_offered_and_accepted(owner: Party, operator: Party) -> None:
    resource_id = await held_resource(owner)
    offered = await owner.post(
        PATH, authorisation_body(operator, resource_id, columns=["pm25", "station", "pm25"])
    )
    assert offered["status"] == "consented", "whose the resource is has consented by proposing it"
    assert operator.authorising_body is not None
    body_id = str(operator.authorising_body.organisation_id)
    assert offered["waits_for"] == [body_id]
    assert offered["columns"] == ["pm25", "station"]
    assert offered["shares"] == {"owner": 5000, "operator": 4000, "platform": 1000}
    assert offered["scenarios"][0]["label"] == {"zh": "生态环境服务", "en": "environmental services"}
    path = f"{PATH}/{offered['id']}"
    early = await operator.post(f"{path}/acceptance", STEP, status=409)
    assert slug(early) == "authorisation-state"
    await granted(offered["id"], operator)
    accepted = await operator.post(f"{path}/acceptance", STEP, status=200)
    assert accepted["status"] == "active"
    assert accepted["accepted_at"] is not None
    signed = [(one["side"], one["organisation_id"], one["legal_basis"]) for one in accepted["signatures"]]
    assert signed == [
        ("source_agency", str(owner.organisation_id), "示范市公共数据授权运营管理办法第八条"),
        ("authorising_body", body_id, STEP["legal_basis"]),
        ("operator", str(operator.organisation_id), STEP["legal_basis"]),
    ]
    assert {one["digest"] for one in accepted["signatures"]} == {accepted["digest"]}
    assert all(one["rules"] for one in accepted["signatures"])
    assert (accepted["procedure"], accepted["version"], accepted["waits_for"]) == ("three_party", 1, [])
    assert await owner.get(f"{PATH}/{offered['id']}") == accepted
    decisions = (await owner.get(f"{path}/decisions"))["items"]
    assert [one["action"] for one in decisions] == [
        "authorisation.accepted",
        "authorisation.granted",
        "authorisation.consented",
        "authorisation.offered",
    ]
    assert (await operator.get(PATH))["items"] == [accepted]


async def test_nothing_is_authorised_without_a_right_to_hold(owner: Party, operator: Party) -> None:
    resource = await owner.post("/v1/resources", resource_body())
    await registered(owner, resource["id"])
    body = authorisation_body(operator, resource["id"])
    assert slug(await owner.post(PATH, body, status=409)) == "right-missing"
    rights = f"/v1/resources/{resource['id']}/rights"
    await owner.post(rights, right_body(kind="USE"))
    await owner.post(rights, right_body(valid_until="2028-12-31T00:00:00Z"))
    assert slug(await owner.post(PATH, body, status=409)) == "right-missing"
    await owner.post(rights, right_body(valid_until="2029-01-01T00:00:00Z"))
    await owner.post(PATH, body)


async def test_core_data_is_never_authorised_and_important_data_after_assessment(
    owner: Party, operator: Party
) -> None:
    core = await held_resource(owner, classification="CORE", risk_assessment_sha256=EVIDENCE)
    problem = await owner.post(PATH, authorisation_body(operator, core), status=409)
    assert slug(problem) == "resource-not-listable"
    important = await held_resource(owner, classification="IMPORTANT")
    problem = await owner.post(PATH, authorisation_body(operator, important), status=409)
    assert slug(problem) == "resource-not-listable"
    filed = {"kind": "risk", "sha256": EVIDENCE, "note": "Assessed in 2026."}
    await owner.post(f"/v1/resources/{important}/assessments", filed)
    await owner.post(PATH, authorisation_body(operator, important))


async def test_the_term_is_capped_by_the_rulebook(owner: Party, operator: Party) -> None:
    resource_id = await held_resource(owner)
    body = authorisation_body(operator, resource_id, valid_until="2031-01-01T00:00:01Z")
    problem = await owner.post(PATH, body, status=422)
    assert slug(problem) == "authorisation-term"
    assert problem["max_term_years"] == 5
    await owner.post(PATH, body | {"valid_until": "2031-01-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"shares": {"owner": 5000, "operator": 4000, "platform": 999}}, "revenue-shares"),
        (
            {"scenarios": ["all", "commerce"], "mode": "by_field", "domains": ["environment"]},
            "authorisation-scope",
        ),
        ({"scenarios": ["all", "commerce"]}, "authorisation-mode"),
        ({"mode": "whole_domain"}, "authorisation-mode"),
        ({"domains": ["environment"]}, "authorisation-mode"),
        ({"mode": "by_field"}, "authorisation-mode"),
        ({"mode": "by_field", "domains": ["health"]}, "authorisation-mode"),
        ({"mode": "by_field", "domains": ["environment", "health"]}, "authorisation-mode"),
        ({"consideration": "cash_fee"}, "authorisation-consideration"),
        ({"consideration": "resource_for_service"}, "authorisation-consideration"),
        ({"regions": ["990000"]}, "authorisation-scope"),
        ({"regions": ["100001"]}, "authorisation-scope"),
        ({"regions": ["310001"]}, "authorisation-scope"),
        ({"regions": ["000000"]}, "invalid-payload"),
        ({"legal_basis": " "}, "invalid-payload"),
        ({"regions": ["310000", "310101"]}, "authorisation-scope"),
        ({"regions": ["31"]}, "invalid-payload"),
        ({"purposes": []}, "invalid-payload"),
        ({"purposes": ["fun"]}, "invalid-payload"),
        ({"consideration": "gift"}, "invalid-payload"),
        ({"columns": []}, "invalid-payload"),
        ({"valid_from": "9999-12-30T00:00:00Z", "valid_until": "9999-12-31T00:00:00Z"}, "invalid-payload"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "invalid-payload"),
        ({"valid_until": "2029-01-01T00:00:00"}, "invalid-payload"),
    ],
)
async def test_bad_scopes_and_shares_are_refused(
    owner: Party, operator: Party, changes: dict[str, Any], expected: str
) -> None:
    resource_id = await held_resource(owner)
    problem = await owner.post(PATH, authorisation_body(operator, resource_id, **changes), status=422)
    assert slug(problem) == expected


async def test_only_a_verified_operator_is_authorised(owner: Party, buyer: Party, party: PartyMaker) -> None:
    resource_id = await held_resource(owner)
    assert (
        slug(await owner.post(PATH, authorisation_body(buyer, resource_id), status=409)) == "operator-unfit"
    )
    unknown = authorisation_body(buyer, resource_id, operator_id=str(new_id()))
    await owner.post(PATH, unknown, status=404)


async def test_nobody_authorises_others_resources(owner: Party, operator: Party, party: PartyMaker) -> None:
    resource_id = await held_resource(owner)
    stranger = await party(OrganisationKind.OWNER)
    await stranger.post(PATH, authorisation_body(operator, resource_id), status=404)
    await operator.post(PATH, authorisation_body(operator, resource_id), status=403)


async def test_only_the_other_side_accepts_or_declines(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner)
    offered = await owner.post(PATH, authorisation_body(operator, resource_id, exclusive=True))
    path = f"{PATH}/{offered['id']}"
    other = await party(OrganisationKind.OPERATOR)
    await other.get(path, status=404)
    await other.post(f"{path}/acceptance", STEP, status=404)
    await owner.post(f"{path}/acceptance", STEP, status=403)
    declined = await operator.post(f"{path}/refusal", {"reason": "Terms do not suit us."}, status=200)
    assert declined["status"] == "declined"
    assert declined["signatures"][-1]["decision"] == "declined"
    assert declined["signatures"][-1]["reason"] == "Terms do not suit us."
    assert slug(await operator.post(f"{path}/acceptance", STEP, status=409)) == "authorisation-state"
    # What was declined reserves nothing.
    await owner.post(PATH, authorisation_body(other, resource_id, exclusive=True))


async def test_suspension_is_one_stop_and_ends_with_it(
    owner: Party, operator: Party, regulator: Party, sessions: SessionMaker
) -> None:
    authorisation_id = await active_authorisation(owner, operator, await held_resource(owner))
    path = f"{PATH}/{authorisation_id}"
    reason = {"reason": "Complaint under examination"}

    async def stopped() -> int:
        async with transaction(sessions) as session:
            return len(await stops.active(session, [UUID(authorisation_id)]))

    await operator.post(f"{path}/suspension", reason, status=403)
    placed = await owner.post(f"{path}/suspension", reason, status=200)
    assert (placed["status"], placed["stopped"]) == ("active", [reason["reason"]])
    assert await stopped() == 1
    placed = await regulator.post(f"{path}/suspension", {"reason": "Not in the public interest"}, status=200)
    assert placed["stopped"] == [reason["reason"], "Not in the public interest"]
    # Each lifts its own stop only; the authorisation is in force again after the last.
    left = await owner.post(f"{path}/reinstatement", reason, status=200)
    assert left["stopped"] == ["Not in the public interest"]
    assert slug(await owner.post(f"{path}/reinstatement", reason, status=409)) == "not-stopped"
    free = await regulator.post(f"{path}/reinstatement", reason, status=200)
    assert (free["status"], free["stopped"]) == ("active", [])
    assert await stopped() == 0


async def test_revocation_is_for_good_and_frees_the_scope(
    owner: Party, operator: Party, regulator: Party, party: PartyMaker, sessions: SessionMaker
) -> None:
    resource_id = await held_resource(owner)
    authorisation_id = await active_authorisation(owner, operator, resource_id, exclusive=True)
    path = f"{PATH}/{authorisation_id}"
    other = await party(OrganisationKind.OPERATOR)
    later = authorisation_body(other, resource_id, exclusive=True)
    assert slug(await owner.post(PATH, later, status=409)) == "authorisation-exclusivity"
    await operator.post(f"{path}/revocation", {"reason": "We want out"}, status=403)
    revoked = await owner.post(f"{path}/revocation", {"reason": "Breach of the agreement"}, status=200)
    assert revoked["status"] == "revoked"
    assert revoked["ended_at"] is not None
    async with transaction(sessions) as session:
        assert len(await stops.active(session, [UUID(authorisation_id)])) == 1
    await owner.post(f"{path}/reinstatement", {"reason": "Changed our mind"}, status=409)
    # What lies behind stays exclusive, what lies ahead is free.
    assert slug(await owner.post(PATH, later, status=409)) == "authorisation-exclusivity"
    await owner.post(PATH, later | {"valid_from": "2027-01-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("changes", "collides"),
    [
        ({}, True),
        ({"scenarios": ["all"], "mode": "whole_domain"}, True),
        ({"regions": ["100000"]}, True),
        ({"regions": ["310115"]}, True),
        ({"exclusive": True}, True),
        ({"scenarios": ["commerce"]}, False),
        ({"regions": ["320000"]}, False),
        ({"valid_from": "2029-01-01T00:00:00Z", "valid_until": "2030-01-01T00:00:00Z"}, False),
    ],
)
async def test_an_exclusive_authorisation_stands_alone(
    owner: Party, operator: Party, party: PartyMaker, changes: dict[str, Any], collides: bool
) -> None:
    resource_id = await held_resource(owner)
    await owner.post(PATH, authorisation_body(operator, resource_id, exclusive=True))
    other = await party(OrganisationKind.OPERATOR)
    body = authorisation_body(other, resource_id, **changes)
    if collides:
        assert slug(await owner.post(PATH, body, status=409)) == "authorisation-exclusivity"
    else:
        await owner.post(PATH, body)


async def test_shared_authorisations_overlap_and_shut_out_exclusive_ones(
    owner: Party, operator: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner)
    other = await party(OrganisationKind.OPERATOR)
    await owner.post(PATH, authorisation_body(operator, resource_id))
    await owner.post(PATH, authorisation_body(other, resource_id))
    problem = await owner.post(PATH, authorisation_body(other, resource_id, exclusive=True), status=409)
    assert slug(problem) == "authorisation-exclusivity"
    await owner.post(PATH, authorisation_body(other, await held_resource(owner), exclusive=True))


async def test_of_exclusive_authorisations_at_once_exactly_one_is_granted(
    owner: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner)
    rivals = [await party(OrganisationKind.OPERATOR) for _ in range(4)]
    answers = await asyncio.gather(
        *(
            owner.http.post(
                PATH,
                json=authorisation_body(rival, resource_id, exclusive=True),
                headers={"Idempotency-Key": str(new_id())},
            )
            for rival in rivals
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len((await owner.get(PATH))["items"]) == 1


async def test_the_database_refuses_an_overlap_whatever_the_service_does(
    owner: Party, operator: Party, sessions: SessionMaker
) -> None:
    """Cells inserted by two transactions at once, past every lock of the service."""
    resource_id = await held_resource(owner)
    ids = [(await owner.post(PATH, authorisation_body(operator, resource_id)))["id"] for _ in range(2)]

    def cell(authorisation_id: str) -> AuthorisationCell:
        return AuthorisationCell(
            authorisation_id=UUID(authorisation_id),
            resource=Range(900_000_000, 900_000_001),
            scenario=Range(1, 2),
            region=Range(0, 1_000_000),
            lane=Range(0, 1_000_000_000),
            term=Range(None, None),
        )

    async def insert(authorisation_id: str) -> None:
        async with transaction(sessions) as session:
            session.add(cell(authorisation_id))
            await session.flush()
            await asyncio.sleep(0.1)

    outcomes = await asyncio.gather(*(insert(each) for each in ids), return_exceptions=True)
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], IntegrityError)
    assert EXCLUSIVITY in str(refused[0])


async def test_who_was_offered_a_resource_sees_it_until_declining(owner: Party, operator: Party) -> None:
    resource_id = await held_resource(owner)
    first, second = [
        await owner.post("/v1/authorisations", authorisation_body(operator, resource_id)) for _ in range(2)
    ]
    path = f"/v1/resources/{resource_id}"
    assert (await operator.get(path))["owner_name"] == {"zh": "测试owner", "en": "Test owner"}
    await operator.post(
        f"/v1/authorisations/{first['id']}/refusal", {"reason": "Once is enough."}, status=200
    )
    await operator.get(path)
    await operator.post(f"/v1/authorisations/{second['id']}/refusal", {"reason": "Not at all."}, status=200)
    await operator.get(path, status=404)
    assert (await operator.get("/v1/resources"))["items"] == []
    await operator.get(f"{path}/rights", status=404)


async def test_an_authorisation_names_its_parties(owner: Party, operator: Party) -> None:
    authorisation_id = await active_authorisation(owner, operator, await held_resource(owner))
    for party in (owner, operator):
        (shown,) = (await party.get("/v1/authorisations"))["items"]
        assert shown == await party.get(f"/v1/authorisations/{authorisation_id}")
        assert shown["owner_name"] == {"zh": "测试owner", "en": "Test owner"}
        assert shown["operator_name"] == {"zh": "测试operator", "en": "Test operator"}


@pytest.mark.parametrize("step", ["grant", "acceptance", "refusal", "revocation"])
async def test_of_the_same_step_twice_at_once_one_is_told_that_it_was_taken(
    owner: Party, operator: Party, step: str
) -> None:
    offered = await owner.post(PATH, authorisation_body(operator, await held_resource(owner)))
    path = f"{PATH}/{offered['id']}"
    body = operator.authorising_body
    assert body is not None
    who = {"grant": body, "revocation": owner}.get(step, operator)
    if step == "acceptance":
        await granted(offered["id"], operator)
    sent = STEP if step in ("grant", "acceptance") else {"reason": "Not any more"}
    answers = await asyncio.gather(*(who.http.post(f"{path}/{step}", json=sent) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    for lost in (answer.json() for answer in answers if answer.status_code == 409):
        assert slug(lost) == "authorisation-state"
        assert lost["detail"]
        assert lost["remedy"]


async def test_accepted_and_withdrawn_at_once_it_is_ended(owner: Party, operator: Party) -> None:
    offered = await owner.post(PATH, authorisation_body(operator, await held_resource(owner)))
    await granted(offered["id"], operator)
    path = f"{PATH}/{offered['id']}"
    accepted, revoked = await asyncio.gather(
        operator.http.post(f"{path}/acceptance", json=STEP),
        owner.http.post(f"{path}/revocation", json={"reason": "Not any more"}),
    )
    assert revoked.status_code == 200
    assert (accepted.status_code, (await owner.get(path))["status"]) in ((200, "revoked"), (409, "revoked"))
