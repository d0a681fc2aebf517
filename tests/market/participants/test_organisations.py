"""Registration, evidence, verification and suspension, over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.organisation_status import OrganisationStatus
from infra.stops import service as stops
from tests.support.people import (
    PASSWORD,
    Someone,
    browser,
    fresh_code,
    make_client,
    make_organisation,
    make_person,
    sign_in,
)

EVIDENCE = {"kind": "business_licence", "number": "9144030071526726XG", "document_sha256": "ab" * 32}
REASON = {"reason": "as decided"}


async def register(platform: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await platform.post("/v1/organisations", json={"kind": "buyer", "name_zh": "某某公司", **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestRegistration:
    async def test_registered_and_not_yet_verified(self, platform: httpx.AsyncClient) -> None:
        code = fresh_code()
        made = await register(platform, name_en="A Company", unified_social_credit_code=code)
        assert made["status"] == "registered"
        assert made["unified_social_credit_code"] == code
        assert made["verified_at"] is None
        assert (await platform.get(f"/v1/organisations/{made['id']}")).json() == made

    async def test_a_code_is_registered_once(self, platform: httpx.AsyncClient) -> None:
        code = fresh_code()
        await register(platform, unified_social_credit_code=code)
        again = await platform.post(
            "/v1/organisations",
            json={"kind": "owner", "name_zh": "另一家", "unified_social_credit_code": code},
        )
        assert again.status_code == 409
        assert again.json()["type"].endswith("credit-code-taken")

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "buyer"},
            {"kind": "buyer", "name_zh": "   "},
            {"kind": "bank", "name_zh": "某"},
            {"kind": "buyer", "name_zh": "某", "unified_social_credit_code": "9144030071526726XA"},
            {"kind": "buyer", "name_zh": "某", "unified_social_credit_code": "x"},
            {"kind": "buyer", "name_zh": "某", "status": "verified"},
            {"kind": "buyer", "name_zh": "某" * 201},
        ],
    )
    async def test_what_is_no_registration(self, platform: httpx.AsyncClient, body: dict[str, Any]) -> None:
        assert (await platform.post("/v1/organisations", json=body)).status_code == 422

    async def test_only_the_platform_registers(
        self, buyers: httpx.AsyncClient, regulator: httpx.AsyncClient
    ) -> None:
        for client in (buyers, regulator):
            answer = await client.post("/v1/organisations", json={"kind": "buyer", "name_zh": "某"})
            assert answer.status_code == 403

    async def test_nobody_unknown_does_anything(self, client: httpx.AsyncClient) -> None:
        for method, path in (
            ("POST", "/v1/organisations"),
            ("GET", "/v1/organisations"),
            ("GET", f"/v1/organisations/{uuid4()}"),
            ("POST", f"/v1/organisations/{uuid4()}/suspension"),
            ("POST", f"/v1/organisations/{uuid4()}/invitations"),
            ("GET", f"/v1/organisations/{uuid4()}/clients"),
        ):
            assert (await client.request(method, path, json=None)).status_code == 401


class TestVisibility:
    async def test_a_party_sees_itself_only(
        self, buyers: httpx.AsyncClient, buyer: Someone, administrator: Someone
    ) -> None:
        listed = (await buyers.get("/v1/organisations")).json()["items"]
        assert [item["id"] for item in listed] == [str(buyer.organisation_id)]
        for foreign in (administrator.organisation_id, uuid4()):
            for path in ("", "/members", "/evidence", "/invitations", "/clients"):
                answer = await buyers.get(f"/v1/organisations/{foreign}{path}")
                assert answer.status_code == 404, path

    async def test_platform_and_regulator_see_all(
        self, platform: httpx.AsyncClient, regulator: httpx.AsyncClient, buyer: Someone
    ) -> None:
        for client in (platform, regulator):
            listed = (await client.get("/v1/organisations", params={"kind": "buyer", "limit": 200})).json()
            assert str(buyer.organisation_id) in {item["id"] for item in listed["items"]}
            assert {item["kind"] for item in listed["items"]} == {"buyer"}
            assert (await client.get(f"/v1/organisations/{buyer.organisation_id}/members")).status_code == 200

    async def test_seeing_all_is_not_managing_all(self, regulator: httpx.AsyncClient, buyer: Someone) -> None:
        base = f"/v1/organisations/{buyer.organisation_id}"
        invited = await regulator.post(
            f"{base}/invitations", json={"email": "x@y.example", "roles": ["buyer"]}
        )
        changed = await regulator.patch(f"{base}/members/{buyer.id}", json={"roles": ["buyer"]})
        removed = await regulator.delete(f"{base}/members/{buyer.id}")
        filed = await regulator.post(f"{base}/evidence", json=EVIDENCE)
        programs = await regulator.get(f"{base}/clients")
        invitations = await regulator.get(f"{base}/invitations")
        for answer in (invited, changed, removed, filed, programs, invitations):
            assert answer.status_code == 404

    async def test_pages_join_up(self, platform: httpx.AsyncClient) -> None:
        made = [(await register(platform, kind="operator"))["id"] for _ in range(3)]
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 2, "kind": "operator"}
        while not set(made) <= set(seen):
            page = (await platform.get("/v1/organisations", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            params["cursor"] = page["next_cursor"]
        assert len(seen) == len(set(seen))
        assert [item for item in seen if item in made] == made[::-1]


class TestVerification:
    async def decide(
        self, client: httpx.AsyncClient, organisation_id: object, decision: str
    ) -> httpx.Response:
        return await client.post(
            f"/v1/organisations/{organisation_id}/verification", json={"decision": decision, **REASON}
        )

    async def test_rests_on_evidence(
        self, platform: httpx.AsyncClient, second: httpx.AsyncClient, administrator: Someone
    ) -> None:
        made = await register(platform)
        without = await self.decide(platform, made["id"], "verify")
        assert without.status_code == 409
        assert without.json()["type"].endswith("no-identity-evidence")
        assert f"POST /v1/organisations/{made['id']}/evidence" in without.json()["remedy"]
        assert (await platform.get(f"/v1/organisations/{made['id']}")).json()["status"] == "registered"
        filed = await second.post(f"/v1/organisations/{made['id']}/evidence", json=EVIDENCE)
        assert filed.status_code == 201
        assert filed.json()["number_masked"] == "*" * 14 + "26XG"
        assert EVIDENCE["number"] not in filed.text
        verified = await self.decide(platform, made["id"], "verify")
        assert verified.json()["status"] == "verified"
        [evidence] = (await platform.get(f"/v1/organisations/{made['id']}/evidence")).json()["items"]
        assert evidence["verified_by"] == str(administrator.id)
        again = await self.decide(platform, made["id"], "verify")
        assert again.status_code == 409

    async def test_a_rejected_party_may_file_more_and_be_verified(
        self, app: Litestar, platform: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        made = await register(platform)
        assert (await self.decide(platform, made["id"], "reject")).json()["status"] == "rejected"
        member = await make_person(sessions, UUID(made["id"]), [Role.ORGANISATION_ADMIN])
        mine = await sign_in(app, member.email)
        assert (await mine.post(f"/v1/organisations/{made['id']}/evidence", json=EVIDENCE)).status_code == 201
        assert (await self.decide(mine, made["id"], "verify")).status_code == 403
        assert (await self.decide(platform, made["id"], "verify")).json()["status"] == "verified"

    async def test_what_was_rejected_verifies_nobody_later(
        self, platform: httpx.AsyncClient, second: httpx.AsyncClient, administrator: Someone
    ) -> None:
        made = await register(platform)
        home = f"/v1/organisations/{made['id']}"
        assert (await platform.post(f"{home}/evidence", json=EVIDENCE)).status_code == 201
        assert (await self.decide(platform, made["id"], "reject")).json()["status"] == "rejected"
        [settled] = (await platform.get(f"{home}/evidence")).json()["items"]
        assert settled["rejected_by"] == str(administrator.id)
        assert settled["rejected_at"] is not None
        again = await self.decide(platform, made["id"], "verify")
        assert again.status_code == 409
        assert again.json()["type"].endswith("no-identity-evidence")
        # Suspended and reinstated it counts as registered, and what was rejected is still of no use.
        for act in ("suspension", "reinstatement"):
            assert (await platform.post(f"{home}/{act}", json=REASON)).status_code == 200
        assert (await self.decide(platform, made["id"], "verify")).status_code == 409
        # What the refusal advises leads out.
        assert (await second.post(f"{home}/evidence", json=EVIDENCE)).status_code == 201
        assert (await self.decide(platform, made["id"], "verify")).json()["status"] == "verified"
        verified = [
            item["verified_at"] is not None
            for item in (await platform.get(f"{home}/evidence")).json()["items"]
        ]
        assert verified == [True, False]

    @pytest.mark.parametrize(
        "change", [{"number": "x"}, {"document_sha256": "ab"}, {"kind": "selfie"}, {"number": "<script>"}]
    )
    async def test_what_is_no_evidence(
        self, buyers: httpx.AsyncClient, buyer: Someone, change: dict[str, str]
    ) -> None:
        answer = await buyers.post(
            f"/v1/organisations/{buyer.organisation_id}/evidence", json={**EVIDENCE, **change}
        )
        assert answer.status_code == 422


class TestFourEyes:
    """Nobody verifies by what he filed, nor lets in alone who oversees others."""

    async def verify(self, client: httpx.AsyncClient, home: str) -> httpx.Response:
        return await client.post(f"{home}/verification", json={"decision": "verify", **REASON})

    async def filed(self, client: httpx.AsyncClient, home: str) -> None:
        assert (await client.post(f"{home}/evidence", json=EVIDENCE)).status_code == 201

    async def home(self, client: httpx.AsyncClient, **more: Any) -> str:
        return f"/v1/organisations/{(await register(client, **more))['id']}"

    async def refused(self, client: httpx.AsyncClient, home: str) -> str:
        answer = await self.verify(client, home)
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"].endswith("another-officer")
        assert (await client.get(home)).json()["status"] == "registered"
        remedy: str = answer.json()["remedy"]
        return remedy

    async def test_who_filed_does_not_verify_and_the_remedy_leads_on(
        self, app: Litestar, platform: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        home = await self.home(platform)
        await self.filed(platform, home)
        remedy = await self.refused(platform, home)
        assert f"POST {home}/invitations" in remedy
        # One officer alone gets on: the organisation files its own, and only that verifies it.
        invited = await platform.post(
            f"{home}/invitations", json={"email": "own@org.example", "roles": ["organisation_admin"]}
        )
        assert invited.status_code == 201
        member = await make_person(sessions, UUID(home.rpartition("/")[2]), [Role.ORGANISATION_ADMIN])
        mine = await sign_in(app, member.email)
        await self.filed(mine, home)
        assert (await self.verify(platform, home)).json()["status"] == "verified"
        items = (await platform.get(f"{home}/evidence")).json()["items"]
        assert [item["verified_at"] is not None for item in items] == [True, False]

    async def test_nor_by_another_account_or_a_program(
        self,
        app: Litestar,
        platform: httpx.AsyncClient,
        second: httpx.AsyncClient,
        administrator: Someone,
        sessions: SessionMaker,
    ) -> None:
        client_id, secret = await make_client(sessions, administrator, [Role.PLATFORM_ADMIN])
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        program = browser(app)
        token = (await program.post("/oauth/token", data=form)).json()["access_token"]
        program.headers["Authorization"] = f"Bearer {token}"
        # Filed by the officer's own program.
        home = await self.home(platform)
        await self.filed(program, home)
        await self.refused(platform, home)
        by_program = await self.verify(program, home)
        assert by_program.json()["type"].endswith("another-officer")
        assert (await self.verify(second, home)).json()["status"] == "verified"
        # Filed as a member of the organisation, under the same address.
        home = await self.home(platform)
        twice = await make_person(
            sessions,
            UUID(home.rpartition("/")[2]),
            [Role.ORGANISATION_ADMIN],
            email=f"{uuid4().hex}@people.example",
        )
        officer = await make_person(
            sessions, administrator.organisation_id, [Role.PLATFORM_ADMIN], email=twice.email
        )
        answers = [
            await browser(app).post(
                "/v1/session",
                json={"email": twice.email, "password": PASSWORD, "organisation_id": str(organisation)},
            )
            for organisation in (twice.organisation_id, officer.organisation_id)
        ]
        theirs, office = browser(app), browser(app)
        for client, answer in zip((theirs, office), answers, strict=True):
            client.cookies = answer.cookies
            client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        await self.filed(theirs, home)
        await self.refused(office, home)
        # Nor by what a colleague filed for an organisation of one's own.
        assert (await self.verify(platform, home)).json()["status"] == "verified"
        for act in ("suspension", "reinstatement"):
            done = await office.post(f"{home}/{act}", json=REASON)
            assert done.status_code == (200 if act == "suspension" else 403), done.text
        assert done.json()["type"].endswith("another-officer")

    @pytest.mark.parametrize("kind", ["regulator", "platform"])
    async def test_who_oversees_others_is_let_in_by_two(
        self,
        app: Litestar,
        platform: httpx.AsyncClient,
        second: httpx.AsyncClient,
        administrator: Someone,
        sessions: SessionMaker,
        kind: str,
    ) -> None:
        home = await self.home(platform, kind=kind)
        first = {"email": f"{uuid4().hex}@people.example", "roles": ["organisation_admin"]}
        made = (await platform.post(f"{home}/invitations", json=first)).json()
        path = f"{home}/invitations/{made['id']}/hand-over"
        assert (await platform.post(path, json={"identification": "known to me"})).status_code == 200
        member = await make_person(sessions, UUID(home.rpartition("/")[2]), [Role.ORGANISATION_ADMIN])
        mine = await sign_in(app, member.email)
        await self.filed(mine, home)
        remedy = await self.refused(platform, home)
        assert f"POST /v1/organisations/{administrator.organisation_id}/invitations" in remedy
        assert (await self.verify(second, home)).json()["status"] == "verified"

    async def test_who_brought_the_token_is_one_of_the_two(
        self,
        app: Litestar,
        platform: httpx.AsyncClient,
        second: httpx.AsyncClient,
        sessions: SessionMaker,
    ) -> None:
        home = await self.home(platform, kind="regulator")
        first = {"email": f"{uuid4().hex}@people.example", "roles": ["organisation_admin"]}
        made = (await second.post(f"{home}/invitations", json=first)).json()
        path = f"{home}/invitations/{made['id']}/hand-over"
        assert (await second.post(path, json={"identification": "known to me"})).status_code == 200
        member = await make_person(sessions, UUID(home.rpartition("/")[2]), [Role.ORGANISATION_ADMIN])
        mine = await sign_in(app, member.email)
        await self.filed(mine, home)
        for officer in (platform, second):
            await self.refused(officer, home)


class TestSuspension:
    async def test_its_people_only_read_and_licences_stop_until_reinstated(
        self,
        app: Litestar,
        platform: httpx.AsyncClient,
        buyers: httpx.AsyncClient,
        buyer: Someone,
        sessions: SessionMaker,
    ) -> None:
        base = f"/v1/organisations/{buyer.organisation_id}"
        program = await make_client(sessions, buyer, [Role.BUYER])
        form = {"grant_type": "client_credentials", "client_id": program[0], "client_secret": program[1]}
        token = (await platform.post("/oauth/token", data=form)).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}

        suspended = await platform.post(f"{base}/suspension", json=REASON)
        assert suspended.json()["status"] == "suspended"
        assert suspended.json()["status_reason"] == REASON["reason"]
        for headers in ({}, bearer):
            assert (await buyers.get("/v1/agreements", headers=headers)).status_code == 200
            order = await buyers.post("/v1/agreements", headers=headers, json={})
            assert order.status_code == 403
            assert order.json()["type"].endswith("organisation-suspended")
        async with transaction(sessions) as session:
            [stop] = await stops.active(session, [buyer.organisation_id])
            assert stop.subject_kind == "organisation"
        assert (await platform.post(f"{base}/suspension", json=REASON)).status_code == 409

        reinstated = await platform.post(f"{base}/reinstatement", json=REASON)
        assert reinstated.json()["status"] == "verified"
        assert (await buyers.post("/v1/agreements", json={})).status_code != 403
        async with transaction(sessions) as session:
            assert not await stops.active(session, [buyer.organisation_id])
        assert (await platform.post(f"{base}/reinstatement", json=REASON)).status_code == 409

    async def test_reinstatement_verifies_nobody(
        self, platform: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        organisation_id = await make_organisation(
            sessions, OrganisationKind.OWNER, OrganisationStatus.REJECTED
        )
        base = f"/v1/organisations/{organisation_id}"
        await platform.post(f"{base}/suspension", json=REASON)
        assert (await platform.post(f"{base}/reinstatement", json=REASON)).json()["status"] == "registered"

    async def test_a_further_platform_organisation_is_suspended_like_any_other(
        self, platform: httpx.AsyncClient, sessions: SessionMaker
    ) -> None:
        further = await make_organisation(sessions, OrganisationKind.PLATFORM)
        base = f"/v1/organisations/{further}"
        assert (await platform.post(f"{base}/suspension", json=REASON)).json()["status"] == "suspended"
        assert (await platform.post(f"{base}/reinstatement", json=REASON)).json()["status"] == "verified"

    async def test_the_platform_does_not_lock_itself_out(
        self, platform: httpx.AsyncClient, administrator: Someone
    ) -> None:
        answer = await platform.post(
            f"/v1/organisations/{administrator.organisation_id}/suspension", json=REASON
        )
        assert answer.status_code == 409
        assert (await platform.get("/v1/session")).status_code == 200
