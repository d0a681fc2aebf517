"""The platform's own bank accounts over HTTP: two officers for each, and no statement of any other account."""

import secrets
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.identity.errors import AnotherOfficer
from market.settlement.bank_accounts import service
from tests.support.camt053 import statement
from tests.support.people import make_organisation, make_person, sign_in
from tests.support.settlement import Caller, TradeMaker, bank_statement

XML = {"Content-Type": "application/xml"}


def fresh_number() -> str:
    return "62" + "".join(secrets.choice("0123456789") for _ in range(17))


def an_account(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "account_number": number,
        "currency": "CNY",
        "bank_name_zh": "示范银行上海分行",
        "cnaps": "102290000001",
        "holder_zh": "示范数据交易平台",
        "holder_en": "Demo Market Platform",
        **changes,
    }


async def register(client: httpx.AsyncClient, number: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/bank-accounts", json=an_account(number, **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def send(client: httpx.AsyncClient, account: str, **changes: Any) -> httpx.Response:
    document = bank_statement(account=account, **changes)
    return await client.post(
        "/v1/bank-statements", content=document, headers={"Idempotency-Key": str(new_id())} | XML
    )


async def test_a_statement_of_account_999_is_refused_and_the_advice_works(
    officers: list[httpx.AsyncClient],
) -> None:
    first, second, _ = officers
    number = "999" + fresh_number()
    refused = await send(first, number)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
        409,
        "bank-account-not-registered",
    )
    problem = refused.json()
    assert problem["detail"] == (
        f"Statement S-1 is of account {number} in CNY, which is not registered as the platform's own."
    )
    assert "register it in CNY with POST /v1/bank-accounts" in problem["remedy"]
    assert number not in [item["account"] for item in problem["registered"]]
    in_chinese = await first.post(
        "/v1/bank-statements",
        content=bank_statement(account=number),
        headers={"Idempotency-Key": str(new_id()), "Accept-Language": "zh"} | XML,
    )
    assert "银行账户" in in_chinese.json()["title"]

    spaced = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    account = await register(first, spaced)
    assert (account["status"], account["account_number"], account["confirmed_by"]) == (
        "registered",
        number,
        None,
    )
    waiting = await send(first, number)
    assert waiting.status_code == 409
    path = f"/v1/bank-accounts/{account['id']}/confirmation"
    assert path in waiting.json()["remedy"]
    own = await first.post(path)
    assert (own.status_code, own.json()["type"].rpartition(":")[2]) == (403, "another-officer")
    assert own.json()["detail"] == "A bank account is registered by one officer and confirmed by another."
    confirmed = await second.post(path)
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["status"] == "active"
    assert confirmed.json()["confirmed_by"] != confirmed.json()["registered_by"]
    taken = await send(first, number)
    assert taken.status_code == 201, taken.text
    assert taken.json()["statements"][0]["created"]
    assert number in [item["account"] for item in (await send(first, fresh_number())).json()["registered"]]


async def test_another_currency_of_a_registered_number_is_refused(officers: list[httpx.AsyncClient]) -> None:
    first, _, administrator = officers
    number = fresh_number()
    account = await register(first, number)
    await administrator.post(f"/v1/bank-accounts/{account['id']}/confirmation")
    refused = await send(first, number, currency="USD")
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("is in USD; the account is registered in CNY.")
    in_dollars = await register(first, number.lower(), currency="USD", bic="BKCHCNBJ300")
    await administrator.post(f"/v1/bank-accounts/{in_dollars['id']}/confirmation")
    assert (await send(first, number, currency="USD")).status_code == 201


async def test_a_correction_is_a_further_registration_that_replaces_the_first(
    officers: list[httpx.AsyncClient],
) -> None:
    first, second, _ = officers
    number = fresh_number()
    wrong = await register(first, number, cnaps="102290000009")
    await second.post(f"/v1/bank-accounts/{wrong['id']}/confirmation")
    assert (await send(first, number)).status_code == 201
    right = await register(second, number)
    again = await first.post("/v1/bank-accounts", json=an_account(number))
    assert (again.status_code, again.json()["bank_account_id"]) == (409, right["id"])
    assert f"/v1/bank-accounts/{right['id']}/confirmation" in again.json()["remedy"]
    assert (await first.post(f"/v1/bank-accounts/{right['id']}/confirmation")).status_code == 200
    kept = (await first.get(f"/v1/bank-accounts/{wrong['id']}")).json()
    assert (kept["status"], kept["replaced_by_id"], kept["cnaps"]) == ("closed", right["id"], "102290000009")
    active = (await first.get("/v1/bank-accounts", params={"status": "active", "limit": 200})).json()["items"]
    assert [item["id"] for item in active if item["account_number"] == number] == [right["id"]]
    assert (await send(first, number, statement_id="S-2")).status_code == 201


