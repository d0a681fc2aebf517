"""Uploads as a client sends them, and the worker that takes them on."""

from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from infra.db import SessionMaker
from listings.uploads import running
from tests.support.application import job_context
from tests.support.parties import Party

MEDIA_TYPE = "application/offset+octet-stream"


async def announce(party: Party, product_id: str, *, status: int = 201, **body: Any) -> dict[str, Any]:
    """Announce a file."""
    return await party.post(f"/v1/products/{product_id}/uploads", {"name": "air.csv"} | body, status=status)


async def send(
    party: Party, upload_id: str, content: Any, *, offset: int = 0, **headers: str
) -> httpx.Response:
    """Send bytes."""
    stated = {"Upload-Offset": str(offset), "Content-Type": MEDIA_TYPE} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await party.http.patch(f"/v1/uploads/{upload_id}", content=content, headers=stated)


async def offset_of(party: Party, upload_id: str) -> int:
    """How many bytes have come."""
    answer = await party.http.head(f"/v1/uploads/{upload_id}")
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


async def work(app: Litestar, sessions: SessionMaker, upload_id: str) -> None:
    """What the worker does for an upload."""
    await running.run(job_context(app, sessions), {"upload_id": upload_id})


async def uploaded(
    app: Litestar, party: Party, product_id: str, content: bytes, **body: Any
) -> dict[str, Any]:
    """An upload that a worker has ended."""
    made = await announce(party, product_id, size_bytes=len(content), **body)
    answer = await send(party, made["id"], content)
    assert answer.status_code == 204, answer.text
    await work(app, party.sessions, made["id"])
    return await party.get(f"/v1/uploads/{made['id']}")


async def queued_jobs(sessions: SessionMaker, upload_id: str) -> int:
    """How many jobs wait for an upload."""
    import sqlalchemy as sa

    async with sessions() as session:
        found = await session.execute(
            sa.text(
                "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'listings.upload' AND dedupe_key LIKE :key"
            ),
            {"key": f"%{UUID(upload_id)}"},
        )
        return int(found.scalar_one())
