"""Who reads and writes what of the quality of a product on the market: each path, by each kind of party."""

import httpx

from infra.auth import OrganisationKind
from tests.support.bargain import Bargain
from tests.support.parties import PartyMaker
from tests.support.products import CSV, settle_quality, upload

INSIDE = ("operator", "owner", "regulator")
OUTSIDE = ("buyer", "other operator", "other owner")


async def test_each_party_reads_and_writes_what_is_its_own(
    bargain: Bargain, party: PartyMaker, client: httpx.AsyncClient
) -> None:
    home = f"/v1/products/{bargain.product_id}"
    good = (await bargain.operator.get(f"{home}/revisions"))["items"][0]["id"]
    row = b"S1,2026-01-01T00:00:00Z,1.5,13800000009\n"
    failed = (await upload(bargain.operator, bargain.product_id, CSV + row))["id"]
    await settle_quality(bargain.operator, failed, passed=False)
    strangers = [(await party(kind)).http for kind in (OrganisationKind.OPERATOR, OrganisationKind.OWNER)]
    callers = {
        "operator": bargain.operator.http,
        "owner": bargain.owner.http,
        "regulator": bargain.regulator.http,
        "buyer": bargain.buyer.http,
        "other operator": strangers[0],
        "other owner": strangers[1],
        "nobody": client,
    }

    async def require(path: str, wanted: dict[str, int]) -> None:
        told = {name: (await http.get(path)).status_code for name, http in callers.items()}
        assert told == wanted, path

    def answers(inside: int, outside: int, nobody: int) -> dict[str, int]:
        return {**dict.fromkeys(INSIDE, inside), **dict.fromkeys(OUTSIDE, outside), "nobody": nobody}

    good_report, failed_report = [f"/v1/revisions/{one}/quality-report" for one in (good, failed)]
    await require(f"{home}/quality-badge.svg", answers(200, 200, 200))
    await require(f"/v1/catalogue/{bargain.product_id}/quality-report", answers(200, 200, 200))
    for path in (
        good_report,
        *(f"{home}/{one}" for one in ("quality-suite", "data-contract", "quality-trend", "service-credits")),
    ):
        await require(path, answers(200, 200, 401))
    for path in (
        failed_report,
        f"{failed_report}.html",
        *(f"/v1/revisions/{good}/{one}" for one in ("quality-run", "quality-waivers")),
        *(f"{home}/{one}" for one in ("quality-suite/versions", "quality-suite/proposals", "enforcement")),
    ):
        await require(path, answers(200, 404, 401))
    for path in ("/v1/quality-waiver-requests", "/v1/enforcement-procedures"):
        await require(path, answers(403, 403, 401) | {"regulator": 200})

    suite = {
        "product_class": "general",
        "checks": [{"type": "no_repeated_rows", "dimension": "accuracy"}],
        "based_on": "0" * 64,
    }
    run = f"/v1/revisions/{failed}/quality-run"
    for method, path, body in (
        ("PUT", f"{home}/quality-suite", suite),
        ("POST", f"{run}/cancellation", {}),
        ("POST", f"{run}/retry", {}),
    ):
        told = {
            name: (await http.request(method, path, json=body)).status_code for name, http in callers.items()
        }
        others = dict.fromkeys((*INSIDE, *OUTSIDE), 403)
        assert told == others | {"operator": 409, "other operator": 404, "nobody": 401}, path
