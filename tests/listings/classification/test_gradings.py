"""Classes of columns over HTTP: lowered by approval, raised at once, and what follows for data on the market."""

import asyncio
from typing import Any

import pytest

from infra.auth import OrganisationKind
from tests.support.bargain import Bargain
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import (
    active_authorisation,
    assessment_body,
    authorisation_body,
    complete,
    draft,
    held_resource,
    product_body,
    submitted,
    upload,
)

REASON = {"reason": "As the assessment of 3 March found"}
HARM = {"impact_object": "public_interest", "impact_degree": "general", **REASON}


async def graded(
    owner: Party, regulator: Party, resource_id: str, column: str, classification: str = "GENERAL"
) -> str:
    """Id of an approved request for a lower class."""
    path = f"/v1/resources/{resource_id}/column-gradings"
    asked = await owner.post(path, {"column": column, "classification": classification, **HARM})
    await regulator.post(f"{path}/{asked['id']}/approval", REASON, status=200)
    return str(asked["id"])


async def raised(who: Party, resource_id: str, column: str, classification: str) -> dict[str, Any]:
    """A column that has become stricter."""
    return await who.post(
        f"/v1/resources/{resource_id}/column-gradings/raise",
        {"column": column, "classification": classification, **REASON},
    )


async def resource_of(bargain: Bargain) -> str:
    return str((await bargain.operator.get(f"/v1/products/{bargain.product_id}"))["resource_id"])


async def test_a_lower_class_takes_a_regulator_of_another_organisation(
    owner: Party, operator: Party, regulator: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner, classification="IMPORTANT", risk_assessment_sha256="a" * 64)
    await active_authorisation(owner, operator, resource_id)
    path = f"/v1/resources/{resource_id}/column-gradings"
    wanted = {"column": "pm25", "classification": "GENERAL", **HARM}
    stranger = await party(OrganisationKind.OPERATOR)
    await stranger.post(path, wanted, status=404)
    await regulator.post(path, wanted, status=403)
    asked = await operator.post(path, wanted)
    assert (asked["action"], asked["before"], asked["table_classification"]) == (
        "requested",
        "IMPORTANT",
        "GENERAL",
    )
    for who in (owner, operator):
        await who.post(f"{path}/{asked['id']}/approval", REASON, status=403)
    assert asked["id"] in [
        row["id"] for row in (await regulator.get("/v1/column-gradings/undecided"))["items"]
    ]
    approved = await regulator.post(f"{path}/{asked['id']}/approval", REASON, status=200)
    assert (approved["action"], approved["classification"]) == ("approved", "GENERAL")
    again = await regulator.post(f"{path}/{asked['id']}/rejection", REASON, status=409)
    assert slug(again) == "column-grading-state"
    history = (await owner.get(path))["items"]
    assert [row["action"] for row in history] == ["approved", "requested"]
    higher = await operator.post(path, {**wanted, "classification": "CORE"}, status=409)
    assert "raise" in higher["remedy"]


