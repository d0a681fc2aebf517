"""A product with a real Parquet file behind a route of its own, and how to call it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import duckdb
import httpx
from litestar import Litestar

from contracts.licences import tokens
from infra.db import new_id
from infra.keys import KeyRing
from infra.objects import LocalStore
from listings.ingest.result import Column, Kind
from listings.revisions.domain import ReadableRevision, RevisionFacts

ISSUER = "http://market.test"
COLUMNS = (
    Column("id", "id", Kind.INTEGER, "BIGINT", nullable=False),
    Column("station", "station", Kind.TEXT, "VARCHAR", nullable=False),
    Column("phone", "phone", Kind.TEXT, "VARCHAR", nullable=False),
)


@dataclass
class Shop:
    """A product with a revision that can be replaced, and how to call it."""

    app: Litestar
    store: LocalStore
    keys: KeyRing
    product_id: UUID = field(default_factory=new_id)
    revision: RevisionFacts | None = None
    revisions: dict[UUID, ReadableRevision] = field(default_factory=dict)

    def publish(self, rows: int = 120) -> None:
        """Put a new revision in place of the present one."""
        revision_id = new_id()
        key = f"revisions/{revision_id}.parquet"
        made = self.store.root / "spool.parquet"
        duckdb.sql(
            f"COPY (SELECT i AS id, 's' || i % 3 AS station, '138' AS phone FROM range({rows}) AS r (i)) TO '{made}'"
        )
        self.store.put(made, key)
        if self.revision is not None:
            self.replace(self.revision, replaced_at=datetime.now(UTC))
        self.revision = RevisionFacts(revision_id, self.product_id, 1, key, "", COLUMNS, rows)
        self.replace(self.revision)

    def replace(
        self, revision: RevisionFacts, *, recalled: str | None = None, replaced_at: datetime | None = None
    ) -> None:
        """Set how a revision stands."""
        self.revisions[revision.id] = ReadableRevision(revision, recalled, replaced_at)

    def token(
        self,
        licence_id: UUID,
        *,
        columns: tuple[str, ...] = ("id", "station"),
        purposes: tuple[str, ...] = ("research",),
        scenarios: tuple[str, ...] = ("all",),
        regions: tuple[str, ...] = ("100000",),
        product_id: UUID | None = None,
        expires_in: int = 600,
    ) -> str:
        """A signed licence token."""
        moment = datetime.now(UTC)
        claims = tokens.claims_of(
            issuer=ISSUER,
            token_id=new_id(),
            client_id=str(UUID(int=5)),
            licence_id=licence_id,
            agreement_id=new_id(),
            agreement_digest="0" * 64,
            product_id=product_id or self.product_id,
            buyer_id=new_id(),
            columns=list(columns),
            purposes=list(purposes),
            scenarios=list(scenarios),
            regions=list(regions),
            quotas={},
            valid_from=moment - timedelta(hours=1),
            issued_at=moment,
            expires_at=moment + timedelta(seconds=expires_in),
        )
        return self.keys.sign(claims, tokens.TOKEN_TYPE)

    async def call(self, token: str | None, query: str = "", **headers: str) -> httpx.Response:
        """One data call."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            return await client.get(f"/data/{self.product_id}/records?{query}", headers=sent)
