"""The people of organisations, their programs and their passwords: how they come, lose, recover and go."""

import time
from hashlib import sha256

from market.demo.desk import Desk, Login, expect
from market.demo.state import Trade
from tests.reference.acting import REASON, SEEN, delete
from tests.support.totp import code_at

FACTOR = "/v1/session/second-factor"


async def access(trade: Trade) -> None:
    buyer = trade.desks["buyer"]
    home = f"/v1/organisations/{buyer.organisation_id}"
    body = {"email": f"colleague-{trade.mark}@market.example", "roles": ["buyer"]}
    invitation = await buyer.post(f"{home}/invitations", body)
    await delete(buyer, f"{home}/invitations/{invitation['id']}")
    invitation = await buyer.post(f"{home}/invitations", body)
    handed = await buyer.post(
        f"{home}/invitations/{invitation['id']}/hand-over", {"identification": "Identity card seen"}
    )
    async with trade.connect() as http:
        chosen = {
            "token": handed["token"],
            "name": "Wang Fang",
            "password": "the kettle sings before the rain",
        }
        expect(await http.post("/v1/invitations/acceptance", json=chosen))
    members = (await buyer.get(f"{home}/members"))["items"]
    [member] = [item for item in members if item["email"] == body["email"]]
    person = f"{home}/members/{member.get('person_id') or member['id']}"
    await buyer.patch(person, {"roles": ["buyer", "organisation_admin"]})
    await delete(buyer, person)


async def lost(trade: Trade) -> None:
    """A lost password, a second factor from its enrolment to its loss, and what two officers do about it."""
    buyer, admin, officer = trade.desks["buyer"], trade.desks["admin"], trade.desks["officer"]
    home = f"/v1/organisations/{buyer.organisation_id}"
    login = Login("colleague", f"li-{trade.mark}@market.example", "the kettle sings before the rain")
    joined = await _member(trade, buyer, home, login, "Li Na", ["buyer"])
    await joined.leave()
    [member] = [one for one in (await buyer.get(f"{home}/members"))["items"] if one["email"] == login.email]
    handed = await buyer.post(f"{home}/members/{member['person_id']}/password-reset", SEEN)
    chosen = Login(login.desk, login.email, "eleven wooden boats in autumn")
    async with trade.connect() as http:
        body = {"token": handed["token"], "new_password": chosen.password}
        expect(await http.post("/v1/password-resets/acceptance", json=body))
    colleague = await Desk.sign_in(trade.connect, chosen)
    first, second, third, *_ = await _enrol(colleague, chosen)
    await colleague.leave()
    async with trade.connect() as http:
        credentials = {"email": chosen.email, "password": chosen.password}
        token = expect(await http.post("/v1/session", json=credentials))["csrf_token"]
        headers = {"X-CSRF-Token": token}
        opened = expect(await http.post(FACTOR, json={"code": first}, headers=headers))
        headers = {"X-CSRF-Token": opened["csrf_token"]}
        codes = expect(await http.post(f"{FACTOR}/recovery-codes", json={"code": second}, headers=headers))
        assert third not in codes["recovery_codes"]
        expect(
            await http.post(f"{FACTOR}/removal", json={"code": codes["recovery_codes"][0]}, headers=headers)
        )
    again = await Desk.sign_in(trade.connect, chosen)
    await _enrol(again, chosen)
    await again.leave()
    lost = {"person_id": member["person_id"], "reason": "Phone stolen on the train; recognised in person"}
    await buyer.post(f"{home}/second-factor-resets", lost)
    await delete(buyer, f"{home}/members/{member['person_id']}")
    # On the platform it takes two, and the member can object.
    home = f"/v1/organisations/{admin.organisation_id}"
    login = Login("third", f"third-{trade.mark}@market.example", "the kettle sings before the rain")
    other = await _member(trade, admin, home, login, "Zhao Min", ["platform_admin"])
    await _enrol(officer, officer.login)
    found = (await admin.get(f"{home}/members"))["items"]
    [theirs] = [one["person_id"] for one in found if one["email"] == officer.login.email]
    for desk, act, sent in ((officer, "cancellation", REASON), (other, "approval", None)):
        asked = await admin.post(f"{home}/second-factor-resets", {**lost, "person_id": theirs})
        await desk.post(f"{home}/second-factor-resets/{asked['id']}/{act}", sent)
    await other.leave()


async def _enrol(desk: Desk, login: Login) -> list[str]:
    """Enrol an authenticator app; its recovery codes."""
    begun = await desk.post(f"{FACTOR}/enrolment", {"current_password": login.password})
    code = code_at(begun["secret"], int(time.time()) // 30)
    codes: list[str] = (await desk.post(f"{FACTOR}/confirmation", {"code": code}))["recovery_codes"]
    return codes


async def _member(trade: Trade, desk: Desk, home: str, login: Login, name: str, roles: list[str]) -> Desk:
    invitation = await desk.post(f"{home}/invitations", {"email": login.email, "roles": roles})
    handed = await desk.post(f"{home}/invitations/{invitation['id']}/hand-over", SEEN)
    body = {"token": handed["token"], "name": name, "password": login.password}
    async with trade.connect() as http:
        expect(await http.post("/v1/invitations/acceptance", json=body))
    return await Desk.sign_in(trade.connect, login)


async def programs(trade: Trade) -> None:
    buyer = trade.desks["buyer"]
    home = f"/v1/organisations/{buyer.organisation_id}/clients"
    made = await buyer.post(home, {"name": "Nightly import", "roles": ["buyer"]})
    rotated = await buyer.post(f"{home}/{made['id']}/secret-rotations", {"overlap_hours": 24})
    auth = (made["id"], rotated["client_secret"])
    async with trade.connect() as http:
        token = expect(await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=auth))
        for path in ("introspect", "revoke"):
            expect(await http.post(f"/oauth/{path}", data={"token": token["access_token"]}, auth=auth))
    await delete(buyer, f"{home}/{made['id']}")
    tokens = f"/v1/licences/{trade.made['licence_id']}/tokens"
    await buyer.post(tokens)
    await delete(buyer, f"{tokens}/{(await buyer.get(tokens))['items'][0]['token_id']}")


async def recovery(trade: Trade) -> None:
    admin, officer, owner = trade.desks["admin"], trade.desks["officer"], trade.desks["owner"]
    home = f"/v1/organisations/{owner.organisation_id}/recoveries"
    body = {
        "email": f"new-{trade.mark}@market.example",
        "evidence_sha256": sha256(b"letter").hexdigest(),
        "reason": "The only administrator has left the bureau",
    }
    asked = await admin.post(home, body)
    await officer.post(f"{home}/{asked['id']}/approval", REASON)
    await owner.post(f"{home}/{asked['id']}/cancellation", REASON)


async def standing(trade: Trade) -> None:
    admin, buyer = trade.desks["admin"], trade.desks["buyer"]
    home = f"/v1/organisations/{buyer.organisation_id}"
    await admin.post(f"{home}/suspension", REASON)
    appeal = await buyer.post(
        f"{home}/appeals", {"text": "The certificate was renewed in January; see the copy."}
    )
    await admin.post(f"{home}/appeals/{appeal['id']}/decision", {"decision": "uphold", **REASON})
    if (await admin.get(home))["status"] != "suspended":
        await admin.post(f"{home}/suspension", REASON)
    await admin.post(f"{home}/reinstatement", REASON)
