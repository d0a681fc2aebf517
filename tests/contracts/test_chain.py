"""No call succeeds unless every link above it is live: each link is broken and mended in turn."""

from collections.abc import Awaitable, Callable

import pytest
from joserfc import jwt as jose
from joserfc.jwk import KeySet

from infra.auth import SYSTEM
from infra.db import SessionMaker, transaction
from infra.stops import service as stops
from tests.support.bargain import Bargain

Move = Callable[[Bargain, dict[str, str]], Awaitable[object]]


# The name stays until verifiers speak the new one; RFC 9864 only deprecates it.
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_our_licence_is_verified_by_a_library_that_is_not_ours(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed(columns=["station", "pm25"], quotas={"rows": 500})
    keys = KeySet.import_key_set((await bargain.buyer.http.get("/.well-known/jwks.json")).json())
    claims = jose.decode(token, keys, algorithms=["EdDSA"]).claims
    assert claims["iss"] == "http://market.test"
    assert claims["aud"] == "http://market.test/data"
    assert claims["licence_id"] == agreement["licence_id"]
    assert claims["columns"] == ["station", "pm25"]
    assert claims["purposes"] == ["industry"]
    assert claims["quotas"] == {"rows": 500}
    assert claims["agreement_digest"] == agreement["digest"]


async def test_a_token_of_a_program_is_no_licence_and_a_licence_is_no_token(bargain: Bargain) -> None:
    _, licence = await bargain.licensed()
    access = bargain.buyer.http.headers["Authorization"].split()[1]
    assert (await bargain.read(access)).status_code == 401
    answer = await bargain.buyer.http.get("/v1/agreements", headers={"Authorization": f"Bearer {licence}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("link", ["agreement", "product", "authorisation"])
async def test_a_broken_link_stops_the_next_call_and_a_mended_one_lets_it_through(
    bargain: Bargain, link: str
) -> None:
    agreement, token = await bargain.licensed()
    path, who, placed = {
        "agreement": (f"/v1/contract-reviews/{agreement['id']}", bargain.regulator, 201),
        "product": (f"/v1/products/{bargain.product_id}", bargain.regulator, 200),
        "authorisation": (
            f"/v1/authorisations/{agreement['document']['authorisation_id']}",
            bargain.owner,
            200,
        ),
    }[link]
    assert (await bargain.read(token)).status_code == 200
    await who.post(f"{path}/suspension", {"reason": f"the {link} is looked into"}, status=placed)
    refused = await bargain.read(token)
    assert refused.status_code == 403
    assert f"the {link} is looked into" in refused.text
    no_token = await bargain.buyer.post(f"/v1/licences/{agreement['licence_id']}/tokens", status=409)
    assert no_token["type"].endswith("licence-not-live")
    await who.post(f"{path}/reinstatement", {"reason": "nothing was found"}, status=placed)
    assert (await bargain.read(token)).status_code == 200


async def test_a_stop_on_any_id_of_the_chain_stops_the_licence(
    bargain: Bargain, sessions: SessionMaker
) -> None:
    agreement, token = await bargain.licensed()
    for link in ("resource_id", "right_id", "owner_id", "operator_id", "buyer_id"):
        subject = agreement["document"][link]
        assert (await bargain.read(token)).status_code == 200, link
        async with transaction(sessions) as session:
            await stops.place(
                session, SYSTEM, subject_kind="link", subject_id=subject, reason=f"{link} is broken"
            )
        assert (await bargain.read(token)).status_code == 403, link
        async with transaction(sessions) as session:
            await stops.lift(session, SYSTEM, subject_kind="link", subject_id=subject, reason="mended")
    assert (await bargain.read(token)).status_code == 200


async def test_who_did_not_place_a_stop_does_not_lift_it(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    path = f"/v1/products/{bargain.product_id}"
    await bargain.regulator.post(f"{path}/suspension", {"reason": "misuse"}, status=200)
    lifted = await bargain.operator.post(f"{path}/reinstatement", {"reason": "let me go on"}, status=409)
    assert lifted["type"].endswith(":not-stopped")
    assert (await bargain.read(token)).status_code == 403
    assert agreement["status"] == "finalized"


async def test_purpose_column_and_quota_bound_every_call(bargain: Bargain) -> None:
    _, token = await bargain.licensed(
        columns=["station", "pm25"], purposes=["industry", "public_welfare"], quotas={"rows": 30}
    )
    assert (await bargain.read(token)).status_code == 403, "several purposes, none named"
    assert (await bargain.read(token, **{"Data-Purpose": "public_governance"})).status_code == 403
    named = {"Data-Purpose": "industry"}
    covered = await bargain.read(token, "select=pm25&limit=2", **named)
    assert covered.status_code == 200
    assert [list(row) for row in covered.json()["items"]] == [["pm25"], ["pm25"]]
    outside = await bargain.read(token, "select=phone", **named)
    absent = await bargain.read(token, "select=absent", **named)
    assert outside.status_code == absent.status_code
    assert outside.json()["detail"].replace("phone", "absent") == absent.json()["detail"]
    assert (await bargain.read(token, "limit=29", **named)).status_code == 429
    assert (await bargain.read(token, "limit=28", **named)).status_code == 200
    assert (await bargain.read(token, **named)).status_code == 429


async def test_a_refusal_tells_nothing_of_the_data(bargain: Bargain) -> None:
    _, token = await bargain.licensed(quotas={"rows": 5})
    some = await bargain.read(token, "filter=pm25:gt:1&limit=6")
    none = await bargain.read(token, "filter=pm25:gt:1000&limit=6")
    assert (some.status_code, none.status_code) == (429, 429)
    assert some.json() == none.json()
    assert "limit=5 at most" in some.json()["remedy"]
    assert (await bargain.read(token, "filter=pm25:gt:1000&limit=5")).json()["items"] == []


async def test_the_regulator_sees_the_whole_file_and_nobody_else(bargain: Bargain) -> None:
    agreement, token = await bargain.licensed()
    await bargain.read(token, "limit=7")
    path = f"/v1/supervision/contracts/{agreement['id']}"
    file = await bargain.regulator.get(path)
    assert file["usage"]["units"] | {"bytes": 0} == {"calls": 1, "rows": 7, "bytes": 0}
    assert file["usage"]["open_period_no"] == 1
    assert file["licence"]["live"] is True
    assert file["rights"][0]["kind"] == "HOLD"
    assert file["authorisation"]["status"] == "active"
    assert file["quality"]["grade"] == "C", "half of the dimensions are not measured yet"
    actions = {entry["action"] for entry in file["decisions"]}
    assert {"agreement.requested", "agreement.signed", "licence.issued"} <= actions
    for other in (bargain.buyer, bargain.operator, bargain.owner):
        await other.get(path, status=403)


async def test_a_contract_is_reviewed_once_it_is_concluded(bargain: Bargain) -> None:
    agreement, _ = await bargain.licensed()
    queue = await bargain.regulator.get("/v1/contract-reviews?limit=200")
    assert agreement["id"] in [item["id"] for item in queue["items"]]
    await bargain.regulator.post(f"/v1/contract-reviews/{agreement['id']}", {"note": "within the purpose"})
    queue = await bargain.regulator.get("/v1/contract-reviews?limit=200")
    assert agreement["id"] not in [item["id"] for item in queue["items"]]
    await bargain.buyer.post(f"/v1/contract-reviews/{agreement['id']}", {"note": "I reviewed it"}, status=403)
