"""What an organisation is told of itself."""

from collections.abc import Callable
from typing import Any

import httpx
import sqlalchemy as sa

from infra.auth import OrganisationKind
from infra.db import SessionMaker

REASON = {"reason": "as decided"}


async def test_a_party_is_told_of_its_verification_and_suspension(
    platform: httpx.AsyncClient, second: httpx.AsyncClient, party: Callable[..., Any], sessions: SessionMaker
) -> None:
    fresh = await party(OrganisationKind.BUYER, verified=False)
    path = f"/v1/organisations/{fresh.organisation_id}"
    evidence = {"kind": "business_licence", "number": "9144030071526726XG", "document_sha256": "ab" * 32}
    assert (await second.post(f"{path}/evidence", json=evidence)).status_code == 201
    for step, body in (
        ("verification", {"decision": "verify", "reason": "proven"}),
        ("suspension", REASON),
    ):
        answer = await platform.post(f"{path}/{step}", json=body)
        assert answer.status_code < 300, answer.text
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT kind, organisations FROM events WHERE subject_id = :id ORDER BY sequence"),
            {"id": fresh.organisation_id},
        )
        found = [(row.kind, row.organisations) for row in rows]
    assert found == [
        ("organisation.verified", [fresh.organisation_id]),
        ("organisation.suspended", [fresh.organisation_id]),
    ]
