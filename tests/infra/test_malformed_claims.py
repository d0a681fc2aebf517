"""Claims of any shape under a good signature: refused as a token, never an error of the service."""

import json
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from contracts.licences.tokens import TOKEN_TYPE, audience
from infra.auth import OrganisationKind, Role
from infra.db import SessionMaker
from infra.identity.oauth import ACCESS_TOKEN_TYPE
from infra.keys import ALGORITHM, KeyRing
from tests.support.people import make_client, make_organisation, make_person

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, -1, 2**31, 2**63, 10**20, 10**300, 253_402_300_800]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=20),
    st.sampled_from(["", "x" * 300, str(uuid4()), "\x00", "buyer", "buyer\x00", "9" * 400]),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.lists(st.lists(SCALARS, max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=5), SCALARS, max_size=2),
)
NAMES = (
    "iss",
    "aud",
    "sub",
    "iat",
    "nbf",
    "exp",
    "jti",
    "scope",
    "client_id",
    "organisation_id",
    "licence_id",
    "agreement_id",
    "product_id",
    "columns",
    "purposes",
)
MISSING = "missing"
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES | st.just(MISSING), min_size=1, max_size=3)


def sign(keys: KeyRing, claims: dict[str, Any], typ: str) -> str:
    """A token signed with the service's own key, whatever it says."""
    kid = keys._standing.signing
    payload = json.dumps(claims).encode()  # unlike PyJWT's own, this writes NaN and Infinity
    headers = {"typ": typ, "kid": kid}
    return jwt.api_jws.encode(payload, keys._keys.private[kid], ALGORITHM, headers=headers)


def changed(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The claims with some replaced and some left out."""
    return {name: value for name, value in (claims | changes).items() if value != MISSING}


def access_claims(issuer: str) -> dict[str, Any]:
    """What an access token says, of a program that does not exist."""
    return {
        "iss": issuer,
        "aud": f"{issuer}/v1",
        "sub": str(uuid4()),
        "client_id": str(uuid4()),
        "organisation_id": str(uuid4()),
        "iat": 1_700_000_000,
        "exp": 4_000_000_000,
        "jti": str(uuid4()),
        "scope": "buyer",
    }


def licence_claims(issuer: str, product_id: str) -> dict[str, Any]:
    """What a licence token says, of a licence that does not exist."""
    return {
        "iss": issuer,
        "aud": audience(issuer),
        "sub": str(uuid4()),
        "client_id": str(uuid4()),
        "jti": str(uuid4()),
        "iat": 1_700_000_000,
        "nbf": 1_700_000_000,
        "exp": 4_000_000_000,
        "licence_id": str(uuid4()),
        "agreement_id": str(uuid4()),
        "product_id": product_id,
        "columns": ["a"],
        "purposes": ["research"],
    }


QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@example(changes={"client_id": ["x"]})
@example(changes={"client_id": "x"})
@example(changes={"jti": None})
@example(changes={"jti": "x"})
@example(changes={"scope": ["buyer"]})
@example(changes={"scope": "no_such_role"})
@example(changes={"scope": None})
@example(changes={"exp": float("inf")})
@example(changes={"exp": float("nan")})
@example(changes={"exp": [4_000_000_000]})
@example(changes={"exp": 10**300})
@example(changes={"nbf": float("-inf")})
@example(changes={"aud": [["x"]]})
@example(changes={"iss": ["x"]})
@example(changes={"sub": 5})
@given(changes=CHANGES)
async def test_access_tokens(app: Litestar, client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    identity = app.state.identity
    claims = changed(access_claims(identity.issuer), changes)
    token = sign(identity.keys, claims, ACCESS_TOKEN_TYPE)
    answer = await client.get("/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, (claims, answer.text)


@QUICK
@example(changes={"licence_id": None})
@example(changes={"licence_id": ["x"]})
@example(changes={"licence_id": 5})
@example(changes={"columns": 5})
@example(changes={"columns": [["a"]]})
@example(changes={"columns": {"a": 1}})
@example(changes={"columns": [None]})
@example(changes={"purposes": [{}]})
@example(changes={"purposes": "research"})
@example(changes={"client_id": 7})
@example(changes={"client_id": ["x"]})
@example(changes={"exp": float("inf")})
@example(changes={"exp": 10**300})
@example(changes={"exp": float("nan")})
@example(changes={"jti": {"a": 1}})
@given(changes=CHANGES)
async def test_licence_tokens(app: Litestar, client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    identity, product_id = app.state.identity, str(uuid4())
    claims = changed(licence_claims(identity.issuer, product_id), changes)
    token = sign(identity.keys, claims, TOKEN_TYPE)
    answer = await client.get(f"/data/{product_id}/records", headers={"Authorization": f"Bearer {token}"})
    # One that is whole after all is for a product that is not there, or for another than it was used at.
    assert answer.status_code in {401, 403, 404}, (claims, answer.text)
    if claims.keys() & {"exp", "iat"} != {"exp", "iat"}:
        assert answer.status_code == 401


@pytest.fixture
async def program(sessions: SessionMaker) -> tuple[str, str]:
    organisation_id = await make_organisation(sessions, OrganisationKind.BUYER)
    someone = await make_person(sessions, organisation_id, [Role.BUYER, Role.ORGANISATION_ADMIN])
    return await make_client(sessions, someone, [Role.BUYER])


@pytest.mark.parametrize("path", ["introspect", "revoke"])
@pytest.mark.parametrize("changes", [{"exp": 10**300}, {"jti": "x"}, {"client_id": [1]}, {"exp": [1]}])
async def test_introspection_and_revocation(
    app: Litestar,
    client: httpx.AsyncClient,
    program: tuple[str, str],
    path: str,
    changes: dict[str, Any],
) -> None:
    identity = app.state.identity
    claims = changed(access_claims(identity.issuer) | {"client_id": program[0]}, changes)
    token = sign(identity.keys, claims, ACCESS_TOKEN_TYPE)
    answer = await client.post(f"/oauth/{path}", data={"token": token}, auth=program)
    # RFC 7662 and RFC 7009: such a token is not active, and there is nothing to revoke.
    assert answer.status_code == 200, answer.text
    if path == "introspect":
        assert answer.json() == {"active": False}