async def test_a_closed_account_takes_only_what_is_of_the_time_before(
    officers: list[httpx.AsyncClient],
) -> None:
    first, second, _ = officers
    number = fresh_number()
    account = await register(first, number)
    path = f"/v1/bank-accounts/{account['id']}"
    await second.post(f"{path}/confirmation")
    closed = await first.post(f"{path}/closure", json={"reason": "Moved to another bank"})
    assert (closed.status_code, closed.json()["closure_reason"]) == (200, "Moved to another bank")
    again = await first.post(f"{path}/closure", json={"reason": "Moved to another bank"})
    assert again.status_code == 409
    assert (await second.post(f"{path}/confirmation")).status_code == 409
    refused = await first.post(
        "/v1/bank-statements",
        content=statement("S-1", number, 0),  # it does not say of which days it is
        headers={"Idempotency-Key": str(new_id())} | XML,
    )
    assert refused.json()["detail"].endswith("which was closed.")
    january = b"<FrToDt><FrDtTm>2026-01-01T00:00:00</FrDtTm><ToDtTm>2026-01-31T23:59:59</ToDtTm></FrToDt>"
    before = bank_statement(account=number).replace(b"<Acct>", january + b"<Acct>")
    taken = await first.post(
        "/v1/bank-statements", content=before, headers={"Idempotency-Key": str(new_id())} | XML
    )
    assert taken.status_code == 201, taken.text


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"account_number": None, "iban": "DE02 1203 0000 0000 2020 52"}, "is not an IBAN"),
        ({"iban": "DE02 1203 0000 0000 2020 51"}, "not both"),
        ({"account_number": None}, "not both"),
        ({"account_number": "9 9"}, "4 to 34 letters and digits"),
        ({"bank_name_zh": None}, "bank_name_zh or bank_name_en"),
        ({"holder_zh": None, "holder_en": None}, "holder_zh or holder_en"),
        ({"currency": "XXX"}, "XXX is not an ISO 4217 currency"),
        ({"cnaps": "1022"}, "cnaps"),
        ({"bic": "nobic"}, "bic"),
    ],
)
async def test_what_cannot_be_an_account_is_refused(
    officers: list[httpx.AsyncClient], changes: dict[str, Any], complaint: str
) -> None:
    answer = await officers[0].post("/v1/bank-accounts", json=an_account(fresh_number()) | changes)
    assert answer.status_code == 422
    assert complaint in answer.text


async def test_one_person_does_not_confirm_under_another_account_and_others_see_nothing(
    trade_of: TradeMaker,
    caller: Caller,
    officers: list[httpx.AsyncClient],
    app: Litestar,
    sessions: SessionMaker,
) -> None:
    trade = await trade_of()
    assert (await (await caller(trade.buyer)).get("/v1/bank-accounts")).status_code == 403
    home = await make_organisation(sessions, OrganisationKind.PLATFORM)
    twice = await make_person(sessions, home, [Role.FINANCE_OFFICER])
    elsewhere = await make_organisation(sessions, OrganisationKind.PLATFORM)
    client = await sign_in(app, twice.email)
    account = await register(client, fresh_number())
    await client.aclose()
    other = await make_person(sessions, elsewhere, [Role.PLATFORM_ADMIN], email=twice.email)
    program = await caller(other.actor)
    assert (await program.get("/v1/bank-accounts")).status_code == 200
    async with transaction(sessions) as session:
        with pytest.raises(AnotherOfficer):
            await service.confirm(session, other.actor, UUID(account["id"]))
    missing = await officers[0].get(f"/v1/bank-accounts/{new_id()}")
    assert missing.status_code == 404
