"""What two people do to one edition at once: exactly one of them succeeds, and the other is told why."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from infra.auth import OrganisationKind
from infra.db import new_id
from tests.support.bargain import Bargain
from tests.support.editions import drafted, submitted_edition
from tests.support.parties import Party, PartyMaker

REASON = {"reason": "Because of a complaint"}


async def send(party: Party, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await party.http.post(path, json=body, headers={"Idempotency-Key": str(new_id())})


async def outcomes(*calls: Awaitable[httpx.Response]) -> tuple[list[httpx.Response], list[str]]:
    """The answers that succeeded, and the problem types of the others."""
    answers = await asyncio.gather(*calls)
    assert all(answer.status_code < 500 for answer in answers), [answer.text for answer in answers]
    refused = [answer.json()["type"].rsplit(":", 1)[1] for answer in answers if not answer.is_success]
    return [answer for answer in answers if answer.is_success], refused


async def test_of_many_drafts_one_is_begun(bargain: Bargain) -> None:
    path = f"/v1/products/{bargain.product_id}/editions"
    made, refused = await outcomes(*(send(bargain.operator, path) for _ in range(6)))
    assert (len(made), refused) == (1, ["edition-open"] * 5)


async def test_of_two_approvals_one_takes_effect(bargain: Bargain, party: PartyMaker) -> None:
    other = await party(OrganisationKind.REGULATOR)
    edition = await submitted_edition(bargain.operator, bargain.product_id, title_en="Air")
    path, seen = f"/v1/editions/{edition['id']}", {"digest": edition["digest"]}
    made, refused = await outcomes(
        *(send(officer, f"{path}/approval", seen) for officer in (bargain.regulator, other) * 2)
    )
    assert (len(made), refused) == (1, ["edition-state"] * 3)
    history = await bargain.buyer.get(f"/v1/catalogue/{bargain.product_id}/editions")
    assert [item["number"] for item in history["items"]] == [2, 1]


@pytest.mark.parametrize("against", ["return", "refusal", "edition-withdrawal", "withdrawal", "suspension"])
async def test_an_approval_against_what_ends_it(bargain: Bargain, party: PartyMaker, against: str) -> None:
    other = await party(OrganisationKind.REGULATOR)
    edition = await submitted_edition(bargain.operator, bargain.product_id, title_en="Air")
    path, product = f"/v1/editions/{edition['id']}", f"/v1/products/{bargain.product_id}"
    seen = {"digest": edition["digest"]}
    ending = {
        "return": (other, f"{path}/return", seen | REASON),
        "refusal": (other, f"{path}/refusal", seen | REASON),
        "edition-withdrawal": (bargain.operator, f"{path}/withdrawal", REASON),
        "withdrawal": (bargain.operator, f"{product}/withdrawal", REASON),
        "suspension": (other, f"{product}/suspension", REASON),
    }[against]
    made, refused = await outcomes(send(bargain.regulator, f"{path}/approval", seen), send(*ending))
    approved = any(answer.url.path.endswith("/approval") for answer in made)
    status = (await bargain.operator.get(path))["status"]
    if against in ("withdrawal", "suspension"):
        # These hold whichever comes first; the approval only when it does.
        assert approved is (refused == []) is (status == "in_force")
    else:
        assert (len(made), refused) == (1, ["edition-state"])
        assert approved is (status == "in_force")


async def test_a_draft_is_changed_before_it_is_submitted_or_not_at_all(bargain: Bargain) -> None:
    operator = bargain.operator
    edition = await drafted(operator, bargain.product_id, title_en="Air")
    path = f"/v1/editions/{edition['id']}"
    changes = [
        operator.http.request("PATCH", path, json={"title_en": f"Air {number}"}) for number in range(4)
    ]
    made, refused = await outcomes(*changes[:2], send(operator, f"{path}/submission"), *changes[2:])
    assert set(refused) <= {"edition-state"}
    (submitted,) = [answer.json() for answer in made if answer.url.path.endswith("/submission")]
    kept = await operator.get(path)
    assert (kept["status"], kept["digest"]) == ("submitted", submitted["digest"])


async def test_an_order_is_of_one_edition_as_a_whole(bargain: Bargain) -> None:
    edition = await submitted_edition(
        bargain.operator, bargain.product_id, title_en="Air", purposes=["industry"]
    )
    orders = [
        send(bargain.buyer, "/v1/agreements", bargain.order_body(quotas={"rows": number}))
        for number in range(1, 5)
    ]
    seen = {"digest": edition["digest"]}
    approval = send(bargain.regulator, f"/v1/editions/{edition['id']}/approval", seen)
    made, refused = await outcomes(*orders[:2], approval, *orders[2:])
    assert refused == []
    agreements = [answer.json() for answer in made if answer.url.path == "/v1/agreements"]
    assert len(agreements) == 4
    for agreement in agreements:
        told, document = agreement["edition"], agreement["document"]
        assert document["title_en"] == told["document"]["title_en"]
        assert document["edition_digest"] == told["digest"]
        assert (document["title_en"] == "Air") is (told["id"] == edition["id"])
