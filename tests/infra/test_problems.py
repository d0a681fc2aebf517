"""What strange requests are told: a problem document of theirs, never a fault of ours."""

import httpx
import pytest


@pytest.mark.parametrize(
    "body", [b"[" * 100_000 + b"]" * 100_000, b'{"email":' * 100_000], ids=["closed", "open"]
)
async def test_a_body_nested_too_deeply_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("malformed-request")
