"""The procedure over HTTP: applied for, accepted, examined, registered; returned, refused, withdrawn."""

from uuid import UUID

import httpx

from infra.auth import OrganisationKind
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import authorisation_body, registration_content, right_body
from tests.support.registrations import REASON, Office


async def test_a_resource_is_registered_and_found_by_its_code(
    office: Office, client: httpx.AsyncClient
) -> None:
    draft = await office.registration()
    assert (draft["status"], draft["code"]) == ("draft", None)
    application = await office.apply(title_en="As registered")
    assert (application["status"], application["changes"][0]) == ("submitted", "title_en")
    done = await office.approved(application)
    assert done["status"] == "completed"
    in_force = await office.registration()
    assert (in_force["status"], in_force["code"]) == ("in_force", done["registration_code"])
    # The content is what was registered, not what was drafted.
    resource = await office.owner.get(f"/v1/resources/{office.resource_id}")
    assert (resource["title_en"], resource["responsible_person"]) == ("As registered", "张三")
    # Looked up without login, however it is typed; nobody's name in it.
    code = done["registration_code"]
    spaced = f"{code[:4].lower()} {code[4:8]}-{code[8:]}"
    found = (await client.get(f"/v1/registrations/{spaced}")).json()
    assert (found["code"], found["status"], len(found["versions"])) == (code, "in_force", 1)
    assert found["content"]["title_en"] == "As registered"
    assert found["owner_id"] == str(office.owner.organisation_id)
    assert "张三" not in str(found)


async def test_every_step_names_who_answers_for_it_the_rules_and_the_reason(office: Office) -> None:
    done = await office.registered()
    applied, accepted, approved, completed = done["steps"]
    assert [step["action"] for step in done["steps"]] == [None, "acceptance", "approval", "completion"]
    assert accepted["responsible_name"] == "Test Person"
    assert accepted["responsible_id"] == approved["responsible_id"] == completed["responsible_id"]
    assert applied["reason"] == "As the measures ask"
    assert approved["reason"] == REASON["reason"]
    assert {rule["key"] for rule in applied["rules"]} >= {"registration.acceptance_days"}
    assert {rule["key"] for rule in completed["rules"]} == {"registration.validity_years"}


async def test_a_mistyped_code_is_told_from_an_unknown_one(office: Office, client: httpx.AsyncClient) -> None:
    code = (await office.registered())["registration_code"]
    assert code.startswith("DR")
    mistyped = code[:-1] + str((int(code[-1]) + 1) % 10)
    for text, told in ((mistyped, "check digits"), ("DR29", "check digits"), ("DR86202600000000", "")):
        answer = await client.get(f"/v1/registrations/{text}")
        assert answer.status_code == 404
        assert told in answer.json()["detail"]


async def test_nothing_is_built_on_a_draft(office: Office, operator: Party) -> None:
    await office.owner.post(f"/v1/resources/{office.resource_id}/rights", right_body())
    body = authorisation_body(operator, office.resource_id)
    refused = await office.owner.post("/v1/authorisations", body, status=409)
    assert slug(refused) == "resource-not-registered"
    assert "registration-applications" in refused["remedy"]
    # The remedy, followed.
    await office.registered()
    await office.owner.post("/v1/authorisations", body)


async def test_a_returned_application_is_mended_and_handed_in_again(office: Office) -> None:
    application = await office.apply(source_statement="Ours")
    returned = await office.step(application, "return", reason="Say on which ground you hold it")
    assert returned["status"] == "returned"
    await office.step(application, "acceptance", status=409)
    path = f"/v1/registration-applications/{application['id']}/resubmission"
    again = await office.owner.post(
        path, {"content": registration_content(), "reason": "Ground stated"}, status=200
    )
    assert (again["status"], again["attempt"]) == ("submitted", 2)
    assert "履职" in again["content"]["source_statement"]
    assert (await office.approved(application))["status"] == "completed"


