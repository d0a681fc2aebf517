"""Programs of organisations with real tokens, who call the real application."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from infra.auth import SYSTEM, OrganisationKind, Role
from infra.db import SessionMaker, new_id, transaction
from infra.identity import clients
from infra.identity import service as identity
from infra.identity.states import OrganisationAction

ROLES = {
    OrganisationKind.AUTHORISING_BODY: Role.AUTHORISING_OFFICER,
    OrganisationKind.BUYER: Role.BUYER,
    OrganisationKind.OPERATOR: Role.DATA_OPERATOR,
    OrganisationKind.OWNER: Role.DATA_OWNER,
    OrganisationKind.PLATFORM: Role.PLATFORM_ADMIN,
    OrganisationKind.PRICE_AUTHORITY: Role.PRICE_OFFICER,
    OrganisationKind.REGULATOR: Role.REGULATOR_OFFICER,
}


@dataclass(frozen=True, slots=True)
class Party:
    """A program of an organisation of its own, with its token.

    :ivar authorising_body: who grants what an operator is authorised for; one for all operators of a test.
    """

    organisation_id: UUID
    http: httpx.AsyncClient
    sessions: SessionMaker
    authorising_body: "Party | None" = None

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        status: int,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Send JSON with a fresh idempotency key, and take the answer of exactly this status."""
        headers = {"Idempotency-Key": key or str(new_id())}
        answer = await self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def get(self, path: str, *, status: int = 200) -> dict[str, Any]:
        """Read, and take the answer of exactly this status."""
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, status: int = 201
    ) -> dict[str, Any]:
        """Send, and take the answer of exactly this status."""
        return await self.call("POST", path, body, status=status)

    async def put(self, path: str, body: dict[str, Any], *, status: int = 200) -> dict[str, Any]:
        """Replace, and take the answer of exactly this status."""
        return await self.call("PUT", path, body, status=status)


PartyMaker = Callable[..., Awaitable[Party]]


@asynccontextmanager
async def parties(app: Litestar, sessions: SessionMaker) -> AsyncIterator[PartyMaker]:
    """A maker of parties whose clients are closed at the end."""
    opened: list[httpx.AsyncClient] = []
    bodies: list[Party] = []

    async def make(kind: OrganisationKind, *, verified: bool = True) -> Party:
        if kind is OrganisationKind.OPERATOR and not bodies:
            bodies.append(await make(OrganisationKind.AUTHORISING_BODY))
        async with transaction(sessions) as session:
            organisation = await identity.register(
                session, SYSTEM, kind=kind, name_zh=f"测试{kind}", name_en=f"Test {kind}", credit_code=None
            )
            if verified:
                await identity.change_status(session, SYSTEM, organisation, OrganisationAction.VERIFY, None)
            client, secret = await clients.create(
                session, SYSTEM, organisation.id, name="test", roles=[ROLES[kind]]
            )
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        http = httpx.AsyncClient(transport=transport, base_url="http://market.test")
        opened.append(http)
        basic = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {basic}"},
        )
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        body = bodies[0] if kind is OrganisationKind.OPERATOR else None
        return Party(organisation.id, http, sessions, body)

    yield make
    for http in opened:
        await http.aclose()
