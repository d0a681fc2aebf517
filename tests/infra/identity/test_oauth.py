"""OAuth 2 for programs, over HTTP: tokens, introspection, revocation, discovery, and attacks."""

import base64
import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from litestar import Litestar
from sqlmodel import col

from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker, transaction
from infra.identity import clients
from infra.identity.tables import Client, Organisation
from infra.organisation_status import OrganisationStatus
from tests.support.people import Someone, make_client, make_organisation, make_person

ISSUER = "http://market.test"


@pytest.fixture
async def program(sessions: SessionMaker, someone: Someone) -> tuple[str, str]:
    return await make_client(sessions, someone, [Role.BUYER, Role.ORGANISATION_ADMIN])


async def ask(client: httpx.AsyncClient, program: tuple[str, str], **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": program[0], "client_secret": program[1], **more}
    return await client.post("/oauth/token", data=form)


async def token_of(client: httpx.AsyncClient, program: tuple[str, str], **more: str) -> str:
    answer = await ask(client, program, **more)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def whoami(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get("/v1/session", headers={"Authorization": f"Bearer {token}"})


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


class TestToken:
    async def test_by_form_and_by_header(self, client: httpx.AsyncClient, program: tuple[str, str]) -> None:
        by_form = await ask(client, program)
        by_header = await client.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(*program)
        )
        for answer in (by_form, by_header):
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"
            body = answer.json()
            assert body["token_type"] == "Bearer"
            assert body["expires_in"] == 900
            assert body["scope"] == "buyer organisation_admin"
            assert set(body) == {"access_token", "token_type", "expires_in", "scope"}

    # RFC 9864 would rather see "Ed25519"; "EdDSA" is what verifiers in the field know.
    @pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
    async def test_an_independent_library_verifies_it_with_the_served_keys(
        self, client: httpx.AsyncClient, program: tuple[str, str], someone: Someone
    ) -> None:
        served = await client.get("/.well-known/jwks.json")
        assert "max-age" in served.headers["cache-control"]
        token = await token_of(client, program)
        decoded = joserfc_jwt.decode(token, KeySet.import_key_set(served.json()), algorithms=["EdDSA"])
        assert decoded.header["typ"] == "at+jwt"
        claims = decoded.claims
        assert claims["iss"] == ISSUER
        assert claims["aud"] == ISSUER + "/v1"
        assert claims["sub"] == claims["client_id"] == program[0]
        assert claims["organisation_id"] == str(someone.organisation_id)
        assert claims["exp"] - claims["iat"] == 900
        UUID(claims["jti"])

    async def test_it_acts_for_the_program(
        self, client: httpx.AsyncClient, program: tuple[str, str], someone: Someone
    ) -> None:
        answer = await whoami(client, await token_of(client, program))
        body = answer.json()
        assert body["kind"] == "program"
        assert body["organisation"]["id"] == str(someone.organisation_id)
        assert body["csrf_token"] is None

    async def test_it_needs_no_csrf_token_and_has_no_session(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        token = await token_of(client, program)
        answer = await client.delete("/v1/session", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("not-a-person")

    async def test_a_narrowed_scope_narrows_what_it_may_do(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        body = (await whoami(client, await token_of(client, program, scope="organisation_admin"))).json()
        assert body["roles"] == ["organisation_admin"]
        assert "order.place" not in body["permissions"]

    async def test_roles_taken_away_are_gone_from_tokens_already_issued(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        token = await token_of(client, program)
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Client).where(col(Client.id) == UUID(program[0])).values(roles=["buyer"])
            )
        assert (await whoami(client, token)).json()["roles"] == ["buyer"]

    @pytest.mark.parametrize(
        ("change", "status", "error"),
        [
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": ""}, 400, "invalid_request"),
            ({"scope": "platform_admin"}, 400, "invalid_scope"),
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"client_secret": ""}, 401, "invalid_client"),
            ({"client_id": "nobody"}, 401, "invalid_client"),
            ({"client_id": "00000000-0000-0000-0000-000000000000"}, 401, "invalid_client"),
            ({"client_id": "x" * 500}, 400, "invalid_request"),
        ],
    )
    async def test_errors_as_the_rfc_tells_them(
        self,
        client: httpx.AsyncClient,
        program: tuple[str, str],
        change: dict[str, str],
        status: int,
        error: str,
    ) -> None:
        answer = await ask(client, program, **change)
        assert answer.status_code == status
        assert answer.json()["error"] == error
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["cache-control"] == "no-store"

    async def test_a_wrong_header_is_challenged(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        form = {"grant_type": "client_credentials"}
        for headers in (
            basic(program[0], "wrong"),
            {"Authorization": "Basic !!!"},
            {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
            {"Authorization": "Digest x"},
        ):
            answer = await client.post("/oauth/token", data=form, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"] == "invalid_client"
            assert answer.headers["www-authenticate"].startswith("Basic")

    async def test_two_ways_at_once_are_refused(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        form = {"grant_type": "client_credentials", "client_id": program[0], "client_secret": program[1]}
        answer = await client.post("/oauth/token", data=form, headers=basic(*program))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize(
        ("content", "refusal"),
        [
            (b"grant_type=client_credentials&grant_type=client_credentials", (400, "invalid_request")),
            (b"grant_type=%ff%fe&client_id=%ff", (401, "invalid_client")),
            (b"=&=&&&;", (400, "invalid_request")),
            (b"", (400, "invalid_request")),
            (b"\x00\xff" * 100, (400, "invalid_request")),
            (b"a=" + b"b" * 100_000, (400, "invalid_request")),
            (b"&".join(b"a%d=1" % number for number in range(5_000)), (400, "invalid_request")),
        ],
    )
    async def test_a_form_that_is_none(
        self, client: httpx.AsyncClient, content: bytes, refusal: tuple[int, str]
    ) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/oauth/token", content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == refusal

    async def test_json_is_not_taken(self, client: httpx.AsyncClient, program: tuple[str, str]) -> None:
        answer = await client.post("/oauth/token", json={"grant_type": "client_credentials"})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_parameters_it_does_not_know_are_ignored(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        assert (await ask(client, program, resource="x", audience="y")).status_code == 200


class TestRotation:
    async def rotate(self, sessions: SessionMaker, program: tuple[str, str], hours: int) -> tuple[str, str]:
        async with transaction(sessions) as session:
            row = await session.get_one(Client, UUID(program[0]))
            return program[0], await clients.rotate_secret(session, row, overlap=timedelta(hours=hours))

    async def works(self, client: httpx.AsyncClient, program: tuple[str, str]) -> bool:
        return (await ask(client, program)).status_code == 200

    async def test_both_secrets_are_good_during_the_overlap_and_never_three(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        second = await self.rotate(sessions, program, 24)
        assert await self.works(client, program)
        assert await self.works(client, second)
        third = await self.rotate(sessions, program, 24)
        assert not await self.works(client, program)
        assert await self.works(client, second)
        assert await self.works(client, third)

    async def test_without_overlap_the_former_secret_ends_at_once(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        second = await self.rotate(sessions, program, 0)
        assert not await self.works(client, program)
        assert await self.works(client, second)

    async def test_an_access_token_ends_with_the_secret_it_was_issued_for(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        stolen = await token_of(client, program)
        second = await self.rotate(sessions, program, 1)
        assert (await whoami(client, stolen)).status_code == 200
        own = await token_of(client, second)
        third = await self.rotate(sessions, second, 0)
        for ended in (stolen, own):
            assert (await whoami(client, ended)).status_code == 401
            asked = await client.post(
                "/oauth/introspect",
                data={"client_id": third[0], "client_secret": third[1], "token": ended},
            )
            assert asked.json() == {"active": False}
        assert (await whoami(client, await token_of(client, third))).status_code == 200

    async def test_an_access_token_is_not_issued_for_longer_than_its_secret_lasts(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        await self.rotate(sessions, program, 1)
        async with transaction(sessions) as session:
            await session.execute(
                sa.text(
                    "UPDATE client_secrets SET expires_at = now() + interval '90 seconds'"
                    " WHERE client_id = :id AND expires_at IS NOT NULL"
                ),
                {"id": program[0]},
            )
        assert 80 <= (await ask(client, program)).json()["expires_in"] <= 90


class TestEnds:
    async def test_a_deleted_program_has_neither_secret_nor_token(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        token = await token_of(client, program)
        async with transaction(sessions) as session:
            await clients.delete(session, await session.get_one(Client, UUID(program[0])))
        assert (await whoami(client, token)).status_code == 401
        assert (await ask(client, program)).status_code == 401

    async def test_a_program_of_a_suspended_organisation_may_do_what_its_people_may(
        self, client: httpx.AsyncClient, program: tuple[str, str], someone: Someone, sessions: SessionMaker
    ) -> None:
        token = await token_of(client, program)
        async with transaction(sessions) as session:
            await session.execute(
                sa.update(Organisation)
                .where(col(Organisation.id) == someone.organisation_id)
                .values(status=OrganisationStatus.SUSPENDED)
            )
        assert (await whoami(client, token)).json()["organisation"]["status"] == "suspended"
        fresh = {"Authorization": f"Bearer {await token_of(client, program)}"}
        assert (await client.get("/v1/licences", headers=fresh)).status_code == 200
        refused = await client.get("/v1/directory", headers=fresh)
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("organisation-suspended")
        # Others' services know nothing of organisations.
        shown = await client.post("/oauth/introspect", data={"token": token}, headers=basic(*program))
        assert shown.json() == {"active": False}


class TestIntrospectionAndRevocation:
    async def look(self, client: httpx.AsyncClient, program: tuple[str, str], token: str) -> dict[str, Any]:
        answer = await client.post("/oauth/introspect", data={"token": token}, headers=basic(*program))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def test_active_then_revoked(self, client: httpx.AsyncClient, program: tuple[str, str]) -> None:
        token = await token_of(client, program)
        body = await self.look(client, program, token)
        assert body["active"] is True
        assert body["client_id"] == program[0]
        assert body["exp"] > time.time()
        for _ in range(2):
            revoked = await client.post(
                "/oauth/revoke",
                data={"token": token, "token_type_hint": "access_token"},
                headers=basic(*program),
            )
            assert revoked.status_code == 200
        assert await self.look(client, program, token) == {"active": False}
        answer = await whoami(client, token)
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["www-authenticate"]
        assert answer.json()["reason"] == "revoked"

    async def test_one_does_not_see_or_end_the_tokens_of_others(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        other = await make_person(
            sessions, await make_organisation(sessions, OrganisationKind.OWNER), [Role.DATA_OWNER]
        )
        foreign = await make_client(sessions, other, [Role.DATA_OWNER])
        token = await token_of(client, program)
        assert await self.look(client, foreign, token) == {"active": False}
        refused = await client.post("/oauth/revoke", data={"token": token}, headers=basic(*foreign))
        assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
        assert (await whoami(client, token)).status_code == 200

    async def test_the_platform_looks_at_any(
        self, client: httpx.AsyncClient, program: tuple[str, str], sessions: SessionMaker
    ) -> None:
        platform = await make_person(
            sessions, await make_organisation(sessions, OrganisationKind.PLATFORM), [Role.FINANCE_OFFICER]
        )
        asking = await make_client(sessions, platform, [Role.FINANCE_OFFICER])
        assert (await self.look(client, asking, await token_of(client, program)))["active"] is True

    async def test_only_programs_ask(self, client: httpx.AsyncClient) -> None:
        for path in ("/oauth/introspect", "/oauth/revoke"):
            answer = await client.post(path, data={"token": "x"})
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    async def test_noise_is_inactive_and_revoking_it_is_no_error(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        for noise in ("x", "a.b.c", "é" * 100, "." * 8000):
            assert await self.look(client, program, noise) == {"active": False}
            answer = await client.post("/oauth/revoke", data={"token": noise}, headers=basic(*program))
            assert answer.status_code == 200


class TestAttacks:
    async def refused(self, client: httpx.AsyncClient, token: str) -> str:
        answer = await whoami(client, token)
        assert answer.status_code == 401, answer.text
        reason: str = answer.json()["reason"]
        return reason

    async def test_a_token_of_another_kind_for_another_audience_or_of_another_issuer(
        self, app: Litestar, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        good = jwt.decode(await token_of(client, program), options={"verify_signature": False})
        keys = app.state.identity.keys
        assert await self.refused(client, keys.sign(good, "licence+jwt")) == "wrong-type"
        assert (
            await self.refused(client, keys.sign({**good, "aud": ISSUER + "/data"}, "at+jwt"))
            == "wrong-audience"
        )
        assert await self.refused(client, keys.sign({**good, "iss": "https://x"}, "at+jwt")) == "wrong-issuer"
        past = {**good, "iat": good["iat"] - 2000, "exp": good["exp"] - 2000}
        assert await self.refused(client, keys.sign(past, "at+jwt")) == "expired"
        assert (await whoami(client, keys.sign(good, "at+jwt"))).status_code == 200

    async def test_claims_raised_by_the_bearer(
        self, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        header, payload, signature = (await token_of(client, program)).split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        claims["scope"] = "platform_admin"
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        assert await self.refused(client, f"{header}.{forged}.{signature}") == "bad-signature"

    async def test_a_key_of_ones_own(self, client: httpx.AsyncClient, program: tuple[str, str]) -> None:
        token = await token_of(client, program)
        claims = jwt.decode(token, options={"verify_signature": False})
        kid = jwt.get_unverified_header(token)["kid"]
        own = Ed25519PrivateKey.generate()
        forged = jwt.encode(claims, own, "EdDSA", headers={"typ": "at+jwt", "kid": kid})
        assert await self.refused(client, forged) == "bad-signature"

    async def test_a_scope_beyond_the_program_gives_nothing_even_when_signed(
        self, app: Litestar, client: httpx.AsyncClient, program: tuple[str, str]
    ) -> None:
        good = jwt.decode(await token_of(client, program), options={"verify_signature": False})
        token = app.state.identity.keys.sign({**good, "scope": "platform_admin buyer"}, "at+jwt")
        assert (await whoami(client, token)).json()["roles"] == ["buyer"]

    async def test_a_secret_is_no_bearer(self, client: httpx.AsyncClient, program: tuple[str, str]) -> None:
        assert await self.refused(client, program[1]) == "malformed"

    async def test_a_huge_token(self, client: httpx.AsyncClient) -> None:
        assert await self.refused(client, "A" * 2**20) == "too-long"


async def test_discovery_names_routes_that_answer(client: httpx.AsyncClient) -> None:
    body = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert body["issuer"] == ISSUER
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        answer = await client.post(body[name])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await client.get(body["jwks_uri"])).json()["keys"]
