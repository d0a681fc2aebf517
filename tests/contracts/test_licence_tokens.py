"""Licence tokens end with whoever holds them, and when their owner ends them: the next call is refused, unbilled."""

import asyncio
import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import jwt
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col, select

from contracts.licences import jobs, token_service
from contracts.licences.tables import LicenceToken
from infra.auth import ROLE_PERMISSIONS, SYSTEM, Actor, OrganisationKind, Permission, Role
from infra.db import SessionMaker, new_id, transaction
from infra.identity import clients, holders
from infra.identity import service as identity
from infra.identity.errors import HolderEnded
from infra.identity.states import OrganisationAction
from infra.identity.tables import Client
from infra.organisation_status import OrganisationStatus
from market.delivery.errors import refusal
from market.metering.admission_sql import admit
from market.metering.domain import Outcome
from tests.support.application import job_context
from tests.support.bargain import Bargain
from tests.support.database import TestDatabase
from tests.support.metering import call_for, counted
from tests.support.parties import PartyMaker
from tests.support.people import PASSWORD, Someone, make_client, make_person, sign_in


@dataclass(frozen=True)
class Tokens:
    """A licence, its buyer's administrator, and two tokens: one to be ended, one of somebody else to go on.

    :ivar holder: the person who holds the first; ``program`` the program that holds it instead.
    """

    app: Litestar
    bargain: Bargain
    licence_id: UUID
    admin: httpx.AsyncClient
    holder: Someone
    program: tuple[str, str]
    of_person: str
    of_program: str
    other: str

    async def issue(self, http: httpx.AsyncClient) -> str:
        answer = await http.post(f"/v1/licences/{self.licence_id}/tokens")
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["access_token"]
        return token

    async def oauth(self, path: str, program: tuple[str, str], token: str) -> httpx.Response:
        form = {"client_id": program[0], "client_secret": program[1], "token": token}
        return await self.admin.post(f"/oauth/{path}", data=form)

    @property
    def path(self) -> str:
        return f"/v1/organisations/{self.bargain.buyer.organisation_id}"


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def program_token(app_client: httpx.AsyncClient, program: tuple[str, str]) -> str:
    form = {"grant_type": "client_credentials", "client_id": program[0], "client_secret": program[1]}
    answer = await app_client.post("/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


@pytest.fixture
async def tokens(app: Litestar, bargain: Bargain, sessions: SessionMaker) -> Tokens:
    agreement, other = await bargain.licensed()
    buyer_id = bargain.buyer.organisation_id
    somebody = await make_person(sessions, buyer_id, [Role.ORGANISATION_ADMIN])
    holder = await make_person(sessions, buyer_id, [Role.BUYER])
    admin = await sign_in(app, somebody.email)
    program = await make_client(sessions, somebody, [Role.BUYER])
    made = Tokens(app, bargain, UUID(agreement["licence_id"]), admin, holder, program, "", "", other)
    access = await program_token(admin, program)
    of_program = await admin.post(
        f"/v1/licences/{made.licence_id}/tokens", headers={"Authorization": f"Bearer {access}"}
    )
    of_person = await made.issue(await sign_in(app, holder.email))
    return Tokens(
        app,
        bargain,
        made.licence_id,
        admin,
        holder,
        program,
        of_person,
        of_program.json()["access_token"],
        other,
    )


async def delete_program(tokens: Tokens) -> httpx.Response:
    return await tokens.admin.delete(f"{tokens.path}/clients/{tokens.program[0]}")


async def rotate_at_once(tokens: Tokens) -> httpx.Response:
    return await tokens.admin.post(
        f"{tokens.path}/clients/{tokens.program[0]}/secret-rotations", json={"overlap_hours": 0}
    )


async def remove_member(tokens: Tokens) -> httpx.Response:
    return await tokens.admin.delete(f"{tokens.path}/members/{tokens.holder.id}")


async def take_role(tokens: Tokens) -> httpx.Response:
    body = {"roles": [Role.ORGANISATION_ADMIN.value]}
    return await tokens.admin.patch(f"{tokens.path}/members/{tokens.holder.id}", json=body)


async def change_password(tokens: Tokens) -> httpx.Response:
    http = await sign_in(tokens.app, tokens.holder.email)
    body = {"current_password": PASSWORD, "new_password": "seven quiet herons at dusk"}
    return await http.put("/v1/session/password", json=body)


def revoke(token_of: Callable[[Tokens], str]) -> Callable[[Tokens], Awaitable[httpx.Response]]:
    async def act(tokens: Tokens) -> httpx.Response:
        token_id = claims_of(token_of(tokens))["jti"]
        return await tokens.admin.delete(f"/v1/licences/{tokens.licence_id}/tokens/{token_id}")

    return act


async def revoke_by_oauth(tokens: Tokens) -> httpx.Response:
    return await tokens.oauth("revoke", tokens.program, tokens.of_program)


def of_program(tokens: Tokens) -> str:
    return tokens.of_program


def of_person(tokens: Tokens) -> str:
    return tokens.of_person


@pytest.mark.parametrize(
    ("act", "token_of", "reason"),
    [
        (delete_program, of_program, "client_deleted"),
        (rotate_at_once, of_program, "secret_revoked"),
        (remove_member, of_person, "member_removed"),
        (take_role, of_person, "role_removed"),
        (change_password, of_person, "password_changed"),
        (revoke(of_program), of_program, "revoked"),
        (revoke(of_person), of_person, "revoked"),
        (revoke_by_oauth, of_program, "revoked"),
    ],
)
async def test_a_token_ends_with_its_holder_or_by_its_owner(
    tokens: Tokens,
    database: TestDatabase,
    act: Callable[[Tokens], Awaitable[httpx.Response]],
    token_of: Callable[[Tokens], str],
    reason: str,
) -> None:
    token = token_of(tokens)
    remaining = [one for one in (tokens.of_program, tokens.of_person, tokens.other) if one != token]
    assert (await tokens.bargain.read(token)).status_code == 200
    done = await act(tokens)
    assert done.is_success, done.text
    refused = await tokens.bargain.read(token, **{"Idempotency-Key": "again"})
    assert refused.status_code == 401, refused.text
    problem = refused.json()
    assert problem["type"].endswith("licence-refused")
    assert problem["reason"] == "revoked"
    for one in remaining:
        assert (await tokens.bargain.read(one)).status_code == 200
    connection = await asyncpg.connect(database.service_url)
    assert (await counted(connection, tokens.licence_id))["calls"] == 3
    await connection.close()
    path = f"/v1/licences/{tokens.licence_id}/tokens"
    listed = {item["token_id"]: item for item in (await tokens.admin.get(path)).json()["items"]}
    ended = listed[claims_of(token)["jti"]]
    assert ended["end_reason"] == reason
    assert ended["ended_at"] is not None
    assert [listed[claims_of(one)["jti"]]["ended_at"] for one in remaining] == [None, None]


async def test_a_suspended_buyers_tokens_are_not_good_again_when_it_is_reinstated(
    tokens: Tokens, sessions: SessionMaker
) -> None:
    for action in (OrganisationAction.SUSPEND, OrganisationAction.REINSTATE_AS_VERIFIED):
        async with transaction(sessions) as session:
            row = await identity.organisation(session, tokens.bargain.buyer.organisation_id)
            await identity.change_status(session, SYSTEM, row, action, "Review")
        for token in (tokens.of_person, tokens.of_program, tokens.other):
            assert (await tokens.bargain.read(token)).status_code == 401
    # The way on: whoever lost a token gets another one.
    again = await tokens.issue(tokens.bargain.buyer.http)
    assert (await tokens.bargain.read(again)).status_code == 200


async def test_a_secret_that_goes_on_for_a_while_ends_no_token(tokens: Tokens) -> None:
    rotated = await tokens.admin.post(
        f"{tokens.path}/clients/{tokens.program[0]}/secret-rotations", json={"overlap_hours": 1}
    )
    assert rotated.is_success, rotated.text
    assert (await tokens.bargain.read(tokens.of_program)).status_code == 200
    # The second one leaves no time to the first any more.
    rotated = await tokens.admin.post(
        f"{tokens.path}/clients/{tokens.program[0]}/secret-rotations", json={"overlap_hours": 1}
    )
    assert rotated.is_success, rotated.text
    assert (await tokens.bargain.read(tokens.of_program)).status_code == 401


async def test_the_buyer_lists_and_revokes_and_nobody_else_does(tokens: Tokens, party: PartyMaker) -> None:
    path = f"/v1/licences/{tokens.licence_id}/tokens"
    page = await tokens.admin.get(path, params={"limit": 2})
    assert tokens.of_person not in page.text
    first, second = page.json()["items"]
    assert (first["issued_to"], first["issued_to_kind"]) == (str(tokens.holder.id), "person")
    assert (second["issued_to"], second["issued_to_kind"]) == (tokens.program[0], "program")
    rest = await tokens.admin.get(path, params={"limit": 2, "cursor": page.json()["next_cursor"]})
    assert [item["token_id"] for item in rest.json()["items"]] == [claims_of(tokens.other)["jti"]]
    one = f"{path}/{first['token_id']}"
    stranger = await party(OrganisationKind.BUYER)
    for side, status in ((tokens.bargain.operator, 403), (tokens.bargain.regulator, 403), (stranger, 404)):
        assert (await side.http.get(path)).status_code == status
        assert (await side.http.delete(one)).status_code == status
    assert (await tokens.bargain.read(tokens.of_person)).status_code == 200
    missing = await tokens.admin.delete(f"{path}/{new_id()}")
    assert missing.status_code == 404
    assert (await tokens.admin.delete(one)).status_code == 204
    ended_at = (await tokens.admin.get(path)).json()["items"][0]["ended_at"]
    assert (await tokens.admin.delete(one)).status_code == 204  # as it was
    assert (await tokens.admin.get(path)).json()["items"][0]["ended_at"] == ended_at


async def test_introspection_and_revocation_of_oauth_know_licence_tokens(
    tokens: Tokens, sessions: SessionMaker, party: PartyMaker
) -> None:
    async with transaction(sessions) as session:
        stranger = await clients.create(
            session,
            SYSTEM,
            (await party(OrganisationKind.BUYER)).organisation_id,
            name="stranger",
            roles=[Role.BUYER],
        )
    other_program = (str(stranger[0].id), stranger[1])
    claims = claims_of(tokens.of_program)
    found = (await tokens.oauth("introspect", tokens.program, tokens.of_program)).json()
    assert found["active"] is True
    assert (found["jti"], found["client_id"], found["aud"]) == (
        claims["jti"],
        tokens.program[0],
        "http://market.test/data",
    )
    assert found["organisation_id"] == str(tokens.bargain.buyer.organisation_id)
    # A person's token is one of the organisation's, too.
    assert (await tokens.oauth("introspect", tokens.program, tokens.of_person)).json()["active"] is True
    assert (await tokens.oauth("introspect", other_program, tokens.of_program)).json() == {"active": False}
    refused = await tokens.oauth("revoke", other_program, tokens.of_program)
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    refused = await tokens.oauth("revoke", tokens.program, tokens.of_person)
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    assert (await tokens.oauth("introspect", tokens.program, tokens.of_program)).json()["active"] is True
    for _ in range(2):
        assert (await tokens.oauth("revoke", tokens.program, tokens.of_program)).is_success
        found = (await tokens.oauth("introspect", tokens.program, tokens.of_program)).json()
        assert found == {"active": False}
    tampered = tokens.of_person[:-4] + "AAAA"
    assert (await tokens.oauth("introspect", tokens.program, tampered)).json() == {"active": False}
    assert (await tokens.oauth("revoke", tokens.program, tampered)).is_success


def as_actor(tokens: Tokens) -> Actor:
    return Actor(
        "program",
        UUID(tokens.program[0]),
        tokens.bargain.buyer.organisation_id,
        OrganisationKind.BUYER,
        frozenset({Role.BUYER}),
        OrganisationStatus.VERIFIED,
    )


async def issue_for(tokens: Tokens, session: Any) -> UUID:
    issued = await token_service.issue_token(
        session, as_actor(tokens), tokens.app.state.key_ring, "http://market.test", tokens.licence_id
    )
    return issued.token_id


async def delete_client(tokens: Tokens, sessions: SessionMaker) -> None:
    async with transaction(sessions) as session:
        client = await clients.lock(session, tokens.bargain.buyer.organisation_id, UUID(tokens.program[0]))
        await clients.delete(session, client)


async def test_a_token_that_is_issued_while_its_holder_ends_ends_with_it(
    tokens: Tokens, sessions: SessionMaker
) -> None:
    async with transaction(sessions) as issuing:
        token_id = await issue_for(tokens, issuing)
        deleting = asyncio.create_task(delete_client(tokens, sessions))
        await asyncio.sleep(0.2)
        assert not deleting.done()  # it waits for the token, so that it can end it
    await deleting
    async with transaction(sessions) as session:
        row = await session.scalar(select(LicenceToken).where(col(LicenceToken.id) == token_id))
        assert row is not None
        assert row.ended_at is not None
        with pytest.raises(HolderEnded):
            await issue_for(tokens, session)


async def test_no_token_is_issued_past_the_end_of_its_holder(tokens: Tokens, sessions: SessionMaker) -> None:
    async with transaction(sessions) as deleting:
        client = await clients.lock(deleting, tokens.bargain.buyer.organisation_id, UUID(tokens.program[0]))
        await clients.delete(deleting, client)

        async def issue() -> UUID:
            async with transaction(sessions) as session:
                return await issue_for(tokens, session)

        issuing = asyncio.create_task(issue())
        await asyncio.sleep(0.2)
        assert not issuing.done()
    with pytest.raises(HolderEnded):
        await issuing


async def test_a_credential_that_ends_while_a_token_is_asked_for_gives_none(
    tokens: Tokens, sessions: SessionMaker
) -> None:
    """Whoever stole it may ask all the time: one of the requests always waits for the end."""
    access = jwt.decode(
        await program_token(tokens.admin, tokens.program), options={"verify_signature": False}
    )
    thief = replace(
        tokens.holder.actor,
        kind="program",
        id=UUID(tokens.program[0]),
        roles=frozenset({Role.BUYER}),
        credential_id=UUID(access["secret_id"]),
    )
    async with transaction(sessions) as rotating:
        client = await clients.lock(rotating, thief.organisation_id, thief.id)
        await clients.rotate_secret(rotating, client, overlap=timedelta(0))

        async def issue() -> None:
            async with transaction(sessions) as session:
                await holders.hold(session, thief, Permission.LICENCE_TOKEN)

        issuing = asyncio.create_task(issue())
        await asyncio.sleep(0.2)
        assert not issuing.done()
    with pytest.raises(HolderEnded):
        await issuing


async def test_a_role_that_is_lost_between_is_seen(tokens: Tokens, sessions: SessionMaker) -> None:
    async with transaction(sessions) as session:
        row = await session.get(Client, UUID(tokens.program[0]))
        assert row is not None
        row.roles = [Role.ORGANISATION_ADMIN.value]
    assert (await tokens.bargain.read(tokens.of_program)).status_code == 401
    async with transaction(sessions) as session:
        with pytest.raises(HolderEnded):
            await issue_for(tokens, session)


def test_the_role_the_database_looks_for_is_the_one_that_carries_the_permission() -> None:
    carriers = {role for role, granted in ROLE_PERMISSIONS.items() if Permission.LICENCE_TOKEN in granted}
    assert carriers == {Role.BUYER}, "end_licence_tokens names the roles: add a version that names these"


async def test_tokens_that_have_run_out_are_forgotten_and_admission_stops_looking(
    tokens: Tokens, sessions: SessionMaker, database: TestDatabase
) -> None:
    assert (await revoke(of_person)(tokens)).status_code == 204
    context = job_context(tokens.app, sessions)
    flag = "SELECT tokens_ended FROM licence_counters WHERE licence_id = $1"
    count = "SELECT count(*) FROM licence_tokens WHERE licence_id = $1"
    owner = await asyncpg.connect(database.owner_url)
    await jobs.forget_tokens(context, {})
    assert (
        await owner.fetchval(flag, tokens.licence_id),
        await owner.fetchval(count, tokens.licence_id),
    ) == (
        True,
        3,
    )
    await owner.execute(
        "UPDATE licence_tokens SET expires_at = now() - interval '2 hours' WHERE id = $1",
        UUID(claims_of(tokens.of_person)["jti"]),
    )
    await jobs.forget_tokens(context, {})
    assert (
        await owner.fetchval(flag, tokens.licence_id),
        await owner.fetchval(count, tokens.licence_id),
    ) == (
        False,
        2,
    )
    await owner.close()
    assert (await tokens.bargain.read(tokens.other)).status_code == 200


async def test_the_refusal_says_what_to_do(tokens: Tokens, database: TestDatabase) -> None:
    assert (await revoke(of_program)(tokens)).status_code == 204
    ended, good = UUID(claims_of(tokens.of_program)["jti"]), UUID(claims_of(tokens.other)["jti"])
    connection = await asyncpg.connect(database.service_url)
    calls = [
        call_for(tokens.licence_id, token_id=token_id, purpose="industry")
        for token_id in (ended, good, ended)
    ]
    decisions = await admit(connection, calls, seconds=10)
    await connection.close()
    assert [decision.outcome for decision in decisions] == [
        Outcome.TOKEN_ENDED,
        Outcome.ADMITTED,
        Outcome.TOKEN_ENDED,
    ]
    assert "POST /v1/licences/" in str(refusal(decisions[0], None, 50).remedy)
    again = await program_token(tokens.admin, tokens.program)
    issued = await tokens.admin.post(
        f"/v1/licences/{tokens.licence_id}/tokens", headers={"Authorization": f"Bearer {again}"}
    )
    assert (await tokens.bargain.read(issued.json()["access_token"])).status_code == 200


CALLER = """
import asyncio, json, sys
from time import monotonic
from uuid import UUID
from market.metering.group_commit import Admission
from tests.support.metering import call_for

async def main(dsn, licence, token):
    admission = Admission(dsn)
    await admission.start()
    told = []
    stop = monotonic() + 6
    async def caller():
        while monotonic() < stop:
            sent = monotonic()
            decision = await admission.admit(call_for(licence, token_id=token, purpose="industry"))
            told.append((sent, decision.outcome.value))
            if decision.outcome == "token_ended" and len(told) > 200:
                return
    await asyncio.gather(*(caller() for _ in range(16)))
    await admission.close()
    print(json.dumps(told))

asyncio.run(main(sys.argv[1], UUID(sys.argv[2]), UUID(sys.argv[3])))
"""


async def test_no_call_is_admitted_after_the_answer_to_a_revocation_by_any_process(
    tokens: Tokens, sessions: SessionMaker, database: TestDatabase
) -> None:
    token_id = claims_of(tokens.of_person)["jti"]
    arguments = (sys.executable, "-c", CALLER, database.service_url, str(tokens.licence_id), token_id)
    processes = [
        await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE) for _ in range(3)
    ]
    records = sa.text("SELECT count(*) FROM usage_records WHERE licence_id = :licence_id")

    async def recorded() -> int:
        async with sessions() as session:
            found: int = (await session.execute(records, {"licence_id": tokens.licence_id})).scalar_one()
            return found

    async with asyncio.timeout(60):
        while await recorded() < 300:
            await asyncio.sleep(0.05)
        assert (await remove_member(tokens)).is_success
        answered = monotonic()  # one clock for every process of the machine
        final = await recorded()
        told = [
            (sent, outcome)
            for process in processes
            for sent, outcome in json.loads((await process.communicate())[0])
        ]
    assert [entry for entry in told if entry[1] == "admitted" and entry[0] > answered] == []
    assert {outcome for _, outcome in told} == {"admitted", "token_ended"}
    # Not even one that was under way: what was admitted was committed before the answer.
    assert await recorded() == final