async def test_a_refusal_names_its_ground_and_another_application_may_follow(office: Office) -> None:
    application = await office.apply()
    await office.step(application, "refusal", status=422)
    refused = await office.step(application, "refusal", ground="dispute_unresolved")
    assert (refused["status"], refused["steps"][-1]["ground"]) == ("refused", "dispute_unresolved")
    assert (await office.registration())["status"] == "draft"
    assert (await office.apply())["status"] == "submitted"


async def test_one_application_at_a_time(office: Office) -> None:
    first = await office.apply()
    second = await office.apply(status=409)
    assert slug(second) == "registration-application-open"
    assert second["application_id"] == first["id"]
    # The remedy, followed.
    await office.owner.post(f"/v1/registration-applications/{first['id']}/withdrawal", REASON, status=200)
    await office.apply()


async def test_kinds_follow_what_is_registered(office: Office) -> None:
    for kind in ("change", "correction", "renewal"):
        problem = await office.apply(kind, status=409)
        assert slug(problem) == "registration-kind-not-applicable", kind
        assert "initial" in problem["remedy"].lower(), kind
    await office.registered()
    problem = await office.apply("initial", status=409)
    assert "change" in problem["remedy"].lower()
    early = await office.apply("renewal", status=409)
    assert "renewed from" in early["detail"]
    assert slug(await office.apply("cancellation", status=409)) == "registration-kind-not-applicable"


async def test_a_change_takes_effect_when_it_is_registered(office: Office, client: httpx.AsyncClient) -> None:
    code = (await office.registered())["registration_code"]
    path = f"/v1/resources/{office.resource_id}"
    change = await office.apply("change", title_en="Renamed", update_frequency="daily")
    assert change["changes"] == ["title_en", "update_frequency"]
    assert (await office.owner.get(path))["title_en"] != "Renamed"
    done = await office.approved(change)
    assert done["registration_code"] == code
    assert (await office.owner.get(path))["update_frequency"] == "daily"
    found = (await client.get(f"/v1/registrations/{code}")).json()
    told = [(one["version"], one["kind"], one["status"]) for one in found["versions"]]
    assert told == [(2, "change", "in_force"), (1, "initial", "superseded")]


async def test_a_correction_mends_slips_and_nothing_else(office: Office) -> None:
    await office.registered()
    refused = await office.apply("correction", classification="IMPORTANT", title_en="Mended", status=422)
    assert refused["fields"] == ["classification"]
    assert slug(await office.apply("correction", status=422)) == "registration-content-refused"
    await office.registered("correction", title_en="Mended")
    assert (await office.owner.get(f"/v1/resources/{office.resource_id}"))["title_en"] == "Mended"


async def test_what_an_application_leaves_as_it_was_stays_as_it_is_meanwhile(office: Office) -> None:
    application = await office.apply()
    path = f"/v1/resources/{office.resource_id}"
    await office.owner.post(f"{path}/personal-information", {"reason": "Names found"}, status=200)
    await office.approved(application)
    assert (await office.owner.get(path))["personal_information"] is True


async def test_others_decide_and_see_nothing(
    office: Office, regulator: Party, operator: Party, party: PartyMaker
) -> None:
    application = await office.apply()
    path = f"/v1/registration-applications/{application['id']}"
    stranger = await party(OrganisationKind.OWNER)
    await stranger.get(path, status=404)
    await stranger.post(f"{path}/withdrawal", REASON, status=404)
    await stranger.post(office.applications, {"kind": "renewal", "reason": "Mine"}, status=404)
    await stranger.get(f"/v1/resources/{office.resource_id}/cancellation", status=404)
    for nobody in (stranger, office.owner, operator):
        await nobody.post(f"{path}/acceptance", REASON, status=403)
    assert (await stranger.get("/v1/registration-applications"))["items"] == []
    # A program answers for nothing.
    assert slug(await regulator.post(f"{path}/acceptance", REASON, status=403)) == "another-officer"
    listed = await regulator.get(f"/v1/registration-applications?resource_id={office.resource_id}")
    assert [UUID(one["id"]) for one in listed["items"]] == [UUID(application["id"])]
