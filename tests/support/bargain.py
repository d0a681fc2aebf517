"""A product on the market, and a buyer who orders it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker
from tests.support.parties import Party, parties
from tests.support.products import published


@dataclass(frozen=True, slots=True)
class Bargain:
    """Everybody around one product on the market."""

    owner: Party
    operator: Party
    buyer: Party
    regulator: Party
    product_id: str

    def order_body(self, **changes: Any) -> dict[str, Any]:
        return {
            "product_id": self.product_id,
            "purposes": ["industry"],
            "purpose_statement": "Advice on the siting of plants",
            "valid_until": (datetime.now(UTC) + timedelta(days=90)).isoformat(),
        } | changes

    async def order(self, **changes: Any) -> dict[str, Any]:
        """An agreement that waits for signatures."""
        return await self.buyer.post("/v1/agreements", self.order_body(**changes))

    async def sign(
        self, agreement: dict[str, Any], *, operator: int = 201, buyer: int = 201
    ) -> dict[str, Any]:
        """Both signatures; the answer to the buyer's."""
        path, body = f"/v1/agreements/{agreement['id']}/signatures", {"digest": agreement["digest"]}
        await self.operator.post(path, body, status=operator)
        return await self.buyer.post(path, body, status=buyer)

    async def licensed(self, **changes: Any) -> tuple[dict[str, Any], str]:
        """A concluded agreement, and a token of its licence."""
        agreement = await self.sign(await self.order(**changes))
        token = await self.buyer.post(f"/v1/licences/{agreement['licence_id']}/tokens")
        return agreement, str(token["access_token"])

    async def read(self, token: str, query: str = "limit=1", **headers: str) -> httpx.Response:
        """One data call."""
        return await self.buyer.http.get(
            f"/data/{self.product_id}/records?{query}",
            headers={"Authorization": f"Bearer {token}", **headers},
        )


@asynccontextmanager
async def a_bargain(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Bargain]:
    """A product on the market with parties of its own, whose clients are closed at the end."""
    async with parties(app, sessions) as make:
        owner, operator, buyer, regulator = [
            await make(kind)
            for kind in (
                OrganisationKind.OWNER,
                OrganisationKind.OPERATOR,
                OrganisationKind.BUYER,
                OrganisationKind.REGULATOR,
            )
        ]
        yield Bargain(owner, operator, buyer, regulator, await published(owner, operator, regulator))