async def test_of_two_decisions_at_once_one_learns_of_the_other(
    owner: Party, regulator: Party, party: PartyMaker
) -> None:
    resource_id = await held_resource(owner, classification="IMPORTANT", risk_assessment_sha256="a" * 64)
    path = f"/v1/resources/{resource_id}/column-gradings"
    asked = await owner.post(path, {"column": "pm25", "classification": "GENERAL", **HARM})
    other = await party(OrganisationKind.REGULATOR)
    answers = await asyncio.gather(
        *(
            who.http.post(f"{path}/{asked['id']}/{what}", json=REASON)
            for who, what in ((regulator, "approval"), (other, "rejection"), (owner, "withdrawal"))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_a_dictionary_states_no_class_below_the_columns_own(
    owner: Party, operator: Party, regulator: Party
) -> None:
    resource_id = await held_resource(owner, classification="IMPORTANT", risk_assessment_sha256="a" * 64)
    authorisation_id = await active_authorisation(owner, operator, resource_id)
    product = await operator.post("/v1/products", product_body(authorisation_id, resource_id))
    path = f"/v1/products/{product['id']}/dictionary"

    def described(classification: str) -> dict[str, Any]:
        entry = {
            "name": "pm25",
            "title_zh": "细颗粒物",
            "title_en": "PM2.5",
            "classification": classification,
        }
        return {"columns": [entry]}

    refused = await operator.put(path, described("GENERAL"), status=409)
    assert slug(refused) == "column-class"
    await graded(owner, regulator, resource_id, "PM25")
    told = await operator.put(path, described("GENERAL"))
    assert told["dictionary"][0]["classification"] == "GENERAL"
    await operator.put(path, described("CORE"))


async def test_the_class_of_a_product_is_the_strictest_of_its_columns(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await complete(owner, operator)
    product = await operator.get(f"/v1/products/{product_id}")
    await raised(owner, product["resource_id"], "pm25", "IMPORTANT")
    refused = await operator.post(f"/v1/products/{product_id}/submission", status=409)
    assert slug(refused) == "resource-not-listable"
    assert "risk assessment" in refused["detail"]
    await owner.post(
        f"/v1/resources/{product['resource_id']}/assessments",
        {"kind": "risk", "sha256": "b" * 64, "note": "Assessed by the security office: risks acceptable"},
    )
    await operator.post(f"/v1/products/{product_id}/submission", status=200)
    listed = await regulator.post(f"/v1/products/{product_id}/approval", {}, status=200)
    assert listed["classification"] == "IMPORTANT"
    page = await owner.get(f"/v1/catalogue/{product_id}")
    assert {column["name"]: column["classification"] for column in page["dictionary"]} == {
        "station": "GENERAL",
        "time": "GENERAL",
        "pm25": "IMPORTANT",
        "phone": "GENERAL",
    }
    assert page["classification"] == "IMPORTANT"


async def test_a_product_with_a_core_column_is_refused_under_any_spelling(
    owner: Party, operator: Party
) -> None:
    product_id = await complete(owner, operator)
    resource_id = (await operator.get(f"/v1/products/{product_id}"))["resource_id"]
    await raised(owner, resource_id, "ＰＭ２５", "CORE")
    refused = await operator.post(f"/v1/products/{product_id}/submission", status=409)
    assert refused["columns"] == ["pm25"]
    # The way out: a file without the column.
    await upload(operator, product_id, b"station,phone\nS1,13800000000\n")
    told = await operator.post(f"/v1/products/{product_id}/submission", status=409)
    assert slug(told) == "product-incomplete", "only the quality check is waited for"


async def test_a_column_that_becomes_core_stops_what_offers_it_and_a_regrading_lets_it_go(
    bargain: Bargain,
) -> None:
    _, token = await bargain.licensed(columns=["station", "pm25"])
    assert (await bargain.read(token)).status_code == 200
    resource_id = await resource_of(bargain)
    await raised(bargain.regulator, resource_id, "pm25", "CORE")
    refused = await bargain.read(token)
    assert refused.status_code == 403
    assert "核心数据" in refused.json()["detail"], "in Chinese and in English"
    assert "Core data" in refused.json()["detail"]
    await bargain.buyer.post("/v1/agreements", bargain.order_body(), status=409)
    # Nobody lifts it by hand.
    path = f"/v1/products/{bargain.product_id}"
    for who in (bargain.regulator, bargain.operator):
        told = await who.post(f"{path}/reinstatement", REASON, status=409)
        assert "classification-recheck" in told["remedy"]
    still = await bargain.operator.post(f"{path}/classification-recheck", status=409)
    assert slug(still) == "resource-not-listable"
    request_id = await graded(bargain.owner, bargain.regulator, resource_id, "pm25")
    assert (await bargain.read(token)).status_code == 200
    # And the approval is revocable: stricter again at once.
    await bargain.owner.post(
        f"/v1/resources/{resource_id}/column-gradings/{request_id}/revocation", REASON, status=200
    )
    assert (await bargain.read(token)).status_code == 403


async def test_a_column_that_becomes_important_runs_on_once_an_assessment_is_on_file(
    bargain: Bargain,
) -> None:
    _, token = await bargain.licensed()
    resource_id = await resource_of(bargain)
    await raised(bargain.owner, resource_id, "station", "IMPORTANT")
    assert (await bargain.read(token)).status_code == 403
    await bargain.owner.post(
        f"/v1/resources/{resource_id}/assessments",
        {"kind": "risk", "sha256": "b" * 64, "note": "Assessed by the security office: risks acceptable"},
    )
    let_go = await bargain.operator.post(
        f"/v1/products/{bargain.product_id}/classification-recheck", status=200
    )
    assert let_go["classification"] == "IMPORTANT"
    assert (await bargain.read(token)).status_code == 200


async def test_raw_records_that_may_not_leave_are_neither_listed_nor_served(
    bargain: Bargain, operator: Party, owner: Party
) -> None:
    resource_id = await held_resource(owner, raw_data_stays=True)
    authorisation_id = await active_authorisation(owner, operator, resource_id)
    refused = await operator.post("/v1/products", product_body(authorisation_id, resource_id), status=409)
    assert "原始数据不出域" in refused["detail"]
    _, token = await bargain.licensed()
    restricted = await bargain.owner.post(
        f"/v1/resources/{await resource_of(bargain)}/raw-data-restriction", REASON, status=200
    )
    assert restricted["raw_data_stays"] is True
    assert (await bargain.read(token)).status_code == 403


async def test_an_authorisation_of_graded_columns_carries_a_core_resource(
    owner: Party, operator: Party, regulator: Party
) -> None:
    resource_id = await held_resource(owner, classification="CORE")
    for column in ("station", "time"):
        await graded(owner, regulator, resource_id, column)
    await owner.post("/v1/authorisations", authorisation_body(operator, resource_id), status=409)
    authorisation_id = await active_authorisation(owner, operator, resource_id, columns=["station", "time"])
    await operator.post("/v1/products", product_body(authorisation_id, resource_id))


@pytest.mark.parametrize("sensitive", [False, True])
async def test_personal_information_is_assessed_before_it_is_submitted(
    owner: Party, operator: Party, regulator: Party, sensitive: bool
) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}"
    await upload(operator, product["id"])
    entry = {
        "name": "phone",
        "title_zh": "电话",
        "title_en": "Phone",
        "personal": True,
        "sensitive": sensitive,
    }
    await operator.put(f"{path}/dictionary", {"columns": [entry]})
    refused = await operator.post(f"{path}/submission", status=409)
    assert "impact_assessment" in [gap["code"] for gap in refused["missing"]]
    await operator.post(f"{path}/impact-assessments", assessment_body("provision"))
    refused = await operator.post(f"{path}/submission", status=409)
    assert ("impact_assessment" in [gap["code"] for gap in refused["missing"]]) is sensitive
    second = await owner.post(f"{path}/impact-assessments", assessment_body("sensitive", "provision"))
    assert second["version"] == 2
    assert second["kept_until"] >= "2029"
    refused = await operator.post(f"{path}/submission", status=409)
    assert "impact_assessment" not in [gap["code"] for gap in refused["missing"]]
    assert [row["version"] for row in (await owner.get(f"{path}/impact-assessments"))["items"]] == [2, 1]
    await regulator.post(f"{path}/impact-assessments", assessment_body(), status=403)


async def test_a_lapsed_assessment_is_refused(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    refused = await operator.post(
        f"/v1/products/{product['id']}/impact-assessments",
        assessment_body(valid_from="2020-01-01T00:00:00Z", valid_until="2021-01-01T00:00:00Z"),
        status=422,
    )
    assert slug(refused) == "impact-assessment"


async def test_sensitive_information_is_personal(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    entry = {"name": "phone", "title_zh": "电话", "title_en": "Phone", "sensitive": True}
    await operator.put(f"/v1/products/{product['id']}/dictionary", {"columns": [entry]}, status=422)


async def test_a_submitted_product_whose_column_becomes_core_is_not_approved(
    owner: Party, operator: Party, regulator: Party
) -> None:
    product_id = await submitted(owner, operator)
    resource_id = (await operator.get(f"/v1/products/{product_id}"))["resource_id"]
    await raised(owner, resource_id, "station", "CORE")
    refused = await regulator.post(f"/v1/products/{product_id}/approval", {}, status=409)
    assert refused["columns"] == ["station"]
